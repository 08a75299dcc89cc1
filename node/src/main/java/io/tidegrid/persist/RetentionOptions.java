package io.tidegrid.persist;

import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * How long samples and rollups are kept.
 *
 * @param keep of tenants that are not named
 * @param tenants of those that are, whole: what a tenant does not override is to be filled in.
 *     Default: none
 */
public record RetentionOptions(Keep keep, Map<String, Keep> tenants) {

  /**
   * How long each kind is kept; zero for ever.
   *
   * @param raw samples, default 30 days
   * @param oneMinute windows of a minute, default 90 days
   * @param fiveMinutes windows of five minutes, default 90 days
   * @param oneHour windows of an hour, default zero
   * @param oneDay windows of a day, default zero
   */
  public record Keep(
      Duration raw, Duration oneMinute, Duration fiveMinutes, Duration oneHour, Duration oneDay) {

    /** The defaults. */
    public static final Keep DEFAULT =
        new Keep(
            Duration.ofDays(30),
            Duration.ofDays(90),
            Duration.ofDays(90),
            Duration.ZERO,
            Duration.ZERO);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException when a duration is negative
     */
    public Keep {
      if (Stream.of(raw, oneMinute, fiveMinutes, oneHour, oneDay).anyMatch(Duration::isNegative)) {
        throw new IllegalArgumentException("nothing can be kept for less than no time");
      }
    }

    /** Returns how long a tier is kept; zero for ever. */
    public Duration of(Tier tier) {
      return switch (tier) {
        case ONE_MINUTE -> oneMinute;
        case FIVE_MINUTES -> fiveMinutes;
        case ONE_HOUR -> oneHour;
        case ONE_DAY -> oneDay;
      };
    }

    /** Returns a copy that keeps samples for another time. */
    public Keep withRaw(Duration other) {
      return new Keep(other, oneMinute, fiveMinutes, oneHour, oneDay);
    }

    /** Returns a copy that keeps a tier for another time. */
    public Keep with(Tier tier, Duration other) {
      return new Keep(
          raw,
          tier == Tier.ONE_MINUTE ? other : oneMinute,
          tier == Tier.FIVE_MINUTES ? other : fiveMinutes,
          tier == Tier.ONE_HOUR ? other : oneHour,
          tier == Tier.ONE_DAY ? other : oneDay);
    }
  }

  /** The defaults, for all tenants. */
  public static final RetentionOptions DEFAULT = new RetentionOptions(Keep.DEFAULT, Map.of());

  /** Copies the map. */
  public RetentionOptions {
    tenants = Map.copyOf(tenants);
  }

  /** Returns the defaults but for samples. */
  public static RetentionOptions ofRaw(Duration raw) {
    return new RetentionOptions(Keep.DEFAULT.withRaw(raw), Map.of());
  }

  /** Returns what holds for a tenant. */
  public Keep of(String tenant) {
    return tenants.getOrDefault(tenant, keep);
  }

  /** Returns of each kind the longest that any tenant keeps it: partitions hold all tenants. */
  public Keep longest() {
    return new Keep(
        longest(Keep::raw),
        longest(Keep::oneMinute),
        longest(Keep::fiveMinutes),
        longest(Keep::oneHour),
        longest(Keep::oneDay));
  }

  private Duration longest(Function<Keep, Duration> kind) {
    return Stream.concat(Stream.of(keep), tenants.values().stream())
        .map(kind)
        .reduce((one, other) ->
            one.isZero() || other.isZero() ? Duration.ZERO : one.compareTo(other) > 0 ? one : other)
        .orElseThrow();
  }
}
