package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is written is what is read, wherever it lies. */
@Timeout(60)
@OnEachServer
class StoredSamplesTest {

  private static final int SHARDS = 8;
  private static final long BLOCK = 7_200_000;
  private static final long T0 = Batches.T0;

  private String url;
  private Connection connection;
  private final JournalWriter writer = new JournalWriter(Clock.systemUTC());
  private final RecentSamples recent = new RecentSamples(() -> SHARDS);
  private final StoredSamples stored = new StoredSamples(recent, List.of(new BlockTable()));

  @BeforeEach
  void open() throws SQLException {
    url = TestServer.newDatabase();
    connection = TestServer.connect(url);
    int ignored = new SchemaMigrator().migrate(connection);
    writer.shards(SHARDS);
    TestServer.execute(
        url,
        "CREATE TABLE blocks_all PARTITION OF blocks FOR VALUES FROM ('1970-01-01') TO"
            + " ('2500-01-01')");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  private static JournalBatch batch(long[] ids, long[] times, double... values) {
    return new JournalBatch(ids.length, ids, times, values, List.of(), false, false);
  }

  private static JournalBatch of(long id, long time, double value) {
    return batch(new long[] {id}, new long[] {time}, value);
  }

  private void write(Map<JournalKey, JournalBatch> batches) throws SQLException {
    assertThat(writer.write(connection, new TreeMap<>(batches)).batches()).isPositive();
  }

  private void block(long id, long blockMs, long seq, String columns, String values) {
    TestServer.execute(
        url,
        "INSERT INTO blocks (series_id, block, seq, n, "
            + columns
            + ") VALUES ("
            + id
            + ", "
            + SqlText.time(blockMs)
            + ", "
            + seq
            + ", "
            + values
            + ")");
  }

  private Map<Long, Map<Long, Double>> read(
      StoredSamples from, long[] ids, int shard, long fromMs, long toMs) throws SQLException {
    int[] shards = new int[ids.length];
    Arrays.fill(shards, shard);
    Map<Long, Map<Long, Double>> all = new HashMap<>();
    try (Connection reader = TestServer.connect(url)) {
      reader.setAutoCommit(false);
      StoredSamples.beginSnapshot(reader);
      from.read(
          reader,
          ids,
          shards,
          fromMs,
          toMs,
          (id, samples) -> {
            Map<Long, Double> one = new TreeMap<>();
            for (int i = 0; i < samples.size(); i++) {
              assertThat(i == 0 || samples.times()[i] > samples.times()[i - 1]).isTrue();
              one.put(samples.times()[i], samples.values()[i]);
            }
            assertThat(all.put(id, one)).isNull();
          });
    }
    return all;
  }

  private Map<Long, Double> read(long id, int shard) throws SQLException {
    return read(stored, new long[] {id}, shard, 0, T0 + 100 * BLOCK).getOrDefault(id, Map.of());
  }

  private Map<Long, Double> latest(long[] ids, int[] shards, long toMs) throws SQLException {
    Map<Long, Double> all = new HashMap<>();
    try (Connection reader = TestServer.connect(url)) {
      reader.setAutoCommit(false);
      StoredSamples.beginSnapshot(reader);
      stored.readLatest(
          reader,
          ids,
          shards,
          toMs,
          () -> {},
          (id, samples) -> {
            assertThat(samples.size()).isOne();
            assertThat(all.put(id, samples.values()[0])).isNull();
          });
    }
    return all;
  }

  @Test
  void batchesWithoutAGapMakeOneRowOfABlock() throws SQLException {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int n : new int[] {1, 2, 3, 5, 6, 9}) {
      batches.put(Batches.key(1, n), of(7, T0 + n, n));
    }
    batches.put(Batches.key(2, 4), of(8, T0 + 4, 4));
    // Three blocks, one of which it comes back to.
    batches.put(
        Batches.key(2, 5),
        batch(
            new long[] {8, 8, 8, 8},
            new long[] {T0 + 5, T0 + BLOCK, T0 + 6, T0 - 1},
            5,
            5.1,
            5.2,
            5.3));
    write(batches);

    assertThat(TestServer.number(url, "SELECT count(*) FROM recent WHERE shard = 1")).isEqualTo(3);
    assertThat(TestServer.number(url, "SELECT count(*) FROM recent WHERE shard = 2")).isEqualTo(3);
    long seq = Batches.key(1, 3).sequence();
    assertThat(
            TestServer.number(
                url, "SELECT cardinality(ids) FROM recent WHERE shard = 1 AND seq = " + seq))
        .isEqualTo(3);
    assertThat(TestServer.number(url, "SELECT count(*) FROM recent WHERE shards <> 8")).isZero();
    assertThat(
            TestServer.number(
                url,
                "SELECT count(*) FROM recent, unnest(times) AS t WHERE t < block OR t >= block +"
                    + " interval '2 hours'"))
        .isZero();
    assertThat(read(7, 1)).containsOnlyKeys(T0 + 1, T0 + 2, T0 + 3, T0 + 5, T0 + 6, T0 + 9);
    assertThat(read(8, 2))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(T0 - 1, 5.3, T0 + 4, 4.0, T0 + 5, 5.0, T0 + 6, 5.2, T0 + BLOCK, 5.1));
  }

  @Test
  void rowsStaySmallAndNoBatchIsTornApart() throws SQLException {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    int[] sizes = {9_000, 9_000, 40_000, 3, 4, 15_000};
    for (int n = 0; n < sizes.length; n++) {
      batches.put(Batches.key(0, n + 1), Batches.batch(sizes[n], 10, T0 + n * 10_000L, n));
    }
    write(batches);
    assertThat(TestServer.number(url, "SELECT max(cardinality(ids)) FROM recent"))
        .isEqualTo(40_000);
    assertThat(TestServer.number(url, "SELECT count(*) FROM recent")).isEqualTo(4);
    assertThat(TestServer.number(url, "SELECT count(*) - count(DISTINCT seq) FROM recent"))
        .isZero();
    assertThat(TestServer.written(url)).isEqualTo(73_007);
  }

  @Test
  void theHighestSequenceCountsWithinRowsAcrossRowsAndAgainstBlocks() throws SQLException {
    // Within a row, twice within a batch; then rows whose commits come in the wrong order.
    JournalBatch twice = batch(new long[] {7, 7, 7}, new long[] {T0, T0 + 1, T0}, 1, 2, 3);
    write(Map.of(Batches.key(1, 10), twice, Batches.key(1, 11), of(7, T0 + 1, 4)));
    write(Map.of(Batches.key(1, 20), of(7, T0 + 2, 5)));
    write(Map.of(Batches.key(1, 15), of(7, T0 + 2, 6)));
    write(Map.of(Batches.key(1, 16), of(7, T0 + 3, 7)));
    assertThat(read(7, 1)).isEqualTo(Map.of(T0, 3.0, T0 + 1, 4.0, T0 + 2, 5.0, T0 + 3, 7.0));

    // A block that has folded in what came up to 16.
    block(
        7,
        T0,
        Batches.key(1, 16).sequence(),
        "first_ms, step_ms, scale, base, small",
        "4, 0, 1, 1, 1000, ARRAY[0, 1, 2, 3]");
    assertThat(read(7, 1)).isEqualTo(Map.of(T0, 100.0, T0 + 1, 100.1, T0 + 2, 5.0, T0 + 3, 100.3));
    assertThat(latest(new long[] {7, 9}, new int[] {1, 1}, T0 + 10)).isEqualTo(Map.of(7L, 100.3));
    assertThat(latest(new long[] {7}, new int[] {1}, T0 + 2)).isEqualTo(Map.of(7L, 5.0));
  }

  @Test
  void everyFormOfABlockRowIsRead() throws SQLException {
    block(
        1,
        T0,
        1,
        "first_ms, step_ms, scale, base, small",
        "3, 1000, 500, 2, 100000, '{0,-5,32767}'");
    block(2, T0, 1, "first_ms, step_ms, scale, base, medium", "2, 0, 1, 0, -7, '{2000000000,7}'");
    block(
        3,
        T0,
        1,
        "first_ms, step_ms, scale, base, offsets, exact",
        "4, 5, 0, 0, 0, '{5,6,9,7199999}', '{-0,Infinity,-Infinity,1e-300}'");
    long[] ids = {1, 2, 3};
    assertThat(read(stored, ids, 0, 0, T0 + BLOCK))
        .isEqualTo(
            Map.of(
                1L, Map.of(T0 + 1_000, 1000.0, T0 + 1_500, 999.95, T0 + 2_000, 1327.67),
                2L, Map.of(T0, 1_999_999_993.0, T0 + 1, 0.0),
                3L,
                    Map.of(
                        T0 + 5,
                        -0.0,
                        T0 + 6,
                        Double.POSITIVE_INFINITY,
                        T0 + 9,
                        Double.NEGATIVE_INFINITY,
                        T0 + 7_199_999,
                        1e-300)));
    assertThat(read(stored, ids, 0, T0 + 6, T0 + 1_500))
        .isEqualTo(
            Map.of(
                1L, Map.of(T0 + 1_000, 1000.0, T0 + 1_500, 999.95),
                3L, Map.of(T0 + 6, Double.POSITIVE_INFINITY, T0 + 9, Double.NEGATIVE_INFINITY)));
  }

  @Test
  void theNewestSampleIsFoundWhereverItLies() throws SQLException {
    for (int day = 0; day < 3; day++) {
      block(
          1,
          T0 + 12L * day * BLOCK,
          1,
          "first_ms, step_ms, scale, base, small",
          "1, 60000, 0, 0, " + day + ", '{0}'");
    }
    // In an older block than the compacted one, in the same, in a newer one; or only there.
    write(Map.of(Batches.key(1, 1), of(1, T0 + 1, 50)));
    write(Map.of(Batches.key(1, 2), of(1, T0 + 24 * BLOCK + 59_999, 51)));
    write(Map.of(Batches.key(1, 3), of(2, T0 - 50 * BLOCK, 52)));
    write(Map.of(Batches.key(2, 3), of(3, T0 - 50 * BLOCK, 53), Batches.key(2, 4), of(3, 5, 54)));
    long[] ids = {1, 2, 3};
    int[] shards = {1, 1, 2};
    long end = T0 + 24 * BLOCK + 60_000;
    assertThat(latest(ids, shards, end + 5)).isEqualTo(Map.of(1L, 2.0, 2L, 52.0, 3L, 53.0));
    assertThat(latest(ids, shards, end - 1)).containsEntry(1L, 51.0);
    assertThat(latest(ids, shards, end - 2)).containsEntry(1L, 1.0);
    assertThat(latest(ids, shards, T0 + 60_000)).containsEntry(1L, 0.0);
    assertThat(latest(ids, shards, T0 + 59_999)).containsEntry(1L, 50.0);
    assertThat(latest(ids, shards, T0)).isEqualTo(Map.of(2L, 52.0, 3L, 53.0));
    assertThat(latest(ids, shards, 4)).isEmpty();
    write(Map.of(Batches.key(1, 9), of(1, end + BLOCK, 55)));
    assertThat(latest(ids, shards, Long.MAX_VALUE / 1_000_000)).containsEntry(1L, 55.0);
  }

  @Test
  void rowsOfAnotherNumberOfShardsAreReadWhateverTheirShard() throws SQLException {
    write(Map.of(Batches.key(5, 1), of(7, T0, 1)));
    assertThat(read(7, 4)).as("another shard's rows").isEmpty();
    for (int shards : new int[] {0, 3, 64}) {
      writer.shards(shards);
      write(Map.of(Batches.key(6, 100 + shards), of(7, T0 + shards, shards)));
    }
    assertThat(read(7, 4)).isEqualTo(Map.of(T0, 0.0, T0 + 3, 3.0, T0 + 64, 64.0));
    assertThat(read(7, 5)).hasSize(3).containsEntry(T0, 0.0);
    StoredSamples unknown = new StoredSamples(new RecentSamples(() -> 0), List.of());
    assertThat(read(unknown, new long[] {7}, 4, 0, T0 + BLOCK).get(7L)).hasSize(3);
  }

  @Test
  void manySeriesComeInPartsThatFit() throws SQLException {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int n = 1; n <= 5; n++) {
      batches.put(Batches.key(0, n), Batches.batch(1_000, 20, T0 + n * 50L, n));
    }
    write(batches);
    long[] ids = new long[20];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Batches.series(i).id();
    }
    Map<Long, Map<Long, Double>> whole = read(stored, ids, 0, 0, T0 + BLOCK);
    assertThat(whole).hasSize(20).allSatisfy((id, samples) -> assertThat(samples).hasSize(250));
    StoredSamples narrow = new StoredSamples(recent, List.of(new BlockTable()), 700);
    assertThat(read(narrow, ids, 0, 0, T0 + BLOCK)).isEqualTo(whole);
    StoredSamples narrowest = new StoredSamples(recent, List.of(new BlockTable()), 1);
    assertThat(read(narrowest, ids, 0, T0 + 60, T0 + 70).values())
        .hasSize(20)
        .allSatisfy(samples -> assertThat(samples).hasSize(11));
  }

  @Test
  void aReaderSeesEachSampleOnceWhileRowsMove() throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    try (ExecutorService pool = Executors.newSingleThreadExecutor();
        Connection mover = TestServer.connect(url)) {
      Future<?> moving =
          pool.submit(() -> {
            try {
              move(mover);
            } finally {
              over.set(true);
            }
            return null;
          });
      SplittableRandom random = new SplittableRandom(1);
      long least = 0;
      while (!over.get()) {
        Map<Long, Double> seen = read(7, 1);
        assertThat(seen.size()).isGreaterThanOrEqualTo((int) least);
        least = seen.size();
        long at = 0;
        for (Map.Entry<Long, Double> sample : seen.entrySet()) {
          assertThat(sample).isEqualTo(Map.entry(T0 + at, (double) at));
          at++;
        }
        if (least > 0 && random.nextInt(4) == 0) {
          assertThat(latest(new long[] {7}, new int[] {1}, T0 + BLOCK).get(7L))
              .isGreaterThanOrEqualTo((double) (least - 1));
        }
      }
      moving.get();
    }
    assertThat(read(7, 1)).hasSize(60);
    assertThat(TestServer.number(url, "SELECT count(*) FROM recent")).isZero();
  }

  /** Writes sample by sample, and folds each into the block, as compaction does. */
  private void move(Connection mover) throws SQLException {
    HourPartitions partitions = new HourPartitions("recent");
    try (var statement = mover.createStatement()) {
      for (int n = 0; n < 60; n++) {
        write(Map.of(Batches.key(1, n + 1), of(7, T0 + n, n)));
        mover.setAutoCommit(false);
        statement.execute("DELETE FROM blocks WHERE series_id = 7");
        statement.execute(
            "INSERT INTO blocks (series_id, block, seq, n, first_ms, step_ms, scale, base, exact)"
                + " SELECT 7, "
                + SqlText.time(T0)
                + ", "
                + Batches.key(1, n + 1).sequence()
                + ", "
                + (n + 1)
                + ", 0, 1, 0, 0, array_agg(v::float8 ORDER BY v) FROM generate_series(0, "
                + n
                + ") AS v");
        statement.execute("DELETE FROM recent");
        mover.commit();
        mover.setAutoCommit(true);
        if (n % 3 == 0) {
          for (long hour : partitions.existing(mover)) {
            boolean ignored = partitions.dropIfEmpty(mover, hour);
          }
          writer.forget();
        }
      }
    }
  }
}
