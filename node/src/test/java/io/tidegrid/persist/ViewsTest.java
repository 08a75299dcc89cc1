package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What SQL users see of the tables as they are documented. */
@Timeout(60)
class ViewsTest {

  private static final Instant DAY = Instant.parse("2026-03-01T00:00:00Z");
  private static final Duration BLOCK = Duration.ofHours(2);
  private static final SeriesKey CPU = series("cpu", "web-1");

  private String databaseUrl;
  private Connection connection;

  @BeforeEach
  void migrate() throws SQLException {
    databaseUrl = TestServer.newDatabase();
    connection = TestServer.connect(databaseUrl);
    new SchemaMigrator().migrate(connection);
    execute("SET timezone = 'UTC'");
    for (int day = 0; day < 4; day++) {
      Instant from = DAY.plus(Duration.ofDays(day));
      execute(
          "CREATE TABLE blocks_day%d PARTITION OF blocks FOR VALUES FROM ('%s') TO ('%s')"
              .formatted(day, from, from.plus(Duration.ofDays(1))));
    }
    execute(
        "CREATE TABLE recent_hour PARTITION OF recent FOR VALUES FROM ('%s') TO ('%s')"
            .formatted(DAY, DAY.plus(Duration.ofHours(1))));
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void nothingIsThereBeforeAnythingIsWritten() throws SQLException {
    assertThat(rows("SELECT * FROM metrics")).isEmpty();
    assertThat(rows("SELECT * FROM metrics_between('2026-03-01', '2026-03-02')")).isEmpty();
    write(CPU);
    assertThat(rows("SELECT * FROM metrics")).isEmpty();
  }

  @Test
  void aRowShowsTheSeriesByItsParts() throws SQLException {
    SeriesKey series =
        SeriesKey.of("acme", Labels.of("__name__", "cpu", "host", "web-1", "region", "eu"));
    write(series);
    block(series, 0, 1, "0, 60000, 1, 1, 405, NULL, '{0}', NULL, NULL");
    assertThat(
            rows(
                "SELECT time, host, metric_name, value, labels, tenant, series_id = "
                    + series.id()
                    + " FROM metrics"))
        .containsExactly(
            "2026-03-01 00:00:00+00|web-1|cpu|40.5|{\"host\": \"web-1\", \"region\":"
                + " \"eu\"}|acme|t");
  }

  @Test
  void everyFormOfABlockIsRead() throws SQLException {
    write(CPU);
    block(CPU, 0, 1, "5, 60000, 3, 2, 1000, NULL, '{-5,0,32767}', NULL, NULL");
    block(CPU, 1, 1, "0, 0, 2, 0, 9007199254740992, '{1,7199999}', NULL, '{0,2147483647}', NULL");
    block(CPU, 2, 1, "0, 10000, 4, 0, 0, NULL, NULL, NULL, '{NaN,-0,Infinity,5e-324}'");
    block(CPU, 3, 1, "7, 0, 1, 3, 12345, '{7}', '{0}', NULL, NULL");
    assertThat(rows("SELECT time, value FROM metrics ORDER BY time"))
        .containsExactly(
            "2026-03-01 00:00:00.005+00|9.95",
            "2026-03-01 00:01:00.005+00|10",
            "2026-03-01 00:02:00.005+00|337.67",
            "2026-03-01 02:00:00.001+00|9.007199254740992e+15",
            "2026-03-01 03:59:59.999+00|9.00720140222464e+15",
            "2026-03-01 04:00:00+00|NaN",
            "2026-03-01 04:00:10+00|-0",
            "2026-03-01 04:00:20+00|Infinity",
            "2026-03-01 04:00:30+00|5e-324",
            "2026-03-01 06:00:00.007+00|12.345");
  }

  @Test
  void theHighestSequenceIsTheValue() throws SQLException {
    write(CPU);
    // A block of sequence 10 with ten samples of value 0.
    block(CPU, 0, 10, "0, 1000, 10, 0, 0, NULL, '{0,0,0,0,0,0,0,0,0,0}', NULL, NULL");
    recent(64, CPU, 0, 9, new long[] {0}, new double[] {1});
    recent(64, CPU, 0, 10, new long[] {1_000}, new double[] {1});
    recent(64, CPU, 0, 11, new long[] {2_000, 3_000, 3_000}, new double[] {1, 1, 2});
    recent(64, CPU, 0, 13, new long[] {4_000}, new double[] {3});
    recent(64, CPU, 0, 12, new long[] {4_000, 20_000}, new double[] {2, Double.NaN});
    assertThat(rows("SELECT extract(second FROM time)::int, value FROM metrics ORDER BY time"))
        .containsExactly(
            "0|0", "1|0", "2|1", "3|2", "4|3", "5|0", "6|0", "7|0", "8|0", "9|0", "20|NaN");
  }

  @Test
  void rowsOfEveryNumberOfShardsAreFound() throws SQLException {
    List<SeriesKey> all = IntStream.range(0, 40).mapToObj(i -> series("cpu", "h" + i)).toList();
    assertThat(all).anyMatch(s -> s.shardHash() < 0).anyMatch(s -> s.shardHash() > 0);
    write(all.toArray(SeriesKey[]::new));
    // 0: written by a node that did not know.
    int[] layouts = {271, 1, 64, 0, 6};
    for (SeriesKey series : all) {
      for (int i = 0; i < layouts.length; i++) {
        recent(layouts[i], series, 0, 1, new long[] {i}, new double[] {layouts[i]});
      }
    }
    for (SeriesKey series : all) {
      String host = series.labels().toMap(false).get("host");
      assertThat(rows("SELECT value FROM metrics WHERE host = '" + host + "' ORDER BY time"))
          .containsExactly("271", "1", "64", "0", "6");
    }
    assertThat(rows("SELECT count(*) FROM metrics")).containsExactly("200");
  }

  @Test
  void anyMixtureOfRowsGivesOneValuePerTime() throws SQLException {
    SplittableRandom random = new SplittableRandom(7);
    SeriesKey[] all =
        IntStream.range(0, 6).mapToObj(i -> series("m" + i % 2, "h" + i)).toArray(SeriesKey[]::new);
    write(all);
    Map<String, long[]> winners = new TreeMap<>();
    for (SeriesKey series : all) {
      for (int block = 0; block < 30; block += 1 + random.nextInt(3)) {
        long blockSeq = random.nextInt(20);
        if (random.nextBoolean()) {
          int n = 1 + random.nextInt(20);
          block(
              series,
              block,
              blockSeq,
              "0, 1000, %d, 0, 1000, NULL, '%s', NULL, NULL"
                  .formatted(
                      n,
                      Arrays.toString(IntStream.range(0, n).toArray())
                          .replace('[', '{')
                          .replace(']', '}')));
          for (int i = 0; i < n; i++) {
            win(winners, series, block, i * 1_000L, blockSeq, 1_000 + i);
          }
        }
        for (int row = random.nextInt(4); row > 0; row--) {
          // Sequences of rows differ, but may equal the block's.
          long seq = row * 5L;
          int n = 1 + random.nextInt(10);
          long[] times = random.longs(n, 0, 25).map(t -> t * 1_000).toArray();
          double[] values = random.ints(n, 0, 100).asDoubleStream().toArray();
          recent(64, series, block, seq, times, values);
          for (int i = 0; i < n; i++) {
            boolean beatsBlock = seq > blockSeq || !isBlock(winners, series, block, times[i]);
            if (beatsBlock) {
              win(winners, series, block, times[i], seq, (long) values[i]);
            }
          }
        }
      }
    }
    List<String> expected = new ArrayList<>();
    winners.forEach((key, winner) -> expected.add(key + "|" + winner[1]));
    assertThat(
            rows("SELECT host, extract(epoch FROM time)::bigint, value FROM metrics ORDER BY 1, 2"))
        .containsExactlyElementsOf(expected);
    for (int i = 0; i < 20; i++) {
      String since = DAY.plusMillis(random.nextLong(60) * BLOCK.toMillis() / 2).toString();
      String until = Instant.parse(since).plusSeconds(random.nextInt(100_000)).toString();
      assertThat(
              rows(
                  "SELECT * FROM metrics_between('"
                      + since
                      + "', '"
                      + until
                      + "') ORDER BY host, time"))
          .isEqualTo(
              rows(
                  "SELECT time, host, metric_name, value, labels, tenant, series_id FROM metrics"
                      + " WHERE time BETWEEN '"
                      + since
                      + "' AND '"
                      + until
                      + "' ORDER BY host, time"));
    }
  }

  private static boolean isBlock(
      Map<String, long[]> winners, SeriesKey series, int block, long offset) {
    long[] winner = winners.get(key(series, block, offset));
    return winner != null && winner[1] >= 1_000;
  }

  private static void win(
      Map<String, long[]> winners, SeriesKey series, int block, long offset, long seq, long value) {
    winners.merge(
        key(series, block, offset),
        new long[] {seq, value},
        (old, other) -> other[0] >= old[0] ? other : old);
  }

  private static String key(SeriesKey series, int block, long offset) {
    return series.labels().toMap(false).get("host")
        + "|"
        + DAY.plus(BLOCK.multipliedBy(block)).plusMillis(offset).getEpochSecond();
  }

  @Test
  void whatTheJournalWritesIsThere() throws Exception {
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    List<String> expected = new ArrayList<>();
    try (Database database =
        new Database(PersistOptions.remote(databaseUrl, Path.of("target")), meters)) {
      JournalStore store = new JournalStore(database, Clock.systemUTC(), meters);
      database.start();
      assertThat(database.awaitConnected(Duration.ofSeconds(20))).isTrue();
      store.shards(64);
      for (int n = 0; n < 10; n++) {
        SeriesKey series = Batches.series(n);
        Map<JournalKey, JournalBatch> batches = new TreeMap<>();
        for (int counter = 1; counter <= 3; counter++) {
          // Every batch writes the first sample anew and the last one to the next block.
          long[] ids = {series.id(), series.id(), series.id()};
          long[] times = {Batches.T0, Batches.T0 + counter, Batches.T0 + 7_200_000 + counter};
          double[] values = {counter, n, Double.NaN};
          batches.put(
              Batches.key(series.shard(64), n * 10 + counter),
              new JournalBatch(
                  3, ids, times, values, List.of(Batches.birth(n)), counter > 1, false));
          expected.add(n + "|" + times[1] + "|" + n);
          expected.add(n + "|" + times[2] + "|NaN");
        }
        expected.add(n + "|" + Batches.T0 + "|3");
        store.storeAll(batches);
      }
      store.close();
    }
    assertThat(
            rows(
                "SELECT labels->>'n', (extract(epoch FROM time) * 1000)::bigint, value FROM"
                    + " metrics"))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void aRangeReadsItsBlocksOnly() throws SQLException {
    write(
        IntStream.range(0, 200)
            .mapToObj(i -> series("m" + i % 10, "h" + i))
            .toArray(SeriesKey[]::new));
    execute(
        "INSERT INTO blocks SELECT series_id, timestamptz '2026-03-01' + b * interval '2 hours', 1, 0,"
            + " 1000, 2, 0, 0, NULL, '{0,0}', NULL, NULL FROM series, generate_series(0, 47) b");
    execute("ANALYZE");
    String plan =
        String.join(
            "\n",
            rows(
                "EXPLAIN ANALYZE SELECT time, value FROM metrics_between('2026-03-02 00:00',"
                    + " timestamptz '2026-03-01 20:00' + interval '5 hours') WHERE metric_name ="
                    + " 'm3' AND host = 'h13'"));
    assertThat(plan)
        .contains("series_metric_host")
        .contains("Subplans Removed")
        .contains("blocks_day1_pkey")
        .doesNotContain("Seq Scan on blocks")
        .doesNotContain("Function Scan on metrics_between");
    String view =
        String.join(
            "\n",
            rows("EXPLAIN SELECT time FROM metrics WHERE metric_name = 'm3' AND host = 'h13'"));
    assertThat(view).contains("series_metric_host").doesNotContain("Seq Scan on blocks");
  }

  /** Duplicates within a row, between rows, layouts and blocks; joined, and series by series. */
  @Test
  void allSamplesTogetherAreThoseOfEachSeries() throws SQLException {
    SplittableRandom random = new SplittableRandom(11);
    SeriesKey[] all =
        IntStream.range(0, 12)
            .mapToObj(i -> series("m" + i % 3, "h" + i))
            .toArray(SeriesKey[]::new);
    write(all);
    int[] layouts = {64, 0, 6, 64};
    for (SeriesKey series : all) {
      for (int block = 0; block < 8; block++) {
        if (random.nextInt(3) == 0) {
          block(
              series,
              block,
              random.nextInt(12),
              "0, 1000, 3, 0, 1000, NULL, '{0,1,2}', NULL, NULL");
        }
        for (int row = block == 7 ? 0 : random.nextInt(5); row > 0; row--) {
          long[] times = random.longs(6, 0, 8).map(t -> t * 500).toArray();
          double[] values = random.doubles(6).toArray();
          recent(layouts[row - 1], series, block, row * 3L, times, values);
        }
      }
    }
    List<String> each = rows("SELECT * FROM series_samples ORDER BY series_id, time");
    assertThat(each).hasSizeGreaterThan(200);
    for (String plan :
        List.of(
            "",
            "SET enable_hashjoin = off",
            "SET enable_nestloop = off; SET enable_hashagg = off")) {
      execute("RESET ALL; SET timezone = 'UTC'; " + plan);
      assertThat(rows("SELECT * FROM all_samples ORDER BY series_id, time")).isEqualTo(each);
      for (SeriesKey series : all) {
        assertThat(
                rows(
                    "SELECT * FROM all_samples WHERE metric = '%s' AND labels ->> 'host' = '%s' ORDER BY time"
                        .formatted(
                            series.labels().metricName(),
                            series.labels().toMap(false).get("host"))))
            .isEqualTo(each.stream().filter(row -> row.startsWith(series.id() + "|")).toList());
      }
    }
  }

  /**
   * Every sample is unpacked once, whatever the number of series; of one series only its shard's.
   */
  @Test
  void allSeriesReadEachRecentRowOnce() throws SQLException {
    execute(
        """
        INSERT INTO series SELECT g, 'default', 'm' || g % 10, g::text::bytea,
          jsonb_build_object('__name__', 'm' || g % 10, 'host', 'h' || g), now(), g
          FROM generate_series(0, 1999) g;
        INSERT INTO recent SELECT '2026-03-01', 64, shard, '2026-03-01', step,
          (SELECT array_agg(series_id ORDER BY series_id) FROM series WHERE shard_hash % 64 = shard),
          (SELECT array_agg(timestamptz '2026-03-01' + step * interval '1 s' ORDER BY series_id) FROM series WHERE shard_hash % 64 = shard),
          (SELECT array_agg(step::float8 ORDER BY series_id) FROM series WHERE shard_hash % 64 = shard)
          FROM generate_series(0, 63) shard, generate_series(1, 20) step;
        ANALYZE series, recent
        """);
    assertThat(rows("SELECT count(*), sum(value) FROM metrics")).containsExactly("40000|420000");
    assertThat(visits("SELECT count(*) FROM metrics")).isBetween(1_280, 1_300);
    assertThat(
            visits(
                "SELECT avg(value) FROM metrics_between('2026-03-01 00:00', '2026-03-01 01:00')"
                    + " GROUP BY metric_name"))
        .isBetween(1_280, 1_300);
    assertThat(visits("SELECT value FROM metrics WHERE metric_name = 'm3' AND host = 'h13'"))
        .isBetween(20, 40);
  }

  /** Returns how many recent rows a query read, each as often as it was read. */
  private int visits(String query) throws SQLException {
    Pattern scan = Pattern.compile("on recent_hour r.*\\(actual rows=([0-9.]+) loops=(\\d+)\\)");
    double visits = 0;
    for (String line : rows("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + query)) {
      Matcher matcher = scan.matcher(line);
      if (matcher.find() && !line.contains("Only Scan")) {
        visits += Double.parseDouble(matcher.group(1)) * Long.parseLong(matcher.group(2));
      }
    }
    return (int) Math.round(visits);
  }

  @Test
  void whoMightReadTheOlderViewMayReadTheNewOne() throws SQLException {
    String url = TestServer.newDatabase();
    try (Connection older = TestServer.connect(url);
        Statement statement = older.createStatement()) {
      new SchemaMigrator().migrate(older);
      String reader = "reader_" + System.identityHashCode(older);
      statement.execute(
          "DROP VIEW all_samples CASCADE; DROP VIEW recent_layouts;"
              + " ALTER VIEW series_samples RENAME TO all_samples;"
              + " CREATE VIEW metrics AS SELECT time, labels ->> 'host' AS host, metric AS metric_name,"
              + " value, labels - '__name__' AS labels, tenant, series_id, block FROM all_samples;"
              + " DELETE FROM tidegrid_schema WHERE version >= 9;"
              + " CREATE ROLE %1$s; GRANT SELECT ON all_samples TO %1$s, PUBLIC".formatted(reader));
      new SchemaMigrator().migrate(older);
      assertThat(
              TestServer.number(
                  url,
                  "SELECT count(*) FROM information_schema.role_table_grants WHERE table_name ="
                      + " 'all_samples' AND privilege_type = 'SELECT' AND grantee IN ('PUBLIC', '"
                      + reader
                      + "')"))
          .isEqualTo(2);
      statement.execute("DROP OWNED BY " + reader + "; DROP ROLE " + reader);
    }
  }

  @Test
  void shardHashesOfOlderRowsAreFilledIn() throws SQLException {
    write(CPU, series("cpu", "web-2"));
    execute("ALTER TABLE series ALTER COLUMN shard_hash DROP NOT NULL");
    List<String> before = rows("SELECT series_id, shard_hash FROM series ORDER BY 1");
    execute("UPDATE series SET shard_hash = NULL");
    connection.setAutoCommit(false);
    ShardHashes.fill(connection);
    connection.commit();
    connection.setAutoCommit(true);
    assertThat(rows("SELECT series_id, shard_hash FROM series ORDER BY 1")).isEqualTo(before);
  }

  private static SeriesKey series(String metric, String host) {
    return SeriesKey.of("default", Labels.of("__name__", metric, "host", host));
  }

  private void write(SeriesKey... all) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO series VALUES (?, ?, ?, ?, ?::jsonb, now(), ?)")) {
      for (SeriesKey series : all) {
        StringBuilder json = new StringBuilder("{");
        series
            .labels()
            .forEach((name, value) ->
                json.append(json.length() > 1 ? "," : "")
                    .append('"' + name + "\":\"" + value + '"'));
        insert.setLong(1, series.id());
        insert.setString(2, series.tenant());
        insert.setString(3, series.labels().metricName());
        insert.setBytes(4, series.labels().canonicalBytes());
        insert.setString(5, json.append('}').toString());
        insert.setLong(6, series.shardHash());
        insert.executeUpdate();
      }
    }
  }

  private static Instant start(int block) {
    return DAY.plus(BLOCK.multipliedBy(block));
  }

  /** Writes a block row; the rest is first_ms, step_ms, n, scale, base and the four arrays. */
  private void block(SeriesKey series, int block, long seq, String rest) throws SQLException {
    execute(
        "INSERT INTO blocks VALUES (%d, '%s', %d, %s)"
            .formatted(series.id(), start(block), seq, rest));
  }

  /** Writes a recent row, among the samples of another series. */
  private void recent(
      int shards, SeriesKey series, int block, long seq, long[] offsets, double[] values)
      throws SQLException {
    int n = offsets.length;
    Object[] ids = new Object[n + 1];
    Object[] times = new Object[n + 1];
    Object[] samples = new Object[n + 1];
    for (int i = 0; i <= n; i++) {
      ids[i] = i < n ? series.id() : 1L;
      times[i] = Timestamp.from(start(block).plusMillis(i < n ? offsets[i] : 1));
      samples[i] = i < n ? values[i] : -1.0;
    }
    Array idArray = connection.createArrayOf("int8", ids);
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO recent VALUES (?, ?, ?, ?, ?, ?, ?, ?)")) {
      insert.setTimestamp(1, Timestamp.from(DAY));
      insert.setInt(2, shards);
      insert.setInt(3, shards == 0 ? 7 : series.shard(shards));
      insert.setTimestamp(4, Timestamp.from(start(block)));
      insert.setLong(5, seq);
      insert.setArray(6, idArray);
      insert.setArray(7, connection.createArrayOf("timestamptz", times));
      insert.setArray(8, connection.createArrayOf("float8", samples));
      insert.executeUpdate();
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      while (result.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.add(result.getString(i));
        }
        rows.add(String.join("|", row));
      }
    }
    return rows;
  }
}
