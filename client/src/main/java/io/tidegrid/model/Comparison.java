package io.tidegrid.model;

import java.util.Optional;

/** How a value is compared with a threshold. Rules take NaN for no value: it meets none of them. */
public enum Comparison {
  GREATER(">"),
  GREATER_OR_EQUAL(">="),
  LESS("<"),
  LESS_OR_EQUAL("<="),
  EQUAL("=="),
  NOT_EQUAL("!=");

  private final String operator;

  Comparison(String operator) {
    this.operator = operator;
  }

  /** Returns the operator, as people write it. */
  public String operator() {
    return operator;
  }

  /** Tells whether a value meets the comparison. */
  public boolean test(double value, double threshold) {
    return switch (this) {
      case GREATER -> value > threshold;
      case GREATER_OR_EQUAL -> value >= threshold;
      case LESS -> value < threshold;
      case LESS_OR_EQUAL -> value <= threshold;
      case EQUAL -> value == threshold;
      case NOT_EQUAL -> value != threshold;
    };
  }

  /** Returns the comparison that an operator stands for; {@code =} is taken for {@code ==}. */
  public static Optional<Comparison> of(String operator) {
    for (Comparison comparison : values()) {
      if (comparison.operator.equals(operator)) {
        return Optional.of(comparison);
      }
    }
    return operator.equals("=") ? Optional.of(EQUAL) : Optional.empty();
  }
}
