package io.tidegrid.persist;

import io.tidegrid.model.XxHash64;
import java.nio.charset.StandardCharsets;

/** The hashes by which the database finds events. They lie in its tables and never change. */
final class EventKeys {

  static final long DAY_MS = 86_400_000;

  private static final long DAY_FACTOR = 0x9E3779B97F4A7C15L;

  private EventKeys() {}

  static long tenant(String tenant) {
    return hash(tenant, 0);
  }

  /**
   * @param tenantKey of {@link #tenant}
   */
  static long device(long tenantKey, String device) {
    return hash(device, tenantKey);
  }

  /**
   * @param tenantKey of {@link #tenant}
   */
  static long tag(long tenantKey, String tag, long day) {
    return hash(tag, tenantKey ^ (day + 1) * DAY_FACTOR);
  }

  /** Returns the number of the day since 1970 that a time lies in. */
  static long day(long timeMs) {
    return Math.floorDiv(timeMs, DAY_MS);
  }

  private static long hash(String text, long seed) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return XxHash64.hash(bytes, 0, bytes.length, seed);
  }
}
