package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.WholeBlocks;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A database with the schema, a writer of recent rows, and what ought to be in it: for each series
 * and time the value with the highest sequence, of equal ones the last in its row.
 */
final class CompactionData {

  static final long BLOCK = BlockSpan.startOf(Instant.parse("2026-05-04T08:00:00Z").toEpochMilli());
  static final Instant NOW = Instant.parse("2026-05-04T11:00:00Z");

  /** Reads what SQL makes of the rows, by the words of the schema script. */
  private static final String BLOCKS =
      """
      SELECT series_id, seq,
             (extract(epoch FROM block) * 1000)::bigint
               + CASE WHEN step_ms > 0 THEN first_ms + (i - 1) * step_ms ELSE offsets[i] END,
             CASE WHEN small IS NOT NULL THEN (base + small[i])::float8 / (10::float8 ^ scale)
                  WHEN medium IS NOT NULL THEN (base + medium[i])::float8 / (10::float8 ^ scale)
                  ELSE exact[i] END
        FROM blocks CROSS JOIN LATERAL generate_series(1, n) AS i
       WHERE num_nonnulls(small, medium, exact) = 1 AND (step_ms = 0) = (offsets IS NOT NULL)
         AND n = coalesce(cardinality(small), cardinality(medium), cardinality(exact))\
      """;

  private static final String COLUMNSTORE =
      """
      SELECT series_id, seq, (extract(epoch FROM time) * 1000)::bigint,
             coalesce(exact, number / divisor)
        FROM samples
       WHERE num_nonnulls(number, exact) = 1 AND (number IS NULL) = (divisor IS NULL)\
      """;

  /** A sample as it was written. */
  record Written(long sequence, long bits) {}

  /** A database for all tests on one server, and whether it has the columnstore. */
  private record Shared(String url, boolean columnstore) {}

  /** Emptied by each test, since making one takes longer than most tests. */
  private static final Map<DatabaseServer, Shared> SHARED = new ConcurrentHashMap<>();

  private static final String EMPTY =
      """
      DO $$
      DECLARE part text;
      BEGIN
        FOR part IN
          SELECT relname FROM pg_class
           WHERE relkind = 'r' AND (relname LIKE 'recent\\_p%' OR relname LIKE 'blocks\\_p%')
        LOOP
          EXECUTE 'DROP TABLE ' || part;
        END LOOP;
        DELETE FROM block_days;
        IF to_regclass('sample_days') IS NOT NULL THEN
          TRUNCATE samples, sample_days, sample_blocks;
        END IF;
      END
      $$\
      """;

  private final Shared shared = SHARED.computeIfAbsent(TestServer.current(), s -> newDatabase());
  final String url = shared.url;
  private final boolean columnstore = shared.columnstore;
  final CompactedTables tables = new CompactedTables(() -> shared.columnstore);
  final SortedMap<Long, SortedMap<Long, Written>> expected = new TreeMap<>();
  private final HourPartitions partitions = new HourPartitions("recent");

  CompactionData() {
    TestServer.execute(url, EMPTY);
  }

