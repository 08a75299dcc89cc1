package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.tier.ExponentialHistogram;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import io.tidegrid.tier.WindowRoller;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What SQL users see of windows: stored where that is right, computed elsewhere. */
@OnEachServer
@Timeout(120)
class RollupViewsTest {

  private static final long DAY = Instant.parse("2026-03-01T00:00:00Z").toEpochMilli();
  private static final long DAY_MS = 86_400_000;
  private static final long BLOCK_MS = 7_200_000;
  private static final int DAYS = 3;
  private static final int SHARDS = 8;

  private static final Map<Tier, String> VIEWS =
      Map.of(
          Tier.ONE_MINUTE, "metrics_1min",
          Tier.FIVE_MINUTES, "metrics_5min",
          Tier.ONE_HOUR, "metrics_1hour",
          Tier.ONE_DAY, "metrics_daily");

  private final SplittableRandom random = new SplittableRandom(11);
  private Connection connection;

  /** The samples of a block of a series. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Samples(long[] times, double[] values) {}

  @BeforeEach
  void migrate() throws SQLException {
    connection = TestServer.connect(TestServer.newDatabase());
    new SchemaMigrator().migrate(connection);
    execute("SET timezone = 'UTC'");
    for (String table : List.of("blocks", "rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")) {
      for (int day = 0; day < DAYS; day++) {
        execute(
            "CREATE TABLE %1$s_day%2$d PARTITION OF %1$s FOR VALUES FROM ('%3$s') TO ('%4$s')"
                .formatted(
                    table,
                    day,
                    Instant.ofEpochMilli(DAY + day * DAY_MS),
                    Instant.ofEpochMilli(DAY + (day + 1) * DAY_MS)));
      }
    }
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void windowsAreRightWhateverIsStored() throws SQLException {
    Map<Tier, List<Row>> expected = new LinkedHashMap<>();
    for (Tier tier : Tier.values()) {
      expected.put(tier, new ArrayList<>());
    }
    WindowRoller roller = new WindowRoller();
    boolean[][] dirty = marks();
    for (int n = 0; n < 4; n++) {
      SeriesKey series =
          SeriesKey.of("default", Labels.of("__name__", "m" + n % 2, "host", "h" + n));
      write(series);
      for (int day = 0; day < DAYS; day++) {
        List<Samples> ofDay = new ArrayList<>();
        boolean dayDirty = day == 2;
        for (int block = day * 12; block < day * 12 + 12; block++) {
          Samples samples = samples(block);
          ofDay.add(samples);
          boolean isDirty = dirty[series.shard(SHARDS)][block];
          dayDirty |= isDirty;
          for (Tier tier : List.of(Tier.ONE_MINUTE, Tier.FIVE_MINUTES, Tier.ONE_HOUR)) {
            RollupColumns windows = new RollupColumns();
            roller.roll(
                tier.windowMs(), samples.times, samples.values, 0, samples.times.length, windows);
            add(expected.get(tier), series, windows, samples, tier, isDirty);
            if (!isDirty) {
              store(tier, series, DAY + block * BLOCK_MS, windows);
            } else if (random.nextBoolean()) {
              RollupColumns wrong = new RollupColumns();
              roller.roll(
                  tier.windowMs(),
                  new long[] {DAY + block * BLOCK_MS},
                  new double[] {1e9},
                  0,
                  1,
                  wrong);
              store(tier, series, DAY + block * BLOCK_MS, wrong);
            }
          }
          if (isDirty) {
            raw(series, block, samples);
          }
        }
        Samples whole = join(ofDay);
        RollupColumns windows = new RollupColumns();
        roller.roll(DAY_MS, whole.times, whole.values, 0, whole.times.length, windows);
        add(expected.get(Tier.ONE_DAY), series, windows, whole, Tier.ONE_DAY, dayDirty);
        if (!dayDirty) {
          store(Tier.ONE_DAY, series, DAY + day * DAY_MS, windows);
        }
      }
    }
    for (Tier tier : Tier.values()) {
      compare(tier, read("SELECT * FROM " + VIEWS.get(tier)), expected.get(tier));
      for (int i = 0; i < 2; i++) {
        long since = DAY + random.nextLong(DAYS * DAY_MS);
        long until = since + random.nextLong(DAY_MS);
        compare(
            tier,
            read(
                "SELECT * FROM %s_between('%s', '%s')"
                    .formatted(
                        VIEWS.get(tier), Instant.ofEpochMilli(since), Instant.ofEpochMilli(until))),
            expected.get(tier).stream()
                .filter(row -> row.time >= since && row.time <= until)
                .toList());
      }
    }
  }

  /** One window, with what its percentiles may be. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Row(
      long series, long time, double[] figures, double[] percentiles, double tolerance) {}

  private void add(
      List<Row> rows,
      SeriesKey series,
      RollupColumns windows,
      Samples samples,
      Tier tier,
      boolean computed) {
    for (int i = 0; i < windows.size(); i++) {
      long start = windows.starts()[i];
      double[] values =
          IntStream.range(0, samples.times.length)
              .filter(at -> tier.startOf(samples.times[at]) == start)
              .mapToDouble(at -> samples.values[at])
              .filter(value -> !Double.isNaN(value))
              .sorted()
              .toArray();
      double[] percentiles = new double[3];
      double[] shares = {0.5, 0.95, 0.99};
      for (int p = 0; p < 3; p++) {
        double of =
            computed
                ? exact(values, shares[p])
                : ExponentialHistogram.decode(windows.histograms()[i]).quantile(shares[p]);
        percentiles[p] = Math.clamp(of, windows.mins()[i], windows.maxs()[i]);
      }
      rows.add(
          new Row(
              series.id(),
              start,
              new double[] {
                windows.counts()[i],
                windows.sums()[i],
                windows.sums()[i] / windows.counts()[i],
                windows.mins()[i],
                windows.maxs()[i],
                windows.firsts()[i],
                windows.lasts()[i],
                windows.increases()[i],
                windows.resets()[i]
              },
              percentiles,
              // The hours of a day that is not stored have histograms, whose error is larger.
              computed && tier == Tier.ONE_DAY ? 0.09 : 1e-9));
    }
  }

  private static double exact(double[] sorted, double share) {
    double rank = share * (sorted.length - 1);
    int low = (int) rank;
    int high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (rank - low) * (sorted[high] - sorted[low]);
  }

  private void compare(Tier tier, Map<List<Long>, double[]> found, List<Row> expected) {
    assertThat(found).as(tier.text()).hasSize(expected.size());
    for (Row row : expected) {
      double[] is = found.get(List.of(row.series, row.time));
      assertThat(is)
          .as("%s of %s at %s", tier, row.series, Instant.ofEpochMilli(row.time))
          .isNotNull();
      for (int i = 0; i < 9; i++) {
        assertThat(is[i])
            .as("%s of %s at %s: figure %s", tier, row.series, Instant.ofEpochMilli(row.time), i)
            .isCloseTo(row.figures[i], within(1e-9 * Math.max(1, Math.abs(row.figures[i]))));
      }
      for (int i = 0; i < 3; i++) {
        assertThat(is[9 + i])
            .as(
                "%s of %s at %s: percentile %s",
                tier, row.series, Instant.ofEpochMilli(row.time), i)
            .isCloseTo(
                row.percentiles[i],
                within(row.tolerance * Math.max(1, Math.abs(row.percentiles[i]))));
      }
    }
  }

  private Map<List<Long>, double[]> read(String query) throws SQLException {
    Map<List<Long>, double[]> rows = new LinkedHashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      String[] columns = {
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "first",
        "last",
        "increase",
        "resets",
        "p50",
        "p95",
        "p99"
      };
      while (result.next()) {
        double[] figures = new double[columns.length];
        for (int i = 0; i < columns.length; i++) {
          figures[i] = result.getDouble(columns[i]);
        }
        assertThat(Double.compare(result.getDouble("value"), figures[2])).isZero();
        long time = result.getTimestamp("time").getTime();
        double[] twice = rows.put(List.of(result.getLong("series_id"), time), figures);
        assertThat(twice).isNull();
      }
    }
    return rows;
  }

  /** Marks blocks of shards, under this and other numbers of shards, and two days. */
  private boolean[][] marks() throws SQLException {
    boolean[][] dirty = new boolean[SHARDS][DAYS * 12];
    for (int block = 0; block < DAYS * 12; block++) {
      for (int shard = 0; shard < SHARDS; shard++) {
        if (block / 12 != 1 && random.nextInt(4) == 0) {
          mark("1m", SHARDS, shard, DAY + block * BLOCK_MS);
          dirty[shard][block] = true;
        }
      }
      if (block == 3 || block == 30) {
        mark("1m", 0, 0, DAY + block * BLOCK_MS);
        for (boolean[] ofShard : dirty) {
          ofShard[block] = true;
        }
      }
      if (block == 5) {
        // With twice the shards, twice as many marks are needed for the same series.
        mark("1m", SHARDS * 2, 1, DAY + block * BLOCK_MS);
        mark("1m", SHARDS * 2, 1 + SHARDS, DAY + block * BLOCK_MS);
        dirty[1][block] = true;
      }
    }
    for (int shard = 0; shard < SHARDS; shard++) {
      mark("1d", SHARDS, shard, DAY + 2 * DAY_MS);
    }
    return dirty;
  }

