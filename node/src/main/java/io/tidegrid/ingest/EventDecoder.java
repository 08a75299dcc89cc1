package io.tidegrid.ingest;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.util.ArrayList;
import java.util.List;

/**
 * Events as JSON:
 *
 * <pre>{@code
 * {"event_id": "e001", "device_id": "deviceA", "timeStamp": "2025-01-15T10:00:00",
 *  "metrics": {"temp": 34.2, "cpu": 0.44}, "tags": ["room:101"]}
 * }</pre>
 *
 * <p>{@code timestamp} and {@code time} are {@code timeStamp}; without one, the time of arrival.
 * Times are as in {@link TimeParser}. Tags may be missing. Of a key given twice the last one
 * counts; unknown keys are ignored. Each metric is a sample of the series of that name with the
 * label {@code device_id}. Safe for use by many threads.
 */
public final class EventDecoder {

  private final IngestOptions options;
  private final EventLimits limits;
  private final SeriesCache cache;
  private final Counter rejectedCounter;

  /**
   * @param options the limits of series, and how far ahead a time may lie
   * @param cache where known series are found; may be shared with other decoders
   * @param meters where rejected events are counted
   */
  public EventDecoder(
      IngestOptions options, EventLimits limits, SeriesCache cache, MeterRegistry meters) {
    this.options = options;
    this.limits = limits;
    this.cache = cache;
    this.rejectedCounter =
        Counter.builder("tidegrid.events.rejected")
            .description("Events that were not understood or over a limit")
            .register(meters);
  }

  /** Returns the limits. */
  public EventLimits limits() {
    return limits;
  }

  /**
   * Reads one event.
   *
   * @throws TidegridException when the body is no JSON object, or naming all its bad fields
   */
  public DecodedEvent one(String tenant, byte[] body, int length, long nowMs) {
    DecodeContext context = context(tenant, nowMs);
    JsonScanner in = scanner(context, body, length);
    if (in.next() != '{') {
      throw wrongBody(in, "the body must be a JSON object, the event");
    }
    EventRow row = new EventRow(context, in, options, limits);
    row.read();
    atEnd(in);
    try {
      DecodedEvent event = row.event(0);
      context.finish();
      return event;
    } catch (TidegridException e) {
      rejectedCounter.increment();
      throw e;
    }
  }

  /**
   * Reads an array of events.
   *
   * @throws TidegridException when the body is no JSON array, or has more events than are allowed
   */
  public DecodedEvents many(String tenant, byte[] body, int length, long nowMs) {
    DecodeContext context = context(tenant, nowMs);
    JsonScanner in = scanner(context, body, length);
    if (in.next() != '[') {
      throw wrongBody(in, "the body must be a JSON array of events");
    }
    List<DecodedEvent> events = new ArrayList<>();
    List<RejectedEvent> rejected = new ArrayList<>(0);
    EventRow row = new EventRow(context, in, options, limits);
    int index = 0;
    if (in.enter(']')) {
      do {
        if (index == limits.maxBatch()) {
          throw TidegridException.ofField(
              ErrorCode.EVENT_LIMIT,
              "",
              "the request has more than "
                  + limits.maxBatch()
                  + " events (events.max-batch); send them in several");
        }
        boolean object = in.next() == '{';
        try {
          if (object) {
            row.read();
            events.add(row.event(index));
          } else {
            in.skipValue();
            throw TidegridException.ofField(
                ErrorCode.INVALID_VALUE, "", "an event must be an object");
          }
        } catch (TidegridException e) {
          if (e.code() == ErrorCode.NOT_PARSEABLE) {
            throw e;
          }
          rejected.add(new RejectedEvent(index, object ? row.knownId() : "", e));
        }
        index++;
      } while (in.more(']'));
    }
    atEnd(in);
    context.finish();
    if (!rejected.isEmpty()) {
      rejectedCounter.increment(rejected.size());
    }
    return new DecodedEvents(events, rejected);
  }

  private DecodeContext context(String tenant, long nowMs) {
    return new DecodeContext(options, cache, tenant, Protocol.EVENT, nowMs, 1);
  }

  private static JsonScanner scanner(DecodeContext context, byte[] body, int length) {
    JsonScanner in = new JsonScanner(body, length, context.decimal);
    if (length >= 3 && body[0] == (byte) 0xEF && body[1] == (byte) 0xBB && body[2] == (byte) 0xBF) {
      in.at = 3;
    }
    return in;
  }

  private static TidegridException wrongBody(JsonScanner in, String detail) {
    if (in.at >= in.size) {
      return in.notJson(in.at, "the body is empty");
    }
    in.skipValue();
    atEnd(in);
    return TidegridException.ofField(ErrorCode.INVALID_VALUE, "", detail);
  }

  private static void atEnd(JsonScanner in) {
    in.next();
    if (in.at < in.size) {
      throw in.notJson(in.at, "the body goes on after its end");
    }
  }
}
