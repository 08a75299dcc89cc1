package io.tidegrid.query;

import io.tidegrid.tier.Tier;
import java.util.Optional;

/** The resolution that an answer is computed from; finest first. */
public enum Source {
  RAW("raw", Optional.empty()),
  ONE_MINUTE(Tier.ONE_MINUTE),
  FIVE_MINUTES(Tier.FIVE_MINUTES),
  ONE_HOUR(Tier.ONE_HOUR),
  ONE_DAY(Tier.ONE_DAY);

  private final String text;
  private final Optional<Tier> tier;

  Source(Tier tier) {
    this(tier.text(), Optional.of(tier));
  }

  Source(String text, Optional<Tier> tier) {
    this.text = text;
    this.tier = tier;
  }

  /** Returns the source of a tier. */
  public static Source of(Tier tier) {
    return switch (tier) {
      case ONE_MINUTE -> ONE_MINUTE;
      case FIVE_MINUTES -> FIVE_MINUTES;
      case ONE_HOUR -> ONE_HOUR;
      case ONE_DAY -> ONE_DAY;
    };
  }

  /** Returns the name in answers: {@code raw}, {@code 1m}, {@code 5m}, {@code 1h}, {@code 1d}. */
  public String text() {
    return text;
  }

  /** Returns the tier; empty for raw samples. */
  public Optional<Tier> tier() {
    return tier;
  }
}