  private void mark(String tier, int shards, int shard, long start) throws SQLException {
    execute(
        "INSERT INTO rollup_dirty VALUES ('%s', %d, %d, '%s', 1)"
            .formatted(tier, shards, shard, Instant.ofEpochMilli(start)));
  }

  /** Makes up a block, now and then an empty one. */
  private Samples samples(int block) {
    int n = random.nextInt(5) == 0 ? 0 : 1 + random.nextInt(40);
    long[] times =
        random
            .longs(n, 0, BLOCK_MS)
            .map(offset -> DAY + block * BLOCK_MS + offset)
            .sorted()
            .distinct()
            .toArray();
    double[] values = new double[times.length];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          random.nextInt(15) == 0
              ? Double.NaN
              : Math.round(random.nextDouble(-20, 100) * 100) / 100.0;
    }
    return new Samples(times, values);
  }

  private static Samples join(List<Samples> parts) {
    return new Samples(
        parts.stream().flatMapToLong(part -> Arrays.stream(part.times)).toArray(),
        parts.stream().flatMapToDouble(part -> Arrays.stream(part.values)).toArray());
  }

  private void write(SeriesKey series) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO series VALUES (?, ?, ?, ?, jsonb_build_object('__name__', ?::text,"
                + " 'host', ?::text), now(), ?)")) {
      insert.setLong(1, series.id());
      insert.setString(2, series.tenant());
      insert.setString(3, series.labels().metricName());
      insert.setBytes(4, series.labels().canonicalBytes());
      insert.setString(5, series.labels().metricName());
      insert.setString(6, series.labels().get("host"));
      insert.setLong(7, series.shardHash());
      insert.executeUpdate();
    }
  }

  private void raw(SeriesKey series, int block, Samples samples) throws SQLException {
    if (samples.times.length == 0) {
      return;
    }
    long start = DAY + block * BLOCK_MS;
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO blocks VALUES (?, ?, 1, 0, 0, ?, 0, 0, ?, NULL, NULL, ?)")) {
      insert.setLong(1, series.id());
      insert.setTimestamp(2, new Timestamp(start));
      insert.setInt(3, samples.times.length);
      insert.setArray(
          4,
          connection.createArrayOf(
              "int4", Arrays.stream(samples.times).mapToObj(t -> (int) (t - start)).toArray()));
      insert.setArray(
          5, connection.createArrayOf("float8", Arrays.stream(samples.values).boxed().toArray()));
      insert.executeUpdate();
    }
  }

  /** Stores windows in the form for any numbers. */
  private void store(Tier tier, SeriesKey series, long block, RollupColumns windows)
      throws SQLException {
    int n = windows.size();
    if (n == 0) {
      return;
    }
    Object[] numbers = new Object[n];
    Object[] counts = new Object[n];
    Object[] edges = new Object[2 * n];
    Object[] resets = new Object[n];
    Object[] levels = new Object[4 * n];
    Object[] sums = new Object[n];
    Object[] increases = new Object[n];
    byte[][] histograms = new byte[n][];
    for (int i = 0; i < n; i++) {
      long start = windows.starts()[i];
      numbers[i] = (short) ((start - block) / tier.windowMs());
      counts[i] = (int) windows.counts()[i];
      edges[i] = (int) (windows.firstTimes()[i] - start);
      edges[n + i] = (int) (windows.lastTimes()[i] - start);
      resets[i] = windows.resets()[i];
      levels[i] = windows.firsts()[i];
      levels[n + i] = windows.lasts()[i];
      levels[2 * n + i] = windows.mins()[i];
      levels[3 * n + i] = windows.maxs()[i];
      sums[i] = windows.sums()[i];
      increases[i] = windows.increases()[i];
      histograms[i] = windows.histograms()[i];
    }
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO rollup_"
                + tier.text()
                + " (series_id, block, seq, n, first_window, count,"
                + " first_ms, last_ms, level_scale, sum_scale, increase_scale, level_base,"
                + " sum_base, increase_base, windows, counts, edges, resets, level_exact,"
                + " sum_exact, increase_exact, histograms)"
                + " VALUES (?, ?, 1, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?)")) {
      insert.setLong(1, series.id());
      insert.setTimestamp(2, new Timestamp(block));
      insert.setInt(3, n);
      insert.setArray(4, connection.createArrayOf("int2", numbers));
      insert.setArray(5, connection.createArrayOf("int4", counts));
      insert.setArray(6, connection.createArrayOf("int4", edges));
      insert.setArray(7, connection.createArrayOf("int4", resets));
      insert.setArray(8, connection.createArrayOf("float8", levels));
      insert.setArray(9, connection.createArrayOf("float8", sums));
      insert.setArray(10, connection.createArrayOf("float8", increases));
      insert.setArray(11, connection.createArrayOf("bytea", histograms));
      insert.executeUpdate();
    }
  }

  @Test
  void quantilesAreThoseOfTheHistogram() throws SQLException {
    try (PreparedStatement ask =
        connection.prepareStatement(
            "SELECT tidegrid_quantile(?, ?, NULL, NULL),"
                + " tidegrid_quantile(ARRAY[?], '{}', ?, NULL, NULL)")) {
      for (int i = 0; i < 300; i++) {
        double spread = Math.pow(10, random.nextInt(1, 200));
        double[] values =
            random
                .doubles(1 + random.nextInt(60), -1, 1)
                .map(x -> random.nextInt(8) == 0 ? 0 : x * Math.pow(spread, random.nextDouble()))
                .toArray();
        if (i % 10 == 0) {
          values[0] = i % 20 == 0 ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        }
        if (i % 7 == 0) {
          values[values.length - 1] = i % 2 == 0 ? Double.MAX_VALUE : Double.MIN_VALUE;
        }
        ExponentialHistogram histogram = ExponentialHistogram.of(values);
        for (double share : new double[] {0, 0.5, 0.95, 0.99, 1, random.nextDouble()}) {
          double wanted = histogram.quantile(share);
          ask.setBytes(1, histogram.encoded());
          ask.setDouble(2, share);
          ask.setBytes(3, histogram.encoded());
          ask.setDouble(4, share);
          try (ResultSet result = ask.executeQuery()) {
            result.next();
            for (int column = 1; column <= 2; column++) {
              double is = result.getDouble(column);
              assertThat(
                      is == wanted
                          || (Double.isNaN(is) && Double.isNaN(wanted))
                          || Math.abs(is - wanted) <= 1e-9 * Math.abs(wanted)
                          || Math.abs(wanted) < 1e-270)
                  .as("%s of %s is %s, not %s", share, Arrays.toString(values), is, wanted)
                  .isTrue();
            }
          }
        }
      }
    }
  }

  @Test
  void nothingIsCountedInWindowsWithoutValues() throws SQLException {
    for (String view : VIEWS.values()) {
      assertThat(read("SELECT * FROM " + view)).isEmpty();
    }
    SeriesKey series = SeriesKey.of("default", Labels.of("__name__", "m", "host", "h"));
    write(series);
    raw(series, 0, new Samples(new long[] {DAY, DAY + 1}, new double[] {Double.NaN, Double.NaN}));
    mark("1m", 0, 0, DAY);
    for (String view : VIEWS.values()) {
      assertThat(read("SELECT * FROM " + view)).isEmpty();
    }
  }

  @Test
  void valuesAtTheEdgesOfFloatingPointFailNoQuery() throws SQLException {
    SeriesKey series = SeriesKey.of("default", Labels.of("__name__", "m", "host", "h"));
    write(series);
    double[] values = {
      -Double.MAX_VALUE,
      Double.MAX_VALUE,
      Double.MAX_VALUE,
      Double.MIN_VALUE,
      -0.0,
      1,
      -Double.MAX_VALUE,
      Double.MIN_VALUE,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY
    };
    long[] times = IntStream.range(0, values.length).mapToLong(i -> DAY + i * 60_000L).toArray();
    raw(series, 0, new Samples(times, values));
    mark("1m", 0, 0, DAY);
    for (Map.Entry<Tier, String> view : VIEWS.entrySet()) {
      Map<List<Long>, double[]> rows = read("SELECT * FROM " + view.getValue());
      assertThat(rows).isNotEmpty();
      assertThat(rows.values().stream().mapToDouble(row -> row[0]).sum()).isEqualTo(values.length);
    }
  }

  @Test
  void aRangeReadsItsOwnPartitionsOnly() throws SQLException {
    for (int n = 0; n < 300; n++) {
      write(SeriesKey.of("default", Labels.of("__name__", "m" + n % 10, "host", "h" + n)));
    }
    execute(
        "INSERT INTO rollup_1h SELECT series_id, timestamptz '2026-03-01' + b * interval '2 hours', 1,"
            + " 2, 0, 60, 0, 3540000, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, '{1,2,3,4}', NULL,"
            + " NULL, '{60,120}', NULL, NULL, NULL, NULL, NULL, '{NULL,NULL}'"
            + " FROM series, generate_series(0, 35) b");
    mark("1m", SHARDS, 3, DAY);
    execute("ANALYZE");
    // So few series are scanned faster with the settings that a server comes with.
    execute("SET enable_seqscan = off");
    List<String> plan = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "EXPLAIN ANALYZE SELECT time, value FROM metrics_1hour_between('2026-03-02 00:00',"
                    + " timestamptz '2026-03-01 20:00' + interval '10 hours') WHERE metric_name ="
                    + " 'm3' AND host = 'h13'")) {
      while (result.next()) {
        plan.add(result.getString(1));
      }
    }
    assertThat(String.join("\n", plan))
        .contains("series_metric_host")
        .contains("rollup_1h_day1_pkey")
        .doesNotContain("rollup_1h_day2")
        .doesNotContain("Function Scan on metrics_1hour_between");
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
