package io.tidegrid.node;

import java.time.Duration;

/** The settings of events; a part of {@link ConfigKeys}, which registers them in its order. */
final class EventConfigKeys {

  private static final long MIB = 1L << 20;
  private static final long TIB = 1L << 40;

  static final ConfigKey<Duration> DEDUP_WINDOW =
      ConfigKeys.key(
          "events.dedup-window",
          ConfigType.duration(Duration.ofMinutes(1), Duration.ofDays(365)),
          "24h",
          "How long memory remembers the ids of events, at 11 to 16 bytes each. Beyond it the"
              + " database knows them; with `storage: memory` nobody does.");
  static final ConfigKey<Long> DEDUP_MEMORY =
      ConfigKeys.key(
          "events.dedup-memory",
          ConfigType.size(0, TIB),
          "0",
          "Most heap that ids of events may take on a member, its copies of other members' ids"
              + " included. Beyond it the oldest are forgotten before `events.dedup-window`. 0: 5 %"
              + " of the maximum heap.");
  static final ConfigKey<Long> MAX_PENDING =
      ConfigKeys.key(
          "events.max-pending",
          ConfigType.size(MIB, TIB),
          "256MiB",
          "Most bytes of events a member holds that the database has not committed; at the bound,"
              + " events are answered with 503 and Retry-After.");
  static final ConfigKey<Long> MEMORY_MAX =
      ConfigKeys.key(
          "events.memory-max",
          ConfigType.size(MIB, TIB),
          "128MiB",
          "With `storage: memory`: most bytes of events a member keeps, for at most"
              + " `memory.retention`; the oldest go first.");
  static final ConfigKey<Integer> MAX_ID =
      ConfigKeys.key(
          "events.max-id",
          ConfigType.integer(1, 1_024),
          "256",
          "Longest id of an event or a device, in bytes of UTF-8.");
  static final ConfigKey<Integer> MAX_METRICS =
      ConfigKeys.key(
          "events.max-metrics",
          ConfigType.integer(1, 100_000),
          "1000",
          "Most metrics of an event.");
  static final ConfigKey<Integer> MAX_TAGS =
      ConfigKeys.key(
          "events.max-tags", ConfigType.integer(0, 1_024), "64", "Most tags of an event.");
  static final ConfigKey<Integer> MAX_TAG =
      ConfigKeys.key(
          "events.max-tag", ConfigType.integer(1, 4_096), "256", "Longest tag, in bytes of UTF-8.");
  static final ConfigKey<Integer> MAX_BATCH =
      ConfigKeys.key(
          "events.max-batch",
          ConfigType.integer(1, 1_000_000),
          "10000",
          "Most events of one request.");
  static final ConfigKey<Integer> MAX_LIMIT =
      ConfigKeys.key(
          "events.max-limit",
          ConfigType.integer(1, 1_000_000),
          "10000",
          "Most events that an answer may hold, whatever its `limit` asks for.");
  static final ConfigKey<Duration> RETENTION =
      ConfigKeys.key(
          "retention.events",
          ConfigType.duration(Duration.ZERO, Duration.ofDays(36_500)),
          "90d",
          "How long the database keeps events, counted from when they came; at least"
              + " `events.dedup-window`. 0: for ever.");

  private EventConfigKeys() {}

  /** Has the keys registered at this moment, unless they are. */
  static void register() {
    // Reaching this has initialized the class.
  }
}
