package io.tidegrid.persist;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What retention would drop now.
 *
 * @param keep how long samples are kept by the tenant that keeps them longest; zero for ever
 * @param before partitions of samples go whose end and last write are both before this; the
 *     beginning of 1970 when they are kept for ever
 * @param next when this member looks next; empty while another member sees to it, or before the
 *     first time
 * @param partitions what would go, of samples and of rollups, the oldest of each kind first
 * @param kinds how long what is kept, tenants with a time of their own included; samples first
 */
public record RetentionPlan(
    Duration keep,
    Instant before,
    Optional<Instant> next,
    List<ExpiredPartition> partitions,
    List<Kind> kinds) {

  /**
   * One kind of data, of all tenants or of one.
   *
   * @param name {@code raw} or the name of a tier
   * @param tenant empty for what partitions hold of all tenants, which goes when the tenant that
   *     keeps it longest lets it go
   * @param keep zero for ever
   * @param before what is older than this goes; the beginning of 1970 when it is kept for ever
   */
  public record Kind(String name, Optional<String> tenant, Duration keep, Instant before) {}
}
