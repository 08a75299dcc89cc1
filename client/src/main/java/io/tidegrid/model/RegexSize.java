package io.tidegrid.model;

/**
 * Tells how large a regular expression becomes before it is compiled. RE2 matches in linear time,
 * but it writes counted repetitions out, so that {@code ((a{1000}){1000}){1000}} would fill any
 * memory, and it descends into groups recursively. Reads the syntax no more than that needs; what
 * is not valid is left for the compiler to refuse.
 */
final class RegexSize {

  /** A branch weighs more, because following empty branches descends once for each. */
  private static final long BRANCH = 8;

  private final String regex;
  private final int maxDepth;
  private int at;
  private boolean tooDeep;

  private RegexSize(String regex, int maxDepth) {
    this.regex = regex;
    this.maxDepth = maxDepth;
  }

  /**
   * Returns about how many instructions a regular expression compiles to, branches weighing more;
   * {@link Long#MAX_VALUE} when groups nest deeper than given.
   */
  static long of(String regex, int maxDepth) {
    RegexSize scan = new RegexSize(regex, maxDepth);
    long size = 0;
    // An unmatched parenthesis ends a group that never began: go on behind it.
    while (scan.at < regex.length() && !scan.tooDeep) {
      size = saturatedSum(size, scan.group(0));
    }
    return scan.tooDeep ? Long.MAX_VALUE : size;
  }

  /** Reads up to the end or behind the closing parenthesis. */
  private long group(int depth) {
    if (depth > maxDepth) {
      tooDeep = true;
      return 0;
    }
    long total = 0;
    long atom = 0;
    while (at < regex.length() && !tooDeep) {
      char c = regex.charAt(at++);
      if (c == ')') {
        break;
      }
      if (c == '{') {
        atom = repeated(atom);
      } else {
        total = saturatedSum(total, atom);
        atom = atom(c, depth);
      }
    }
    return saturatedSum(total, atom);
  }

  private long atom(char c, int depth) {
    switch (c) {
      case '(' -> {
        // The question mark of (?: and its like makes nothing optional.
        if (at < regex.length() && regex.charAt(at) == '?') {
          at++;
        }
        return saturatedSum(2, group(depth + 1));
      }
      case '?', '*', '+' -> {
        return BRANCH;
      }
      case '\\' -> escape();
      case '[' -> characterClass();
      default -> {}
    }
    return 1;
  }

  /** Reads {@code n}, {@code n,} or {@code n,m} and the brace; what is not that counts once. */
  private long repeated(long atom) {
    int close = regex.indexOf('}', at);
    if (close < 0) {
      return atom;
    }
    boolean optional = false;
    long greatest = 1;
    long number = 0;
    for (int i = at; i <= close; i++) {
      char c = regex.charAt(i);
      if (c >= '0' && c <= '9') {
        number = Math.min(number * 10 + (c - '0'), Integer.MAX_VALUE);
      } else if (c == ',' || c == '}') {
        optional |= c == ',';
        greatest = Math.max(greatest, number);
        number = 0;
      } else {
        return atom;
      }
    }
    at = close + 1;
    long copy = optional ? saturatedSum(atom, BRANCH) : atom;
    return saturatedProduct(copy, greatest + 1);
  }

  private void escape() {
    if (at == regex.length()) {
      return;
    }
    char c = regex.charAt(at++);
    if (c == 'Q') {
      int end = regex.indexOf("\\E", at);
      at = end < 0 ? regex.length() : end + 2;
    } else if ((c == 'p' || c == 'P' || c == 'x')
        && at < regex.length()
        && regex.charAt(at) == '{') {
      int end = regex.indexOf('}', at);
      at = end < 0 ? regex.length() : end + 1;
    }
  }

  private void characterClass() {
    if (at < regex.length() && regex.charAt(at) == '^') {
      at++;
    }
    // A bracket that comes first stands for itself.
    if (at < regex.length() && regex.charAt(at) == ']') {
      at++;
    }
    while (at < regex.length()) {
      char c = regex.charAt(at++);
      if (c == ']') {
        return;
      }
      if (c == '\\' && at < regex.length()) {
        at++;
      } else if (c == '[' && at < regex.length() && regex.charAt(at) == ':') {
        int end = regex.indexOf(":]", at);
        at = end < 0 ? at : end + 2;
      }
    }
  }

  private static long saturatedSum(long a, long b) {
    long sum = a + b;
    return sum < 0 ? Long.MAX_VALUE : sum;
  }

  private static long saturatedProduct(long a, long b) {
    return a != 0 && b > Long.MAX_VALUE / a ? Long.MAX_VALUE : a * b;
  }
}
