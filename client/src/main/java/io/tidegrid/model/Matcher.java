package io.tidegrid.model;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.io.Serial;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * A condition on one label, with Prometheus' meaning: a label that a series lacks has the empty
 * value, and regular expressions are anchored at both ends. Regular expressions run in linear time
 * (RE2 syntax). Immutable.
 */
public final class Matcher implements Serializable {

  @Serial private static final long serialVersionUID = 1L;

  /** The kinds of conditions. */
  public enum Type {
    EQUAL("="),
    NOT_EQUAL("!="),
    REGEX("=~"),
    NOT_REGEX("!~");

    private final String operator;

    Type(String operator) {
      this.operator = operator;
    }

    /** Returns the operator in Prometheus' notation. */
    public String operator() {
      return operator;
    }
  }

  private static final int MAX_PATTERN_LENGTH = 10_000;

  /** How many instructions a regular expression may come to, and how deep its groups may nest. */
  private static final int MAX_SIZE = 10_000;

  private static final int MAX_DEPTH = 100;

  private final Type type;
  private final String name;
  private final String value;
  private transient Pattern pattern;

  private Matcher(Type type, String name, String value) {
    this.type = type;
    this.name = name;
    this.value = value;
    if (type == Type.REGEX || type == Type.NOT_REGEX) {
      this.pattern = compile(name, value);
    }
  }

  private static Pattern compile(String name, String value) {
    if (value.length() > MAX_PATTERN_LENGTH) {
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "the regular expression for "
              + name
              + " is longer than "
              + MAX_PATTERN_LENGTH
              + " characters");
    }
    if (RegexSize.of(value, MAX_DEPTH) > MAX_SIZE) {
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "the regular expression for "
              + name
              + " is too large: repeat less, or nest groups less than "
              + MAX_DEPTH
              + " deep");
    }
    try {
      return Pattern.compile(value, Pattern.DOTALL);
    } catch (PatternSyntaxException e) {
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "the regular expression for "
              + name
              + " is not valid RE2: "
              + e.getDescription()
              + " at "
              + e.getPattern());
    }
  }

  /**
   * Returns a matcher.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE} for a regular expression that is
   *     not valid, longer than 10,000 characters, or larger than 10,000 instructions with its
   *     counted repetitions written out
   */
  public static Matcher of(Type type, String name, String value) {
    return new Matcher(type, name, value);
  }

  /** Returns a matcher for one value of a label. */
  public static Matcher equal(String name, String value) {
    return new Matcher(Type.EQUAL, name, value);
  }

  /** Returns the kind of condition. */
  public Type type() {
    return type;
  }

  /** Returns the name of the label. */
  public String name() {
    return name;
  }

  /** Returns the value or the regular expression. */
  public String value() {
    return value;
  }

  /**
   * Tells whether a value (empty for a missing label) meets the condition.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE} when the regular expression
   *     needs more stack than the thread has
   */
  public boolean matches(String labelValue) {
    return switch (type) {
      case EQUAL -> value.equals(labelValue);
      case NOT_EQUAL -> !value.equals(labelValue);
      case REGEX -> matchesPattern(labelValue);
      case NOT_REGEX -> !matchesPattern(labelValue);
    };
  }

  private boolean matchesPattern(String labelValue) {
    try {
      return pattern.matches(labelValue);
    } catch (StackOverflowError e) {
      // The engine follows branches recursively; how deep it may go only the thread knows.
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "the regular expression for " + name + " has too many branches: split it",
          List.of(),
          Duration.ZERO,
          e);
    }
  }

  /** Tells whether a series without the label meets the condition. */
  public boolean matchesMissing() {
    return matches("");
  }

  @Serial
  private Object readResolve() {
    return new Matcher(type, name, value);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Matcher matcher
        && type == matcher.type
        && name.equals(matcher.name)
        && value.equals(matcher.value);
  }

  @Override
  public int hashCode() {
    return Objects.hash(type, name, value);
  }

  @Override
  public String toString() {
    return name + type.operator + '"' + value + '"';
  }
}
