package io.tidegrid.persist;

import io.tidegrid.model.Event;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The events in the database. All methods end with {@code STORAGE_AWAY} or {@code QUERY_TIMEOUT}
 * (as {@link io.tidegrid.model.TidegridException}) when it does not answer. Safe for use by many
 * threads.
 */
public interface EventArchive {

  /** Returns, by their places in the list, the body hashes of those events that it has. */
  Map<Integer, Long> known(String tenant, List<Event> events, Duration timeout);

  /** Returns the latest time of an event that came at or after a moment; empty when none did. */
  OptionalLong latestTime(long receivedFromMs, Duration timeout);

  /** Returns the newest events of a device in a range, both ends included, newest first. */
  List<Event> ofDevice(
      String tenant, String device, long fromMs, long toMs, int limit, Duration timeout);

  /** Returns the newest events with a tag in a range, both ends included, newest first. */
  List<Event> tagged(
      String tenant, String tag, long fromMs, long toMs, int limit, Duration timeout);
}
