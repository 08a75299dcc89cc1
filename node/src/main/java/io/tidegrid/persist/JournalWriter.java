package io.tidegrid.persist;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Writes journal batches in one transaction: their ledger rows, series, samples, and the marks of
 * rollups that are not theirs any more, or nothing. Batches that the ledger has are left out, so
 * writing them again changes nothing. Safe for use by many threads, each with a connection of its
 * own.
 */
final class JournalWriter {

  /** First half of the two-part advisory lock that a writer holds for each of its shards. */
  private static final int SHARD_LOCK = 0x54696465;

  /** Hours of commit that the ledger keeps; a batch is offered again within seconds, or never. */
  private static final int LEDGER_HOURS = 4;

  private static final String LEDGER =
      """
      INSERT INTO persisted_batches (shard, epoch, counter, committed_hour)
      SELECT k.shard, k.epoch, k.counter, ?
        FROM unnest(?::integer[], ?::integer[], ?::integer[]) AS k (shard, epoch, counter)
       WHERE NOT EXISTS (
             SELECT 1 FROM persisted_batches p
              WHERE p.shard = k.shard AND p.epoch = k.epoch AND p.counter = k.counter)
      ON CONFLICT DO NOTHING
      RETURNING shard, epoch, counter\
      """;

  private final InstantSource clock;
  private final SeriesWriter series = new SeriesWriter();
  private final HourPartitions recentPartitions = new HourPartitions("recent");
  private final HourPartitions ledgerPartitions = new HourPartitions("persisted_batches");

  /** How many shards there are; 0 while that is not known. */
  private volatile int shards;

  /**
   * What a transaction did.
   *
   * @param batches batches that the ledger did not have yet
   * @param samples samples of them
   * @param conflicts batches cut out of these because their series id belongs to other labels
   */
  record Written(int batches, long samples, SortedMap<JournalKey, JournalBatch> conflicts) {}

  JournalWriter(InstantSource clock) {
    this.clock = clock;
  }

  /** Sets how many shards there are; rows written before say that they do not know. */
  void shards(int count) {
    shards = count;
  }

  int shards() {
    return shards;
  }

  /** Forgets which partitions and series exist, after the database said otherwise. */
  void forget() {
    recentPartitions.forget();
    ledgerPartitions.forget();
    series.forget();
  }

  /**
   * Writes the batches, sorted so that no two writers wait for each other in a circle, and commits.
   * The connection is in auto-commit mode before and after.
   */
  Written write(Connection connection, SortedMap<JournalKey, JournalBatch> batches)
      throws SQLException {
    long hour = HourPartitions.hourOf(clock.instant().toEpochMilli());
    ensurePartitions(connection, hour);
    connection.setAutoCommit(false);
    try {
      SortedMap<JournalKey, JournalBatch> fresh = enterLedger(connection, hour, batches);
      SeriesWriter.Result seriesResult = series.write(connection, fresh);
      long samples = writeSamples(connection, hour, seriesResult.accepted());
      for (Map.Entry<JournalKey, JournalBatch> conflict : seriesResult.conflicts().entrySet()) {
        DeadLetters.insert(
            connection,
            conflict.getKey(),
            conflict.getValue(),
            "",
            "the series id belongs to a series with other labels");
      }
      connection.commit();
      series.committed(seriesResult);
      return new Written(fresh.size(), samples, seriesResult.conflicts());
    } catch (SQLException | RuntimeException e) {
      HourPartitions.rollback(connection, e);
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(true);
      }
    }
  }

  /** Enters one batch into the dead letters, and into the ledger so that it is over with. */
  void writeDeadLetter(
      Connection connection, JournalKey key, JournalBatch batch, String state, String reason)
      throws SQLException {
    long hour = HourPartitions.hourOf(clock.instant().toEpochMilli());
    ensurePartitions(connection, hour);
    connection.setAutoCommit(false);
    try {
      SortedMap<JournalKey, JournalBatch> one = new TreeMap<>();
      one.put(key, batch);
      if (!enterLedger(connection, hour, one).isEmpty()) {
        DeadLetters.insert(connection, key, batch, state, reason);
      }
      connection.commit();
    } catch (SQLException | RuntimeException e) {
      HourPartitions.rollback(connection, e);
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(true);
      }
    }
  }

  /**
   * Ledger and samples alike belong to the hour of their commit. A partition of samples is only
   * dropped when that hour is long past, so none goes away between here and the commit.
   */
  private void ensurePartitions(Connection connection, long hour) throws SQLException {
    recentPartitions.ensure(connection, hour);
    if (ledgerPartitions.ensure(connection, hour)) {
      ledgerPartitions.keepNewest(connection, LEDGER_HOURS);
    }
  }

  /**
   * Returns the batches that the ledger did not have. Writers of one shard take turns, because the
   * ledger's key is only unique within an hour of commit: without that, two of them could enter a
   * batch in two hours without seeing each other.
   */
  private static SortedMap<JournalKey, JournalBatch> enterLedger(
      Connection connection, long hour, SortedMap<JournalKey, JournalBatch> batches)
      throws SQLException {
    int count = batches.size();
    Integer[] shards = new Integer[count];
    Integer[] epochs = new Integer[count];
    Integer[] counters = new Integer[count];
    SortedSet<Integer> distinct = new TreeSet<>();
    int i = 0;
    for (JournalKey key : batches.keySet()) {
      shards[i] = key.shard();
      epochs[i] = key.epoch();
      counters[i++] = key.counter();
      distinct.add(key.shard());
    }
    try (PreparedStatement lock =
        connection.prepareStatement(
            "SELECT pg_advisory_xact_lock(" + SHARD_LOCK + ", s) FROM unnest(?::integer[]) AS s")) {
      lock.setArray(1, connection.createArrayOf("int4", distinct.toArray()));
      lock.execute();
    }
    SortedMap<JournalKey, JournalBatch> fresh = new TreeMap<>();
    Map<JournalKey, JournalKey> byKey = new HashMap<>(count * 2);
    for (JournalKey key : batches.keySet()) {
      byKey.put(key, key);
    }
    try (PreparedStatement insert = connection.prepareStatement(LEDGER)) {
      insert.setTimestamp(1, new Timestamp(hour * HourPartitions.HOUR_MS));
      insert.setArray(2, connection.createArrayOf("int4", shards));
      insert.setArray(3, connection.createArrayOf("int4", epochs));
      insert.setArray(4, connection.createArrayOf("int4", counters));
      try (ResultSet result = insert.executeQuery()) {
        while (result.next()) {
          JournalKey key =
              byKey.get(new JournalKey(result.getInt(1), 0, result.getInt(2), result.getInt(3)));
          fresh.put(key, batches.get(key));
        }
      }
    }
    return fresh;
  }

  private long writeSamples(
      Connection connection, long hour, SortedMap<JournalKey, JournalBatch> batches)
      throws SQLException {
    if (batches.values().stream().allMatch(batch -> batch.size() == 0)) {
      return 0;
    }
    try (RecentCopy copy = new RecentCopy(connection, hour * HourPartitions.HOUR_MS, shards)) {
      RecentWriter.Written written = RecentWriter.write(copy, batches);
      copy.finish();
      RollupMarksTable.mark(connection, Tier.ONE_MINUTE, shards, written.blocks());
      return written.samples();
    }
  }
}
