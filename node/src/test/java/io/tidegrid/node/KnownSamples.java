package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The samples of one metric that were acknowledged, the last value of each series and time, and
 * what a node and its database should therefore hold. Not changed while others compare.
 */
final class KnownSamples {

  /** As many lines go into one request. */
  private static final int BATCH = 5_000;

  private static final int SLICE_SECONDS = 7_200;
  private static final int SHOWN = 5;

  /** Every compacted sample, as often as it is stored, with the bits of its value. */
  private static final String COMPACTED =
      """
      SELECT labels ->> 'series',
             block + interval '1 ms' * coalesce(offsets[i], first_ms + (i - 1) * step_ms),
             coalesce(exact[i],
                      (base + coalesce(small[i], medium[i]))::float8 / power(10::float8, scale))
        FROM blocks CROSS JOIN LATERAL generate_series(1, n) AS i JOIN series USING (series_id)
       WHERE metric = ?\
      """;

  private static final String VIEW =
      "SELECT labels ->> 'series', time, value FROM metrics WHERE metric_name = ?";

  private record Key(int series, long timeMs) {}

  /** What was found somewhere, and what was found there twice. */
  private record Found(Map<Key, Double> values, List<String> wrong) {

    Found() {
      this(new HashMap<>(), new ArrayList<>());
    }

    void add(String series, Instant time, double value) {
      Key key = new Key(Integer.parseInt(series), time.toEpochMilli());
      if (values.put(key, value) != null) {
        wrong.add("twice: " + key);
      }
    }
  }

  private final String metric;
  private final Map<Key, Double> values = new HashMap<>();
  private final List<String> unsent = new ArrayList<>();

  KnownSamples(String metric) {
    this.metric = metric;
  }

  /** Adds a sample to be sent; of equal series and times the last one added counts. */
  void add(int series, Instant time, double value) {
    values.put(new Key(series, time.toEpochMilli()), value);
    unsent.add(metric + "{series=\"" + series + "\"} " + value + " " + time.toEpochMilli() + "\n");
  }

  /** Sends what was added since the last time, in its order, and returns how many samples. */
  int send(NodeProcess node, String... headers) {
    int count = unsent.size();
    for (int from = 0; from < count; from += BATCH) {
      String body = String.join("", unsent.subList(from, Math.min(count, from + BATCH)));
      var answer =
          node.postBytes(
              "/api/v1/import/prometheus",
              body.getBytes(StandardCharsets.UTF_8),
              headers.length > 0 ? headers : new String[] {"Content-Type", "text/plain"});
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(204);
    }
    unsent.clear();
    return count;
  }

  /** Returns the samples of a series, by time in milliseconds since 1970. */
  NavigableMap<Long, Double> of(int series) {
    NavigableMap<Long, Double> samples = new TreeMap<>();
    values.forEach((key, value) -> {
      if (key.series == series) {
        samples.put(key.timeMs, value);
      }
    });
    return samples;
  }

  /** Fails unless the node answers with all samples of a time, each once. */
  void assertAnswered(NodeProcess node, Instant from, Instant to) {
    Found found = new Found();
    // In slices, so that each answer fits into memory.
    for (Instant start = from; start.isBefore(to); start = start.plusSeconds(SLICE_SECONDS)) {
      ask(node, "{}", start, start.plusSeconds(SLICE_SECONDS), found);
    }
    assertSame("the node", found, key -> isWithin(key, from, to));
  }

  /** Fails unless the node answers with all samples of a series and a time, each once. */
  void assertAnswered(NodeProcess node, int series, Instant from, Instant to) {
    Found found = new Found();
    ask(node, "{\"series\":\"" + series + "\"}", from, to, found);
    assertSame("the node", found, key -> key.series == series && isWithin(key, from, to));
  }

  private void ask(NodeProcess node, String labels, Instant from, Instant to, Found found) {
    String path =
        "/query/raw?metric_name="
            + metric
            + "&labels="
            + URLEncoder.encode(labels, StandardCharsets.UTF_8)
            + "&start_time="
            + from
            + "&end_time="
            + to.minusMillis(1);
    for (JsonObject row : node.getJson(path).getJsonArray("data").getValuesAs(JsonObject.class)) {
      found.add(
          row.getJsonObject("labels").getString("series"),
          Instant.parse(row.getString("timestamp")),
          row.getJsonNumber("value").doubleValue());
    }
  }

  /** Fails unless the compacted rows hold all samples before a time, each once. */
  void assertCompacted(Connection connection, Instant before) throws SQLException {
    assertSame(
        "blocks",
        select(connection, COMPACTED),
        key -> isWithin(key, Instant.ofEpochMilli(Long.MIN_VALUE), before));
  }

  /** Fails unless the view for readers shows all samples, each once. */
  void assertInView(Connection connection) throws SQLException {
    assertSame("the view", select(connection, VIEW), key -> true);
  }

  private Found select(Connection connection, String query) throws SQLException {
    Found found = new Found();
    try (PreparedStatement select = connection.prepareStatement(query)) {
      select.setString(1, metric);
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          found.add(
              rows.getString(1),
              rows.getObject(2, OffsetDateTime.class).toInstant(),
              rows.getDouble(3));
        }
      }
    }
    return found;
  }

  private static boolean isWithin(Key key, Instant from, Instant to) {
    return key.timeMs >= from.toEpochMilli() && key.timeMs < to.toEpochMilli();
  }

  private void assertSame(String where, Found found, Predicate<Key> expected) {
    List<String> wrong = new ArrayList<>(found.wrong);
    values.forEach((key, value) -> {
      if (expected.test(key) && !Objects.equals(found.values.get(key), value)) {
        wrong.add(key + " is " + found.values.get(key) + ", not " + value);
      }
    });
    for (Key key : found.values.keySet()) {
      if (!values.containsKey(key) || !expected.test(key)) {
        wrong.add("unexpected: " + key);
      }
    }
    assertThat(wrong.stream().limit(SHOWN))
        .as("%d of %d samples in %s are wrong", wrong.size(), found.values.size(), where)
        .isEmpty();
  }
}
