package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.grid.Birth;
import io.tidegrid.model.Labels;
import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardRestorer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
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

/**
 * Fills shards that started empty from the database: first their series directories, then their
 * samples, hour by hour from the newest down to what memory keeps. Looks for such shards at the
 * start and whenever partitions may have moved or been lost. Samples written meanwhile are in
 * memory already and stay as they are.
 */
final class ColdStart implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(ColdStart.class.getName());

  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final int SERIES_AT_ONCE = 10_000;
  private static final int SAMPLES_AT_ONCE = 50_000;

  /** Bounds the columns of all shards together: 24 bytes a sample. */
  private static final int SAMPLES_BUFFERED = 3_000_000;

  private final Database database;
  private final HourPartitions partitions;
  private final ShardRestorer restorer;
  private final InstantSource clock;
  private final Duration memoryRetention;
  private final Timer timer;
  private final io.micrometer.core.instrument.Counter restoredSamples;
  private final Semaphore wake = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;

  ColdStart(
      Database database,
      HourPartitions partitions,
      ShardRestorer restorer,
      InstantSource clock,
      Duration memoryRetention,
      MeterRegistry meters) {
    this.database = database;
    this.partitions = partitions;
    this.restorer = restorer;
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
    private final SeriesShards shardOfSeries = new SeriesShards();
    private final Map<Integer, Columns> columns = new HashMap<>();
    private final int columnSize;

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
      for (int shard : List.copyOf(shards)) {
        onShard(shard, () -> restorer.directoryRestored(shard));
      }
    }

    long samples() throws SQLException {
      long firstHour =
          HourPartitions.hourOf(Math.max(clock.instant().minus(memoryRetention).toEpochMilli(), 0));
      NavigableSet<Long> hours =
          new TreeSet<>(partitions.existing(connection).tailSet(firstHour, true));
      Set<Long> late =
          hours(
              "SELECT DISTINCT date_bin('1 hour', time, 'epoch') FROM samples_late"
                  + " WHERE time >= "
                  + HourPartitions.literal(firstHour));
      Set<Long> overlapping = hours("SELECT hour FROM samples_hours WHERE overlapping");
      hours.addAll(late);
      long samples = 0;
      for (long hour : hours.descendingSet()) {
        if (closed || shards.isEmpty()) {
          return samples;
        }
        samples += SampleRows.read(connection, query(hour, late, overlapping), this::accept);
        for (Map.Entry<Integer, Columns> entry : columns.entrySet()) {
          flush(entry.getKey(), entry.getValue());
        }
      }
      for (int shard : List.copyOf(shards)) {
        onShard(shard, () -> restorer.restoredFrom(shard, firstHour * HourPartitions.HOUR_MS));
      }
      return samples;
    }

    private Set<Long> hours(String query) throws SQLException {
      Set<Long> hours = new HashSet<>();
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery(query)) {
        while (result.next()) {
          hours.add(HourPartitions.hourOf(result.getTimestamp(1).getTime()));
        }
      }
      return hours;
    }

    /** Sorting an hour costs several times its reading, so only where keys may come twice. */
    private String query(long hour, Set<Long> late, Set<Long> overlapping) {
      String where =
          " WHERE time >= "
              + HourPartitions.literal(hour)
              + " AND time < "
              + HourPartitions.literal(hour + 1);
      if (!late.contains(hour) && !overlapping.contains(hour)) {
        return "SELECT series_id, time, value FROM samples" + where;
      }
      return "SELECT DISTINCT ON (series_id, time) series_id, time, value FROM (SELECT * FROM"
          + " samples"
          + where
          + " UNION ALL SELECT * FROM samples_late"
          + where
          + ") AS s ORDER BY series_id, time, seq DESC";
    }

    private void accept(long id, long timeMs, double value) {
      int shard = shardOfSeries.get(id);
      if (shard >= 0) {
        Columns into = columns.computeIfAbsent(shard, s -> new Columns(columnSize));
        into.add(id, timeMs, value);
        if (into.size == columnSize) {
          flush(shard, into);
        }
      }
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
