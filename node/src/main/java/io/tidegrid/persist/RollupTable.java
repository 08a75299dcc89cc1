package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;
import io.tidegrid.tier.Tier;
import java.util.Arrays;
import java.util.List;

/** The tables of rollups. */
enum RollupTable {
  MINUTES(Tier.ONE_MINUTE, "rollup_1m", BlockSpan.LENGTH_MS, 1, 0x54675201),
  FIVE_MINUTES(Tier.FIVE_MINUTES, "rollup_5m", BlockSpan.LENGTH_MS, 1, 0x54675202),
  HOURS(Tier.ONE_HOUR, "rollup_1h", BlockSpan.LENGTH_MS, 32, 0x54675203),
  DAYS(Tier.ONE_DAY, "rollup_1d", HourPartitions.DAY_MS, 512, 0x54675204);

  private static final List<RollupTable> OF_BLOCK = List.of(MINUTES, FIVE_MINUTES, HOURS);
  private static final List<RollupTable> OF_DAY = List.of(DAYS);

  private final Tier tier;
  private final String table;
  private final long spanMs;
  private final int partitionDays;
  private final int lock;

  RollupTable(Tier tier, String table, long spanMs, int partitionDays, int lock) {
    this.tier = tier;
    this.table = table;
    this.spanMs = spanMs;
    this.partitionDays = partitionDays;
    this.lock = lock;
  }

  static RollupTable of(Tier tier) {
    return Arrays.stream(values()).filter(table -> table.tier == tier).findFirst().orElseThrow();
  }

  /** Returns the tables that hold what follows from the windows of a tier, the finest first. */
  static List<RollupTable> from(Tier finest) {
    return finest == Tier.ONE_DAY ? OF_DAY : OF_BLOCK;
  }

  Tier tier() {
    return tier;
  }

  String table() {
    return table;
  }

  /** Returns how long the span is of which a row holds the windows of a series. */
  long spanMs() {
    return spanMs;
  }

  long spanOf(long timeMs) {
    return Math.floorDiv(timeMs, spanMs) * spanMs;
  }

  /**
   * First half of the advisory lock of a partition: shared to write to it, exclusive to drop it.
   */
  int lock() {
    return lock;
  }

  HourPartitions partitions() {
    return HourPartitions.ofDays(table, partitionDays);
  }
}
