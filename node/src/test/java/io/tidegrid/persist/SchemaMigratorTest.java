package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@OnEachServer
class SchemaMigratorTest {

  private static int migrate(String url) throws SQLException {
    try (Connection connection = TestServer.connect(url)) {
      return new SchemaMigrator().migrate(connection);
    }
  }

  @Test
  void nodesThatStartTogetherMigrateOnce() throws Exception {
    String url = TestServer.newDatabase();
    List<Future<Integer>> versions = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 4; i++) {
        versions.add(pool.submit(() -> migrate(url)));
      }
    }
    for (Future<Integer> version : versions) {
      assertThat(version.get()).isEqualTo(9);
    }
    assertThat(TestServer.number(url, "SELECT max(version) FROM tidegrid_schema")).isEqualTo(9);
  }

  /** Two hours of rows, late ones among them, and rows whose key comes twice. */
  @Test
  void samplesOfTheFirstSchemaMoveIntoArrays() throws Exception {
    String done = TestServer.newDatabase();
    migrate(done);
    String url = TestServer.newDatabase();
    try (InputStream script = SchemaMigrator.class.getResourceAsStream("V001__samples.sql");
        Connection from = TestServer.connect(done);
        Connection to = TestServer.connect(url);
        Statement read = from.createStatement();
        Statement statement = to.createStatement();
        ResultSet first =
            read.executeQuery("SELECT checksum FROM tidegrid_schema WHERE version = 1")) {
      first.next();
      statement.execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
      statement.execute(
          "CREATE TABLE tidegrid_schema (version integer PRIMARY KEY, name text NOT NULL, checksum"
              + " text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
      statement.execute(
          "INSERT INTO tidegrid_schema VALUES (1, 'V001__samples.sql', '"
              + first.getString(1)
              + "')");
      for (int hour = 9; hour < 12; hour++) {
        String start = "2026-03-01T" + (hour < 10 ? "0" : "") + hour + ":00:00Z";
        statement.execute(
            "CREATE TABLE samples_p"
                + hour
                + " PARTITION OF samples FOR VALUES FROM ('"
                + start
                + "') TO ('"
                + start
                + "'::timestamptz + interval '1 hour')");
      }
      statement.execute(
          "INSERT INTO samples SELECT n % 10, '2026-03-01T09:30:00Z'::timestamptz + n / 10 *"
              + " interval '1 second', n, 1000 + n / 100 FROM generate_series(0, 29999) AS n");
      // Of each key the sample of the highest sequence counts, wherever it is.
      statement.execute(
          "INSERT INTO samples VALUES (1, '2026-03-01T09:30:00Z', -1, 5000),"
              + " (2, '2026-03-01T09:30:00Z', -2, 1)");
      statement.execute(
          "INSERT INTO samples_late VALUES (3, '2026-03-01T09:30:00Z', 'NaN', 5001),"
              + " (4, '2026-03-01T09:30:00Z', -4, 2), (5, '2020-01-01T00:00:00Z', '-0', 3)");
    }
    assertThat(migrate(url)).isEqualTo(9);
    assertThat(TestServer.number(url, "SELECT count(to_regclass('samples'))")).isZero();
    assertThat(TestServer.written(url)).isEqualTo(30_001);
    assertThat(TestServer.samples(url)).isEqualTo(30_001);
    assertThat(TestServer.number(url, "SELECT max(cardinality(ids)) FROM recent"))
        .isLessThanOrEqualTo(10_000);
    assertThat(TestServer.number(url, "SELECT max(seq) FROM recent")).isEqualTo(5_001);
    Map<Long, Double> firsts = new HashMap<>();
    try (Connection connection = TestServer.connect(url)) {
      connection.setAutoCommit(false);
      StoredSamples.beginSnapshot(connection);
      long start = Instant.parse("2026-03-01T09:30:00Z").toEpochMilli();
      new StoredSamples(new RecentSamples(() -> 64), List.of(new BlockTable()))
          .read(
              connection,
              new long[] {1, 2, 3, 4, 5, 6},
              new int[] {1, 2, 3, 4, 5, 6},
              0,
              start,
              (id, samples) -> firsts.put(id, samples.values()[0]));
    }
    assertThat(firsts)
        .isEqualTo(Map.of(1L, -1.0, 2L, 2.0, 3L, Double.NaN, 4L, 4.0, 5L, -0.0, 6L, 6.0));
    // What comes next goes into the same partition, if it comes within the hour.
    try (Connection connection = TestServer.connect(url)) {
      TreeMap<JournalKey, JournalBatch> one = new TreeMap<>();
      one.put(Batches.key(0, 1), Batches.one(Batches.T0, 1, false, false));
      assertThat(new JournalWriter(Clock.systemUTC()).write(connection, one).samples()).isOne();
    }
  }

  /** Of an upgraded database nothing is rolled up: all that has samples is marked. */
  @Test
  void whatWasStoredBeforeRollupsIsMarked() throws Exception {
    String url = TestServer.newDatabase();
    migrate(url);
    try (InputStream script = SchemaMigrator.class.getResourceAsStream("V004__rollups.sql");
        Connection connection = TestServer.connect(url);
        Statement statement = connection.createStatement()) {
      // As if the script had never run.
      statement.execute(
          "DROP TABLE rollup_1m, rollup_5m, rollup_1h, rollup_1d, rollup_spans, rollup_partitions,"
              + " rollup_dirty, raw_dropped CASCADE");
      statement.execute(
          "INSERT INTO block_days VALUES ('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')");
      statement.execute(
          "CREATE TABLE recent_p PARTITION OF recent FOR VALUES FROM ('2026-03-03') TO"
              + " ('2026-03-04')");
      statement.execute(
          "INSERT INTO recent VALUES ('2026-03-03T12:00:00Z', 4, 1, '2026-03-02T08:00:00Z', 1,"
              + " '{1}', '{2026-03-02T08:30:00Z}', '{1}')");
      statement.execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
    }
    assertThat(TestServer.number(url, "SELECT count(*) FROM rollup_dirty")).isEqualTo(13);
    assertThat(
            TestServer.number(
                url,
                "SELECT count(*) FROM rollup_dirty WHERE tier = '1m' AND shards = 0 AND (start ="
                    + " '2026-03-02T08:00:00Z' OR date_bin('1 day', start, 'epoch') ="
                    + " '2026-03-01T00:00:00Z')"))
        .isEqualTo(13);
  }

  @Test
  void aNewerSchemaIsRefused() throws SQLException {
    String url = TestServer.newDatabase();
    migrate(url);
    TestServer.execute(url, "INSERT INTO tidegrid_schema VALUES (99, 'V099__future.sql', 'x')");
    assertThatThrownBy(() -> migrate(url))
        .isInstanceOf(SchemaException.class)
        .hasMessageContaining("version 99");
  }

  @Test
  void aSchemaMadeFromAnotherScriptIsRefused() throws SQLException {
    String url = TestServer.newDatabase();
    migrate(url);
    TestServer.execute(url, "UPDATE tidegrid_schema SET checksum = 'abc'");
    assertThatThrownBy(() -> migrate(url))
        .isInstanceOf(SchemaException.class)
        .hasMessageContaining("abc");
  }

  @Test
  void factsAreDetected() throws SQLException {
    try (Connection connection = TestServer.connect(TestServer.newDatabase())) {
      ServerFacts facts = ServerFacts.detect(connection);
      assertThat(facts.product()).matches("PostgreSQL \\d+\\.\\d+");
      assertThat(facts.timescaledbState()).isIn("absent", "available", "not preloaded");
      assertThat(facts.columnstore()).isFalse();
      assertThat(TimescaleSetup.prepare(connection).timescaledbState())
          .isIn("absent", "not preloaded", "installed (apache)", "installed (timescale)");
    }
  }
}
