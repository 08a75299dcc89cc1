package io.tidegrid.node;

import com.hazelcast.core.HazelcastInstance;
import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.ingest.IngestOptions;
import io.tidegrid.ingest.IngestResult;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.persist.Inbox;
import io.tidegrid.persist.InboxConsumer;
import io.tidegrid.persist.InboxLimits;
import io.tidegrid.persist.InboxRow;
import io.tidegrid.persist.Persistence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Takes in with the node's ingest what SQL users inserted, and waits until it is committed. */
final class InboxWiring implements InboxConsumer {

  private final Ingest ingest;

  private InboxWiring(Ingest ingest) {
    this.ingest = ingest;
  }

  static Inbox open(
      Persistence database, HazelcastInstance hazelcast, Ingest ingest, IngestOptions options) {
    InboxLimits limits =
        new InboxLimits(
            options.maxFuture(),
            options.maxLabels(),
            options.maxNameBytes(),
            options.maxValueBytes());
    return database.openInbox(hazelcast, limits, new InboxWiring(ingest));
  }

  @Override
  public Map<Integer, String> take(List<InboxRow> rows) {
    Map<String, List<Integer>> byTenant = new LinkedHashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      byTenant.computeIfAbsent(rows.get(i).series().tenant(), t -> new ArrayList<>()).add(i);
    }
    Map<Integer, String> refused = new LinkedHashMap<>();
    byTenant.forEach((tenant, places) -> append(tenant, rows, places, refused));
    return refused;
  }

  private void append(
      String tenant, List<InboxRow> rows, List<Integer> places, Map<Integer, String> refused) {
    SampleBatch.Builder batch = SampleBatch.builder(places.size());
    for (int place : places) {
      InboxRow row = rows.get(place);
      batch.add(row.series(), row.timeMs(), row.value(), place);
    }
    IngestResult result = ingest.append(tenant, batch.build(), Ack.DURABLE);
    if (result.rejected() <= result.errors().size()) {
      result.errors().forEach(error -> refused.put(error.index(), error.detail()));
      return;
    }
    // An answer does not name them all; sending a part again is harmless, and names all of it.
    for (int from = 0; from < places.size(); from += IngestResult.MAX_ERRORS) {
      int to = Math.min(from + IngestResult.MAX_ERRORS, places.size());
      append(tenant, rows, places.subList(from, to), refused);
    }
  }
}
