package io.tidegrid.node;

import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.events.EventCommits;
import io.tidegrid.events.GridEvents;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.http.EventApi;
import io.tidegrid.ingest.EventDecoder;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.ingest.SeriesCache;
import io.tidegrid.persist.EventArchive;
import io.tidegrid.persist.EventPersistence;
import io.tidegrid.persist.Persistence;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/** Puts together what events need. */
record EventsWiring(GridEvents events, EventApi api) {

  static EventsWiring open(
      HazelcastInstance hazelcast,
      Ingest ingest,
      Optional<Persistence> persistence,
      NodeConfig config,
      SeriesCache cache,
      MeterRegistry meters,
      InstantSource clock) {
    Optional<EventPersistence> stored = persistence.map(Persistence::events);
    stored.ifPresent(
        store -> store.attach(hazelcast, config.eventsMaxPending(), config.retentionEvents()));
    GridEvents events =
        new GridEvents(
            hazelcast, ingest, config.eventOptions(), stored.map(Commits::new), clock, meters);
    EventDecoder decoder =
        new EventDecoder(config.ingestOptions(), config.eventLimits(), cache, meters);
    return new EventsWiring(events, new EventApi(events, decoder, config.eventsMaxLimit()));
  }

  private record Commits(EventPersistence stored) implements EventCommits {
    @Override
    public EventArchive archive() {
      return stored.archive();
    }

    @Override
    public void commit(Map<JournalKey, EventBatch> batches) {
      stored.commit(batches);
    }

    @Override
    public Duration commitTimeout() {
      return stored.commitTimeout();
    }

    @Override
    public boolean isFull() {
      return stored.isFull();
    }

    @Override
    public long paceMs() {
      return stored.paceMs();
    }
  }
}
