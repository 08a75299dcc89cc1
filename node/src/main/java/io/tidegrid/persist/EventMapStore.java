package io.tidegrid.persist;

import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import java.util.Map;

/** What Hazelcast's write-behind queue of events calls. */
final class EventMapStore extends ClosableMapStore<JournalKey, EventBatch> {

  private final EventStore store;

  EventMapStore(EventStore store) {
    super("event batches");
    this.store = store;
  }

  @Override
  boolean isClosing() {
    return store.isClosing();
  }

  @Override
  void commit(Map<JournalKey, EventBatch> map) {
    store.storeAll(map);
  }
}
