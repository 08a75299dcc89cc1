package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tidegrid.store.BlockSpan;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Needs a server with TimescaleDB's columnstore. */
@Timeout(60)
@OnEachServer
class HypertableSamplesTest {

  private static final long BLOCK = Instant.parse("2026-03-01T10:00:00Z").toEpochMilli();
  private static final Instant NOW = Instant.parse("2026-03-02T10:20:00Z");

  private final HypertableSamples samples = new HypertableSamples();
  private String url;
  private Connection connection;

  @BeforeEach
  void open() throws SQLException {
    url = TestServer.newDatabase();
    connection = TestServer.connect(url);
    int ignored = new SchemaMigrator().migrate(connection);
    ServerFacts facts = TimescaleSetup.prepare(connection);
    assumeThat(facts.columnstore()).as("columnstore: %s", facts.timescaledbState()).isTrue();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  /** As compaction does it: replaces series of a block in one transaction. */
  private void replace(long block, long seq, Map<Long, SortedMap<Long, Double>> series)
      throws SQLException {
    replace(connection, block, seq, series);
  }

  private void replace(
      Connection on, long block, long seq, Map<Long, SortedMap<Long, Double>> series)
      throws SQLException {
    samples.prepare(on, block, NOW);
    on.setAutoCommit(false);
    on.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    assertThat(samples.lock(on, block)).isTrue();
    SortedMap<Long, SortedMap<Long, Double>> sorted = new TreeMap<>(series);
    long[] ids = sorted.keySet().stream().mapToLong(Long::longValue).toArray();
    samples.delete(on, block, ids, 0, ids.length);
    long written = 0;
    try (CompactedWriter.Rows rows = samples.write(on, block)) {
      for (var entry : sorted.entrySet()) {
        long[] times = entry.getValue().keySet().stream().mapToLong(Long::longValue).toArray();
        double[] values =
            entry.getValue().values().stream().mapToDouble(Double::doubleValue).toArray();
        rows.write(entry.getKey(), seq, times, values, 0, times.length);
        written += times.length;
      }
      assertThat(rows.finish()).isEqualTo(written);
    }
    on.commit();
    on.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    on.setAutoCommit(true);
  }

  private Map<Long, SortedMap<Long, Long>> read(long fromMs, long toMs, long... ids)
      throws SQLException {
    Map<Long, SortedMap<Long, Long>> all = new TreeMap<>();
    samples.read(
        connection,
        ids,
        fromMs,
        toMs,
        (id, seq, run) -> {
          for (int i = 0; i < run.size(); i++) {
            Long before =
                all.computeIfAbsent(id, x -> new TreeMap<>())
                    .put(run.times()[i], Double.doubleToRawLongBits(run.values()[i]));
            assertThat(before).isNull();
          }
        });
    return all;
  }

  private static Map<Long, SortedMap<Long, Long>> bits(Map<Long, SortedMap<Long, Double>> series) {
    Map<Long, SortedMap<Long, Long>> all = new TreeMap<>();
    series.forEach((id, of) -> {
      SortedMap<Long, Long> bits = new TreeMap<>();
      of.forEach((time, value) -> bits.put(time, Double.doubleToRawLongBits(value)));
      all.put(id, bits);
    });
    return all;
  }

  private static SortedMap<Long, Double> gauge(long block, long stepMs, double first) {
    SortedMap<Long, Double> all = new TreeMap<>();
    for (long at = 0; at < BlockSpan.LENGTH_MS; at += stepMs) {
      all.put(block + at, Math.round((first + Math.sin(at / 1e6)) * 100) / 100.0);
    }
    return all;
  }

  private long uncompressedRows() {
    return TestServer.number(
        url,
        "SELECT coalesce(sum(pg_relation_size(format('%I.%I', chunk_schema, chunk_name)::regclass)),"
            + " 0) FROM timescaledb_information.chunks WHERE hypertable_name = 'samples'");
  }

  @Test
  void everyValueKeepsItsBits() throws SQLException {
    double[] odd = {
      -0.0,
      Double.longBitsToDouble(0x7ff0000000000002L),
      Double.longBitsToDouble(0xfff8000000abcdefL),
      Double.NEGATIVE_INFINITY,
      Double.MIN_VALUE,
      0.1 + 0.2,
      0x1p53,
      -0x1p53 - 2,
      1e22,
      12345.67
    };
    SortedMap<Long, Double> alone = new TreeMap<>();
    SortedMap<Long, Double> among = gauge(BLOCK, 10_000, 40);
    for (int i = 0; i < odd.length; i++) {
      alone.put(BLOCK + i * 7L + 1, odd[i]);
      among.put(BLOCK + i * 20_000L, odd[i]);
    }
    Map<Long, SortedMap<Long, Double>> all =
        Map.of(
            1L,
            alone,
            -5L,
            among,
            Long.MAX_VALUE,
            gauge(BLOCK, 15_000, 1e9),
            7L,
            new TreeMap<>(Map.of(BLOCK, 3.0)));
    replace(BLOCK, 100, all);
    assertThat(read(0, BLOCK + BlockSpan.LENGTH_MS, 1, -5, Long.MAX_VALUE, 7, 8))
        .isEqualTo(bits(all));
    assertThat(uncompressedRows()).isZero();
    assertThat(read(BLOCK + 10_000, BLOCK + 29_999, Long.MAX_VALUE).get(Long.MAX_VALUE))
        .containsOnlyKeys(BLOCK + 15_000);
  }

  @Test
  void aSeriesOfABlockIsReplacedAloneAndStaysCompressed() throws SQLException {
    long next = BLOCK + BlockSpan.LENGTH_MS;
    replace(BLOCK, 10, Map.of(1L, gauge(BLOCK, 10_000, 1), 2L, gauge(BLOCK, 10_000, 2)));
    replace(next, 11, Map.of(1L, gauge(next, 10_000, 3), 2L, gauge(next, 10_000, 4)));
    SortedMap<Long, Double> mended = gauge(BLOCK, 10_000, 5);
    mended.put(BLOCK + 5, 1.25);
    replace(BLOCK, 12, Map.of(2L, mended));

    assertThat(read(0, next + BlockSpan.LENGTH_MS, 1, 2))
        .isEqualTo(
            bits(
                Map.of(
                    1L, union(gauge(BLOCK, 10_000, 1), gauge(next, 10_000, 3)),
                    2L, union(mended, gauge(next, 10_000, 4)))));
    assertThat(uncompressedRows()).isZero();

    int[] counts = new int[3];
    samples.counts(connection, BLOCK, new long[] {1, 2, 3}, 0, 3, counts);
    assertThat(counts).containsExactly(720, 721, 0);
    List<Long> sequences = new ArrayList<>();
    List<Long> ids = new ArrayList<>();
    samples.read(
        connection,
        BLOCK,
        new long[] {1, 2, 3},
        0,
        3,
        (id, seq, buffer) -> {
          ids.add(id);
          sequences.add(seq);
          assertThat(buffer.size()).isEqualTo(id == 1 ? 720 : 721);
        });
    assertThat(ids).containsExactly(1L, 2L);
    assertThat(sequences).containsExactly(10L, 12L);
  }

  private static SortedMap<Long, Double> union(
      SortedMap<Long, Double> one, SortedMap<Long, Double> other) {
    SortedMap<Long, Double> all = new TreeMap<>(one);
    all.putAll(other);
    return all;
  }

  @Test
  void manyWriteTheFirstBlocksOfADayAtOnce() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    Map<Long, SortedMap<Long, Double>> all = new TreeMap<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Future<?>> done = new ArrayList<>();
      for (long shard = 0; shard < 4; shard++) {
        long block = BLOCK + shard * BlockSpan.LENGTH_MS;
        Map<Long, SortedMap<Long, Double>> part = new TreeMap<>();
        for (long id = shard * 10; id < shard * 10 + 10; id++) {
          part.put(id, gauge(block, 10_000, (double) id));
        }
        all.putAll(part);
        Callable<Void> write =
            () -> {
              try (Connection own = TestServer.connect(url)) {
                go.await();
                replace(own, block, 1, part);
              }
              return null;
            };
        done.add(pool.submit(write));
      }
      go.countDown();
      for (Future<?> future : done) {
        future.get();
      }
    }
    long[] ids = all.keySet().stream().mapToLong(Long::longValue).toArray();
    assertThat(read(BLOCK, BLOCK + 4 * BlockSpan.LENGTH_MS, ids)).isEqualTo(bits(all));
    assertThat(uncompressedRows()).isZero();
  }

  @Test
  void theNewestSampleUpToATimeIsFound() throws SQLException {
    long later = BLOCK + 5 * 24 * 3_600_000L;
    replace(BLOCK, 1, Map.of(1L, gauge(BLOCK, 10_000, 1), 2L, gauge(BLOCK, 10_000, 2)));
    replace(later, 2, Map.of(1L, gauge(later, 10_000, 3)));
    assertThat(latest(later + 15_000, 1, 2, 3))
        .containsExactly(Map.entry(1L, later + 10_000), Map.entry(2L, BLOCK + 7_190_000));
    assertThat(latest(later - 1, 1)).containsExactly(Map.entry(1L, BLOCK + 7_190_000));
    assertThat(latest(BLOCK - 1, 1, 2)).isEmpty();
  }

  private Map<Long, Long> latest(long toMs, long... ids) throws SQLException {
    Map<Long, Long> newest = new TreeMap<>();
    samples.readLatest(
        connection,
        ids,
        toMs,
        (id, seq, buffer) -> newest.put(id, buffer.times()[buffer.size() - 1]));
    return newest;
  }

  @Test
  void aDayIsDroppedOnceItsEndAndItsLastWriteAreOld() throws SQLException {
    long later = BLOCK + 3 * 24 * 3_600_000L;
    replace(BLOCK, 1, Map.of(1L, gauge(BLOCK, 10_000, 1)));
    replace(later, 1, Map.of(1L, gauge(later, 10_000, 1)));
    Instant written = NOW.plusSeconds(7_200);
    assertThat(samples.expired(connection, Instant.parse("2026-03-01T23:59:00Z"))).isEmpty();
    assertThat(samples.expired(connection, NOW)).isEmpty();

    List<ExpiredPartition> expired = samples.expired(connection, written);
    assertThat(expired).hasSize(1);
    ExpiredPartition day = expired.getFirst();
    assertThat(day.from()).isEqualTo("2026-03-01T00:00:00Z");
    assertThat(day.to()).isEqualTo("2026-03-02T00:00:00Z");
    assertThat(day.lastWrite()).isEqualTo("2026-03-02T11:00:00Z");
    assertThat(day.bytes()).isPositive();
    assertThat(samples.drop(connection, day, NOW)).isFalse();
    try (Connection writer = TestServer.connect(url)) {
      writer.setAutoCommit(false);
      assertThat(samples.lock(writer, BLOCK)).isTrue();
      try (Connection second = TestServer.connect(url)) {
        second.setAutoCommit(false);
        assertThat(samples.lock(second, BLOCK)).isFalse();
      }
      assertThat(samples.drop(connection, day, written)).isFalse();
    }
    try (Connection reader = TestServer.connect(url)) {
      reader.setAutoCommit(false);
      try (var statement = reader.createStatement()) {
        statement.execute("SELECT count(*) FROM samples");
      }
      assertThat(samples.drop(connection, day, written)).isFalse();
    }
    assertThat(samples.drop(connection, day, written)).isTrue();
    assertThat(read(0, later + 1, 1).get(1L)).containsOnlyKeys(later);
    assertThat(TestServer.number(url, "SELECT count(*) FROM sample_days")).isOne();
    assertThat(samples.drop(connection, day, written)).isFalse();
  }

  @Test
  void theDatabaseGetsNoJobsOfItsOwn() {
    assertThat(
            TestServer.number(
                url,
                "SELECT count(*) FROM timescaledb_information.jobs WHERE hypertable_name IS NOT"
                    + " NULL"))
        .isZero();
  }
}
