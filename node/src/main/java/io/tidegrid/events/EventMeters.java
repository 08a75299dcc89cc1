package io.tidegrid.events;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.persist.LocalEvents;

/** What is counted of events; once per request, never per event. */
final class EventMeters {

  private final Counter stored;
  private final Counter duplicates;
  private final Counter refusedSamples;
  private final Counter waits;
  private final Counter lookups;

  EventMeters(MeterRegistry meters, LocalEventIds local, LocalEvents events, EventOptions options) {
    stored = counter(meters, "stored", "Events taken");
    duplicates = counter(meters, "duplicates", "Events whose device had sent their id before");
    refusedSamples =
        counter(
            meters,
            "samples.refused",
            "Samples of events that are older than memory keeps, without a database");
    waits = counter(meters, "waits", "Events that waited for another request with the same id");
    lookups = counter(meters, "lookups", "Events whose ids were looked up in the database");
    Gauge.builder("tidegrid.events.ids", local, LocalEventIds::ids)
        .description("Ids of events remembered in the shards that this member owns")
        .register(meters);
    Gauge.builder("tidegrid.events.ids.bytes", local, LocalEventIds::bytes)
        .baseUnit("bytes")
        .description("Heap taken by ids of events, copies of other members' included")
        .register(meters);
    Gauge.builder("tidegrid.events.ids.bytes.max", () -> (double) options.dedupBytes())
        .baseUnit("bytes")
        .description("Heap that ids of events may take; beyond it the oldest are forgotten early")
        .register(meters);
    Gauge.builder("tidegrid.events.memory.bytes", events, LocalEvents::bytes)
        .baseUnit("bytes")
        .description("Events in memory owned by this member")
        .register(meters);
  }

  private static Counter counter(MeterRegistry meters, String name, String description) {
    return Counter.builder("tidegrid.events." + name).description(description).register(meters);
  }

  void taken(int storedCount, int duplicateCount) {
    stored.increment(storedCount);
    duplicates.increment(duplicateCount);
  }

  void samplesRefused(int count) {
    refusedSamples.increment(count);
  }

  void waited(int count) {
    waits.increment(count);
  }

  void lookedUp(int count) {
    lookups.increment(count);
  }
}
