package io.tidegrid.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Makes the samples of some series. The same arguments make the same ones. */
final class SampleSource {

  /**
   * A sample as it is sent.
   *
   * @param metric the metric name
   * @param labels the labels, in order
   * @param value the value, of two decimals
   */
  record Sample(String metric, Map<String, String> labels, BigDecimal value, Instant time) {

    /** Returns the form that {@code /metrics/ingest} and batches both take. */
    JsonObject json() {
      JsonObjectBuilder builder = Json.createObjectBuilder();
      builder.add("metric_name", metric).add("value", value).add("timestamp", time.toString());
      JsonObjectBuilder labelBuilder = Json.createObjectBuilder();
      labels.forEach(labelBuilder::add);
      return builder.add("labels", labelBuilder).build();
    }
  }

  private record Series(Map<String, String> labels, double phase, SplittableRandom random) {}

  private final String metric;
  private final SamplePattern pattern;
  private final SamplePattern.Shape shape;
  private final List<Series> series;

  SampleSource(
      String metric,
      Map<String, String> labels,
      int count,
      SamplePattern pattern,
      SamplePattern.Shape shape,
      long seed) {
    this.metric = metric;
    this.pattern = pattern;
    this.shape = shape;
    this.series =
        IntStream.range(0, count)
            .mapToObj(i -> {
              Map<String, String> own = new LinkedHashMap<>(labels);
              if (count > 1) {
                own.put("instance", "generator-" + i);
              }
              // Waves of many series that all peak together would look like one.
              double phase = (double) i / count;
              return new Series(own, phase, new SplittableRandom(seed + i));
            })
            .toList();
  }

  /** Returns the next sample of each series. To be asked in the order of time. */
  List<Sample> next(Instant start, Instant time) {
    double seconds = (time.toEpochMilli() - start.toEpochMilli()) / 1000.0;
    return series.stream()
        .map(one -> {
          double value = pattern.value(shape, seconds, one.phase(), one.random());
          BigDecimal rounded = BigDecimal.valueOf(value).setScale(2, RoundingMode.HALF_EVEN);
          return new Sample(metric, one.labels(), rounded, time);
        })
        .toList();
  }
}
