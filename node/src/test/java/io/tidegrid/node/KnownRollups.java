package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tidegrid.tier.ExponentialHistogram;
import io.tidegrid.tier.Tier;
import jakarta.json.JsonObject;
import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the windows of {@link KnownSamples} must be, computed in the plainest way there is. */
final class KnownRollups {

  private static final double RELATIVE = 1e-12;

  /** One window. */
  record Window(
      long count,
      BigDecimal sum,
      double min,
      double max,
      double first,
      double last,
      BigDecimal increase,
      int resets,
      ExponentialHistogram histogram) {

    static Window of(SortedMap<Long, Double> samples) {
      BigDecimal sum = BigDecimal.ZERO;
      BigDecimal increase = BigDecimal.ZERO;
      double min = Double.POSITIVE_INFINITY;
      double max = Double.NEGATIVE_INFINITY;
      int resets = 0;
      List<Double> values = new ArrayList<>(samples.values());
      for (int i = 0; i < values.size(); i++) {
        double value = values.get(i);
        sum = sum.add(new BigDecimal(value));
        min = Math.min(min, value);
        max = Math.max(max, value);
        if (i > 0 && value < values.get(i - 1)) {
          resets++;
          increase = increase.add(new BigDecimal(value));
        } else if (i > 0) {
          increase =
              increase.add(new BigDecimal(value)).subtract(new BigDecimal(values.get(i - 1)));
        }
      }
      return new Window(
          values.size(),
          sum,
          min,
          max,
          values.getFirst(),
          values.getLast(),
          increase,
          resets,
          ExponentialHistogram.of(values.stream().mapToDouble(v -> v).toArray()));
    }
  }

  private final String metric;
  private final KnownSamples samples;

  KnownRollups(String metric, KnownSamples samples) {
    this.metric = metric;
    this.samples = samples;
  }

  private NavigableMap<Long, Window> windows(int series, Tier tier, Instant from, Instant to) {
    NavigableMap<Long, Double> all =
        samples.of(series).subMap(from.toEpochMilli(), true, to.toEpochMilli(), false);
    NavigableMap<Long, Window> windows = new TreeMap<>();
    for (Long time : all.keySet()) {
      windows.computeIfAbsent(
          tier.startOf(time), start -> Window.of(all.subMap(start, start + tier.windowMs())));
    }
    return windows;
  }

  /** Fails unless the node answers with the windows of a series; the times bound whole windows. */
  void assertAnswered(NodeProcess node, int series, Tier tier, Instant from, Instant to) {
    NavigableMap<Long, Window> expected = windows(series, tier, from, to);
    String path =
        "/query/rollup?metric_name="
            + metric
            + "&window="
            + tier.text()
            + "&labels="
            + URLEncoder.encode("{\"series\":\"" + series + "\"}", StandardCharsets.UTF_8)
            + "&start_time="
            + from
            + "&end_time="
            + to.minusMillis(1);
    NavigableMap<Long, JsonObject> found = new TreeMap<>();
    for (JsonObject row : node.getJson(path).getJsonArray("data").getValuesAs(JsonObject.class)) {
      found.put(Instant.parse(row.getString("timestamp")).toEpochMilli(), row);
    }
    assertThat(found.keySet()).as(path).isEqualTo(expected.keySet());
    expected.forEach((start, window) -> {
      JsonObject row = found.get(start);
      String where = tier.text() + " of series " + series + " at " + Instant.ofEpochMilli(start);
      assertThat(row.getJsonNumber("count").longValue()).as(where).isEqualTo(window.count);
      assertThat(number(row, "min")).as(where).isEqualTo(window.min);
      assertThat(number(row, "max")).as(where).isEqualTo(window.max);
      assertThat(number(row, "first")).as(where).isEqualTo(window.first);
      assertThat(number(row, "last")).as(where).isEqualTo(window.last);
      assertClose(number(row, "sum"), window.sum, where);
    });
  }

  private static double number(JsonObject row, String key) {
    return row.getJsonNumber(key).doubleValue();
  }

  private static void assertClose(double found, BigDecimal expected, String where) {
    assertThat(found)
        .as(where)
        .isCloseTo(
            expected.doubleValue(), within(Math.abs(expected.doubleValue()) * RELATIVE + 1e-300));
  }

  /** Fails unless the stored windows of all series are those before a time, and no others. */
  void assertStored(Connection connection, int seriesCount, Tier tier, Instant from, Instant to)
      throws SQLException {
    Map<Integer, NavigableMap<Long, Window>> expected = new TreeMap<>();
    for (int series = 0; series < seriesCount; series++) {
      expected.put(series, windows(series, tier, from, to));
    }
    String query =
        "SELECT labels ->> 'series', time, count, sum, min, max, first, last, increase, resets,"
            + " histogram FROM stored_"
            + tier.text()
            + " JOIN series USING (series_id) WHERE metric = ? AND time >= ? AND time < ?";
    try (PreparedStatement select = connection.prepareStatement(query)) {
      select.setString(1, metric);
      select.setObject(2, from.atOffset(java.time.ZoneOffset.UTC));
      select.setObject(3, to.atOffset(java.time.ZoneOffset.UTC));
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          int series = Integer.parseInt(rows.getString(1));
          Instant time = rows.getObject(2, OffsetDateTime.class).toInstant();
          String where = "stored " + tier.text() + " of series " + series + " at " + time;
          Window window = expected.get(series).remove(time.toEpochMilli());
          assertThat(window).as(where).isNotNull();
          assertThat(rows.getLong(3)).as(where).isEqualTo(window.count);
          assertClose(rows.getDouble(4), window.sum, where);
          assertThat(rows.getDouble(5)).as(where).isEqualTo(window.min);
          assertThat(rows.getDouble(6)).as(where).isEqualTo(window.max);
          assertThat(rows.getDouble(7)).as(where).isEqualTo(window.first);
          assertThat(rows.getDouble(8)).as(where).isEqualTo(window.last);
          assertClose(rows.getDouble(9), window.increase, where);
          assertThat(rows.getInt(10)).as(where).isEqualTo(window.resets);
          assertThat(ExponentialHistogram.decode(rows.getBytes(11)))
              .as(where)
              .isEqualTo(window.histogram);
        }
      }
    }
    expected.forEach(
        (series, left) -> assertThat(left.keySet()).as("series %d lacks", series).isEmpty());
  }
}
