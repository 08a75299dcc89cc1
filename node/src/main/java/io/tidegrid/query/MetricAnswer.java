package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Labels;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** What is known of one metric. */
final class MetricAnswer implements Answer<MetricAnswer> {

  /** The first values in order are kept, so that every member keeps the same ones. */
  private static final int MAX_VALUES = 1_000;

  private final TreeMap<String, TreeSet<String>> labels = new TreeMap<>();
  private long series;
  private long firstSeenMs = Long.MAX_VALUE;
  private long lastSeenMs = Long.MIN_VALUE;
  private long samples;

  void addSeries(Labels seriesLabels) {
    series++;
    seriesLabels.forEach((name, value) -> {
      if (!name.equals(Labels.METRIC_NAME)) {
        addValue(name, value);
      }
    });
  }

  private void addValue(String name, String value) {
    TreeSet<String> values = labels.computeIfAbsent(name, ignored -> new TreeSet<>());
    values.add(value);
    if (values.size() > MAX_VALUES) {
      values.pollLast();
    }
  }

  void addSamples(long count, long firstMs, long lastMs) {
    samples += count;
    firstSeenMs = Math.min(firstSeenMs, firstMs);
    lastSeenMs = Math.max(lastSeenMs, lastMs);
  }

  Optional<MetricDetails> details(String name) {
    if (series == 0) {
      return Optional.empty();
    }
    Map<String, List<String>> values = new java.util.LinkedHashMap<>();
    labels.forEach((label, all) -> values.put(label, List.copyOf(all)));
    return Optional.of(
        new MetricDetails(
            name,
            series,
            java.util.Collections.unmodifiableMap(values),
            firstSeenMs,
            lastSeenMs,
            samples));
  }

  @Override
  public void merge(MetricAnswer other) {
    series += other.series;
    addSamples(other.samples, other.firstSeenMs, other.lastSeenMs);
    other.labels.forEach((name, values) -> values.forEach(value -> addValue(name, value)));
  }

  @Override
  public void write(ObjectDataOutput out) throws IOException {
    out.writeLong(series);
    out.writeLong(samples);
    out.writeLong(firstSeenMs);
    out.writeLong(lastSeenMs);
    out.writeInt(labels.size());
    for (Map.Entry<String, TreeSet<String>> label : labels.entrySet()) {
      out.writeString(label.getKey());
      out.writeStringArray(label.getValue().toArray(String[]::new));
    }
  }

  static MetricAnswer read(ObjectDataInput in) throws IOException {
    MetricAnswer answer = new MetricAnswer();
    answer.series = in.readLong();
    answer.samples = in.readLong();
    answer.firstSeenMs = in.readLong();
    answer.lastSeenMs = in.readLong();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      String name = in.readString();
      answer.labels.put(name, new TreeSet<>(List.of(in.readStringArray())));
    }
    return answer;
  }
}
