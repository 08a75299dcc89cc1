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
      MetricMetadata known = read(tenant, description.metric());
      MetricMetadata merged = merged(known, description);
      if (!merged.equals(known)) {
        map.set(key, merged);
      }
      if (written.size() >= MAX_REMEMBERED) {
        written.clear();
      }
      written.put(key, description);
    }
  }

  /** A sender that says less than another one takes nothing back. */
  private static MetricMetadata merged(MetricMetadata known, MetricMetadata said) {
    return new MetricMetadata(
        said.metric(),
        said.type().isEmpty() ? known.type() : said.type(),
        said.unit().isEmpty() ? known.unit() : said.unit(),
        said.help().isEmpty() ? known.help() : said.help());
  }

  MetricMetadata read(String tenant, String metric) {
    MetricMetadata found = map.get(new MetadataKey(tenant, metric));
    return found == null ? new MetricMetadata(metric, "", "", "") : found;
  }
}
