package io.tidegrid.events;

import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.DecodedEvent;
import io.tidegrid.model.Event;
import java.time.Duration;
import java.util.List;

/** The door for events, in and out. Safe for use by many threads. */
public interface Events {

  /**
   * Takes events whose ids are new to their devices, each exactly once in the cluster however often
   * and wherever it is sent, and appends their metrics. Blocks its (virtual) thread until events
   * and samples are as safe as asked for. Of an id given twice in the list the first counts.
   *
   * @return for each event, in order, whether it was taken now or before
   * @throws io.tidegrid.model.TidegridException when nothing more can be taken now ({@code
   *     BACKLOG_FULL}, {@code NOT_READY}, {@code STORAGE_AWAY}); a part may have been taken, and
   *     the whole may be sent again
   */
  List<EventVerdict> store(String tenant, List<DecodedEvent> events, Ack ack);

  /**
   * Returns the newest events of a device.
   *
   * @param fromMs the earliest time, included
   * @param toMs the latest time, included
   * @param limit how many at most
   * @return newest first, those of one time by device and id
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY}, {@code QUERY_TIMEOUT}, {@code
   *     NOT_READY} rather than a part of the answer
   */
  List<Event> ofDevice(
      String tenant, String deviceId, long fromMs, long toMs, int limit, Duration timeout);

  /** Returns the newest events with a tag; the rest as for {@link #ofDevice}. */
  List<Event> tagged(
      String tenant, String tag, long fromMs, long toMs, int limit, Duration timeout);
}