  private static Shared newDatabase() {
    String url = TestServer.newDatabase();
    try (Connection connection = TestServer.connect(url)) {
      int ignored = new SchemaMigrator().migrate(connection);
      return new Shared(url, TimescaleSetup.prepare(connection).columnstore());
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Columns that grow. */
  static final class Columns {
    long[] ids = new long[16];
    final SampleBuffer samples = new SampleBuffer();

    Columns add(long id, long timeMs, double value) {
      int size = samples.size();
      if (size == ids.length) {
        ids = java.util.Arrays.copyOf(ids, size * 2);
      }
      ids[size] = id;
      samples.add(timeMs, value);
      return this;
    }
  }

  /** Commits one recent row. */
  void write(int shards, int shard, long sequence, Columns columns) throws SQLException {
    write(shards, shard, sequence, columns, NOW);
  }

  void write(int shards, int shard, long sequence, Columns columns, Instant committed)
      throws SQLException {
    int size = columns.samples.size();
    long[] times = columns.samples.times();
    double[] values = columns.samples.values();
    long hour = HourPartitions.hourOf(committed.toEpochMilli());
    try (Connection connection = TestServer.connect(url)) {
      boolean ignored = partitions.ensure(connection, hour);
      try (RecentCopy copy = new RecentCopy(connection, hour * HourPartitions.HOUR_MS, shards)) {
        copy.write(shard, BlockSpan.startOf(times[0]), sequence, columns.ids, times, values, size);
        copy.finish();
      }
    }
    for (int i = 0; i < size; i++) {
      expect(columns.ids[i], times[i], sequence, values[i]);
    }
  }

  void expect(long id, long timeMs, long sequence, double value) {
    expected
        .computeIfAbsent(id, i -> new TreeMap<>())
        .merge(
            timeMs,
            new Written(sequence, Double.doubleToRawLongBits(value)),
            (old, young) -> young.sequence >= old.sequence ? young : old);
  }

  /** What a reader finds in all tables. */
  SortedMap<Long, SortedMap<Long, Written>> found() throws SQLException {
    SortedMap<Long, SortedMap<Long, Written>> found = new TreeMap<>();
    try (Connection connection = TestServer.connect(url)) {
      long ignored =
          CopyRows.read(
              connection,
              columnstore ? BLOCKS + " UNION ALL " + COLUMNSTORE : BLOCKS,
              row -> {
                Written before =
                    found
                        .computeIfAbsent(row.getLong(0), id -> new TreeMap<>())
                        .put(row.getLong(2), new Written(row.getLong(1), row.getLong(3)));
                assertThat(before).isNull();
              });
      ignored +=
          CopyRows.read(
              connection,
              "SELECT seq, ids, times, samples FROM recent ORDER BY seq",
              row -> {
                for (int i = 0; i < row.length(1); i++) {
                  found
                      .computeIfAbsent(row.longAt(1, i), id -> new TreeMap<>())
                      .merge(
                          row.timeAt(2, i),
                          new Written(row.getLong(0), row.longAt(3, i)),
                          (old, young) -> young.sequence >= old.sequence ? young : old);
                }
              });
    }
    return found;
  }

  /** Checks that both tables together hold exactly what was written, to the bit. */
  void check() throws SQLException {
    Map<Long, Map<Long, Long>> found = bits(found());
    Map<Long, Map<Long, Long>> wanted = bits(expected);
    assertThat(found.keySet()).isEqualTo(wanted.keySet());
    wanted.forEach((id, samples) -> {
      Map<Long, Long> missing = new TreeMap<>(samples);
      missing.entrySet().removeAll(found.get(id).entrySet());
      assertThat(missing).as("series %d", id).isEmpty();
      assertThat(found.get(id)).as("series %d", id).hasSameSizeAs(samples);
    });
  }

  private static Map<Long, Map<Long, Long>> bits(Map<Long, SortedMap<Long, Written>> all) {
    Map<Long, Map<Long, Long>> bits = new TreeMap<>();
    all.forEach((id, samples) -> {
      Map<Long, Long> ofSeries = new TreeMap<>();
      samples.forEach((time, written) -> ofSeries.put(time, written.bits));
      bits.put(id, ofSeries);
    });
    return bits;
  }

  long recentRows() {
    return TestServer.number(url, "SELECT count(*) FROM recent");
  }

  /** Tells whether the server has TimescaleDB's columnstore. */
  boolean columnstore() {
    return columnstore;
  }

  /** Counts series and blocks that are compacted. */
  long blockRows() {
    long blocks = TestServer.number(url, "SELECT count(*) FROM blocks");
    return columnstore
        ? blocks
            + TestServer.number(
                url,
                "SELECT count(DISTINCT (series_id, date_bin('2 hours', time, 'epoch'))) FROM"
                    + " samples")
        : blocks;
  }

  /** Memory that holds whole what it is told to. */
  static final class Memory implements WholeBlocks {

    private final Map<CompactionPair, WholeBlock> blocks = new HashMap<>();

    void hold(
        CompactionPair pair, long through, SortedMap<Long, SortedMap<Long, Written>> content) {
      Map<Long, List<long[]>> copy = new TreeMap<>();
      content.forEach((id, samples) -> {
        List<long[]> list = new ArrayList<>();
        samples
            .subMap(pair.blockMs(), pair.endMs())
            .forEach((time, written) -> list.add(new long[] {time, written.bits()}));
        if (!list.isEmpty()) {
          copy.put(id, list);
        }
      });
      blocks.put(pair, new Held(through, copy));
    }

    @Override
    public Optional<WholeBlock> find(int shard, long blockStartMs) {
      return Optional.ofNullable(blocks.get(new CompactionPair(blockStartMs, shard)));
    }

    private record Held(long throughSequence, Map<Long, List<long[]>> content)
        implements WholeBlock {

      @Override
      public int series() {
        return content.size();
      }

      @Override
      public void forEach(SeriesSamples consumer) {
        SampleBuffer buffer = new SampleBuffer();
        content.forEach((id, samples) -> {
          buffer.clear();
          samples.forEach(s -> buffer.add(s[0], Double.longBitsToDouble(s[1])));
          consumer.accept(id, buffer);
        });
      }
    }
  }
}
