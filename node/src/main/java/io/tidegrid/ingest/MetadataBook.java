package io.tidegrid.ingest;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.MetadataKey;
import io.tidegrid.model.MetricMetadata;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What is said of metrics, kept in the grid; says nothing twice. */
final class MetadataBook {

  private static final int MAX_REMEMBERED = 100_000;

  private final IMap<MetadataKey, MetricMetadata> map;
  private final Map<MetadataKey, MetricMetadata> written = new ConcurrentHashMap<>();

  MetadataBook(HazelcastInstance hazelcast) {
    this.map = hazelcast.getMap(GridNames.METADATA);
  }

  void write(String tenant, List<MetricMetadata> descriptions) {
    for (MetricMetadata description : descriptions) {
      MetadataKey key = new MetadataKey(tenant, description.metric());
      if (description.equals(written.get(key))) {
        continue;
      }
      map.set(key, description);
      if (written.size() >= MAX_REMEMBERED) {
        written.clear();
      }
      written.put(key, description);
    }
  }

  MetricMetadata read(String tenant, String metric) {
    MetricMetadata found = map.get(new MetadataKey(tenant, metric));
    return found == null ? new MetricMetadata(metric, "", "", "") : found;
  }
}
