package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Metrics by name, with how many series they have and when the newest sample came. */
final class MetricsAnswer implements Answer<MetricsAnswer> {

  private final Map<String, MetricSummary> metrics = new HashMap<>();

  void add(MetricSummary metric) {
    metrics.merge(
        metric.name(),
        metric,
        (a, b) ->
            new MetricSummary(
                a.name(), a.series() + b.series(), Math.max(a.lastSeenMs(), b.lastSeenMs())));
  }

  List<MetricSummary> sorted() {
    return metrics.values().stream()
        .sorted(java.util.Comparator.comparing(MetricSummary::name))
        .toList();
  }

  @Override
  public void merge(MetricsAnswer other) {
    other.metrics.values().forEach(this::add);
  }

  @Override
  public void write(ObjectDataOutput out) throws IOException {
    out.writeInt(metrics.size());
    for (MetricSummary metric : metrics.values()) {
      out.writeString(metric.name());
      out.writeLong(metric.series());
      out.writeLong(metric.lastSeenMs());
    }
  }

  static MetricsAnswer read(ObjectDataInput in) throws IOException {
    MetricsAnswer answer = new MetricsAnswer();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      answer.add(new MetricSummary(in.readString(), in.readLong(), in.readLong()));
    }
    return answer;
  }
}
