package io.tidegrid.model;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Guesses which known name was meant by an unknown one. Without state. */
public final class NearestName {

  private static final int MIN_TOLERANCE = 2;
  private static final int TOLERATED_PART = 3;
  private static final int MAX_LENGTH = 64;

  private NearestName() {}

  /**
   * Returns the known name that looks most like the given one, without regard to case and
   * separators; empty when none is near. Linear in the known names.
   *
   * @see <a href="https://en.wikipedia.org/wiki/Levenshtein_distance">Levenshtein distance</a>
   */
  public static Optional<String> of(String word, Collection<String> known) {
    if (word.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    String plain = plain(word);
    int tolerance = Math.max(MIN_TOLERANCE, plain.length() / TOLERATED_PART);
    return known.stream()
        .filter(name -> distance(plain, plain(name)) <= tolerance)
        .min(Comparator.comparingInt(name -> distance(plain, plain(name))))
        .or(() -> known.stream().filter(name -> isPartOf(plain, plain(name))).findFirst());
  }

  /** Without case and separators, which differ most often. */
  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^\\p{Alnum}]", "");
  }

  private static boolean isPartOf(String word, String name) {
    return !word.isEmpty() && (name.startsWith(word) || word.startsWith(name));
  }

  /** The Levenshtein distance, by the usual two rows. */
  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    Arrays.setAll(previous, i -> i);
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replace, 1 + Math.min(previous[j], row[j - 1]));
      }
      previous = row;
    }
    return previous[b.length()];
  }
}
