package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.grid.Birth;
import io.tidegrid.model.Labels;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardRestorer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Fills shards that started empty from the database: first their series directories and which of
 * their rollups are dirty, then their samples, block by block from the newest down to what memory
 * keeps, or has room for. Looks for such shards at the start and whenever partitions may have moved
 * or been lost. Samples written meanwhile are in memory already and stay as they are.
 */
final class ColdStart implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(ColdStart.class.getName());

  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final Duration SEALING_TIME = Duration.ofSeconds(5);
  private static final int SERIES_AT_ONCE = 10_000;
  private static final int SAMPLES_AT_ONCE = 50_000;

  /** Bounds the columns of all shards together: 24 bytes a sample. */
  private static final int SAMPLES_BUFFERED = 1_000_000;

  /** Recent samples that are read for some shards at a time. */
  private static final long SAMPLES_OF_PART = 1_500_000;

  /** Bounds what is read at a time of blocks that are compacted, whose size is not known. */
  private static final int SERIES_OF_PART = 5_000;

  private final Database database;
  private final RecentSamples recent;
  private final StoredSamples stored;
  private final ShardRestorer restorer;
  private final IntSupplier shardCount;
  private final InstantSource clock;
  private final Duration memoryRetention;
  private final Timer timer;
  private final io.micrometer.core.instrument.Counter restoredSamples;
  private final Semaphore wake = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;

  ColdStart(
      Database database,
      RecentSamples recent,
      StoredSamples stored,
      ShardRestorer restorer,
      IntSupplier shardCount,
      InstantSource clock,
      Duration memoryRetention,
      MeterRegistry meters) {
    this.database = database;
    this.recent = recent;
    this.stored = stored;
    this.restorer = restorer;
    this.shardCount = shardCount;
    this.clock = clock;
    this.memoryRetention = memoryRetention;
    this.timer = meters.timer("tidegrid.persist.replay");
    this.restoredSamples = meters.counter("tidegrid.persist.replay.samples");
    this.thread = Thread.ofPlatform().name("tidegrid-replay").daemon().start(this::run);
  }

  /** Looks for shards to restore at once. */
  void wake() {
    wake.release();
  }

  private void run() {
    while (!closed) {
      try {
        List<Integer> shards = restorer.shardsToRestore();
        if (!shards.isEmpty() && database.awaitConnected(INTERVAL)) {
          restore(shards);
        }
      } catch (InterruptedException | HazelcastInstanceNotActiveException e) {
        // The node is stopping.
        return;
      } catch (SQLException | RuntimeException e) {
        if (!closed) {
          LOG.log(System.Logger.Level.WARNING, "replay into memory failed, again soon", e);
        }
      }
      pause();
    }
  }

  /** What was restored takes a third of its room once it is sealed, so it is given the time. */
  private boolean memoryStaysScarce() {
    long until = System.nanoTime() + SEALING_TIME.toNanos();
    while (restorer.isMemoryScarce()) {
      if (closed || System.nanoTime() > until) {
        return true;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return true;
      }
    }
    return false;
  }

  private void pause() {
    try {
      if (wake.tryAcquire(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        int ignored = wake.drainPermits();
      }
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  private void restore(Collection<Integer> wanted) throws SQLException {
    long start = System.nanoTime();
    // A connection of its own: replay takes long and must not be cut off by the pool's limits.
    try (Connection connection = database.dedicatedConnection()) {
      connection.setAutoCommit(false);
      Run run = new Run(connection, new HashSet<>(wanted));
      run.directory();
      long samples = run.samples();
      connection.rollback();
      restoredSamples.increment((double) samples);
      timer.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
      LOG.log(
          System.Logger.Level.INFO,
          "restored {0} shards: {1} series, {2} samples in {3} ms",
          run.shards.size(),
          run.shardOfSeries.size(),
          samples,
          (System.nanoTime() - start) / 1_000_000);
    }
  }

  /** One pass over the database for a set of shards; a shard that moves away drops out of it. */
  private final class Run {

    private final Connection connection;
    private final Set<Integer> shards;
    private final SeriesNumbers shardOfSeries = new SeriesNumbers();
    private final Map<Integer, LongColumn> seriesOfShard = new HashMap<>();
    private final Map<Integer, Columns> columns = new HashMap<>();
    private final int columnSize;
    private long restoredOfPart;

    Run(Connection connection, Set<Integer> shards) {
      this.connection = connection;
      this.shards = shards;
      this.columnSize =
          Math.clamp(SAMPLES_BUFFERED / Math.max(shards.size(), 1), 1_000, SAMPLES_AT_ONCE);
    }

    void directory() throws SQLException {
      Map<Integer, List<Birth>> births = new HashMap<>();
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(SERIES_AT_ONCE);
        try (ResultSet result =
            statement.executeQuery("SELECT series_id, tenant, canonical FROM series")) {
          while (result.next()) {
            Birth birth =
                new Birth(
                    result.getLong(1),
                    result.getString(2),
                    Labels.fromCanonical(result.getBytes(3)));
            int shard = restorer.shardOf(birth.tenant(), birth.labels());
            if (shards.contains(shard)) {
              shardOfSeries.put(birth.id(), shard);
              seriesOfShard.computeIfAbsent(shard, s -> new LongColumn()).add(birth.id());
              List<Birth> list = births.computeIfAbsent(shard, s -> new ArrayList<>());
              list.add(birth);
              if (list.size() >= SERIES_AT_ONCE) {
                onShard(shard, () -> restorer.restoreSeries(shard, List.copyOf(list)));
                list.clear();
              }
            }
          }
        }
      }
      births.forEach((shard, list) -> {
        if (!list.isEmpty()) {
          onShard(shard, () -> restorer.restoreSeries(shard, List.copyOf(list)));
        }
      });
      Map<Integer, RollupDirt> marks = marks();
      for (int shard : List.copyOf(shards)) {
        onShard(
            shard,
            () -> {
              if (marks.containsKey(shard)) {
                restorer.restoreDirt(shard, marks.get(shard));
              }
              restorer.directoryRestored(shard);
            });
      }
    }

    /**
     * Returns what of the shards is marked, after marks of other numbers of shards were made so.
     */
    private Map<Integer, RollupDirt> marks() throws SQLException {
      connection.rollback();
      int present = shardCount.getAsInt();
      RollupMarksTable.clearStored(connection);
      int taken = RollupMarksTable.takeOver(connection, present);
      connection.commit();
      if (taken > 0) {
        LOG.log(
            System.Logger.Level.INFO,
            "{0} rollups are to be computed anew under {1} shards",
            taken,
            present);
      }
      Map<Integer, RollupDirt> marks = RollupMarksTable.load(connection, present, shards);
      connection.rollback();
      return marks;
    }

    long samples() throws SQLException {
      long oldest =
          BlockSpan.startOf(Math.max(clock.instant().minus(memoryRetention).toEpochMilli(), 0));
      NavigableSet<Long> blocks = recent.blocks(connection, oldest, StoredSamples.MAX_MS);
      for (long block = oldest; block <= clock.millis(); block += BlockSpan.LENGTH_MS) {
        blocks.add(block);
      }
      long samples = 0;
      long from = Long.MAX_VALUE;
      for (long block : blocks.descendingSet()) {
        if (closed || shards.isEmpty()) {
          return samples;
        }
        if (memoryStaysScarce()) {
          LOG.log(
              System.Logger.Level.INFO,
              "memory.max lets no samples before {0} into memory; they are read from the database",
              Instant.ofEpochMilli(from));
          break;
        }
        samples += block(block);
        from = block;
      }
      for (int shard : List.copyOf(shards)) {
        long restoredFrom = from;
        onShard(shard, () -> restorer.restoredFrom(shard, restoredFrom));
      }
      return samples;
    }

    private long block(long block) throws SQLException {
      Map<Integer, Long> sizes = recent.sizes(connection, block);
      long ofOthers = sizes.getOrDefault(-1, 0L) / Math.max(shardOfSeries.size(), 1);
      long samples = 0;
      LongColumn ids = new LongColumn();
      long expected = 0;
      for (int shard : new TreeSet<>(shards)) {
        LongColumn more = seriesOfShard.getOrDefault(shard, LongColumn.NONE);
        long expectedMore = sizes.getOrDefault(shard, 0L) + ofOthers * more.size();
        if (ids.size() > 0
            && (ids.size() + more.size() > SERIES_OF_PART
                || expected + expectedMore > SAMPLES_OF_PART)) {
          samples += part(block, ids.toArray());
          ids.clear();
          expected = 0;
        }
        ids.addAll(more);
        expected += expectedMore;
      }
      samples += part(block, ids.toArray());
      return samples;
    }

    /** Restores a block of some series, read in one snapshot. */
    private long part(long block, long[] ids) throws SQLException {
      if (ids.length == 0) {
        return 0;
      }
      int[] ofShards = new int[ids.length];
      for (int i = 0; i < ids.length; i++) {
        ofShards[i] = shardOfSeries.get(ids[i]);
      }
      restoredOfPart = 0;
      // Ends the transaction so far, in which nothing was changed.
      connection.rollback();
      StoredSamples.beginSnapshot(connection);
      stored.read(connection, ids, ofShards, block, block + BlockSpan.LENGTH_MS - 1, this::accept);
      connection.rollback();
      columns.forEach(this::flush);
      return restoredOfPart;
    }

    private void accept(long id, SampleBuffer samples) {
      int shard = shardOfSeries.get(id);
      Columns into = columns.computeIfAbsent(shard, s -> new Columns(columnSize));
      for (int i = 0; i < samples.size(); i++) {
        into.add(id, samples.times()[i], samples.values()[i]);
        if (into.size == columnSize) {
          flush(shard, into);
        }
      }
      restoredOfPart += samples.size();
    }

    private void flush(int shard, Columns filled) {
      if (filled.size > 0) {
        onShard(
            shard,
            () ->
                restorer.restoreSamples(
                    shard, filled.ids, filled.times, filled.values, filled.size));
        filled.size = 0;
      }
    }

    private void onShard(int shard, Runnable work) {
      if (!shards.contains(shard)) {
        return;
      }
      try {
        work.run();
      } catch (ShardMovedException e) {
        shards.remove(shard);
      }
    }
  }

  /** A growing column of series ids. */
  private static final class LongColumn {

    private static final LongColumn NONE = new LongColumn();

    private long[] values = {};
    private int size;

    int size() {
      return size;
    }

    void add(long value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, Math.max(16, size * 2));
      }
      values[size++] = value;
    }

    void addAll(LongColumn more) {
      values = Arrays.copyOf(values, size + more.size);
      System.arraycopy(more.values, 0, values, size, more.size);
      size += more.size;
    }

    void clear() {
      size = 0;
    }

    long[] toArray() {
      return Arrays.copyOf(values, size);
    }
  }

  /** Samples of one shard on their way. */
  private static final class Columns {

    private final long[] ids;
    private final long[] times;
    private final double[] values;
    private int size;

    Columns(int capacity) {
      ids = new long[capacity];
      times = new long[capacity];
      values = new double[capacity];
    }

    void add(long id, long timeMs, double value) {
      ids[size] = id;
      times[size] = timeMs;
      values[size++] = value;
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    wake();
  }
}
