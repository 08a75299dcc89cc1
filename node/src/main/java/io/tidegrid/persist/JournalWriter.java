package io.tidegrid.persist;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Writes journal batches in one transaction: their ledger rows, series, samples, hour marks and
 * late upserts, or nothing. Batches that the ledger has are left out, so writing them again changes
 * nothing. Safe for use by many threads, each with a connection of its own.
 */
final class JournalWriter {

  /** First half of the two-part advisory lock that a writer holds for each of its shards. */
  private static final int SHARD_LOCK = 0x54696465;

  /** Hours of commit that the ledger keeps; a batch is offered again within seconds, or never. */
  private static final int LEDGER_HOURS = 4;

  private static final int MAX_MARKS = 10_000;

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

  private static final String LATE =
      """
      INSERT INTO samples_late AS l (series_id, time, value, seq)
      SELECT DISTINCT ON (series_id, time) series_id, time, value, seq
        FROM pg_temp.tidegrid_late
       ORDER BY series_id, time, seq DESC, ctid DESC
      ON CONFLICT (series_id, time) DO UPDATE
         SET value = excluded.value, seq = excluded.seq
       WHERE excluded.seq > l.seq\
      """;

  private final InstantSource clock;
  private final SeriesWriter series = new SeriesWriter();
  private final HourPartitions samplePartitions = new HourPartitions("samples", true);
  private final HourPartitions ledgerPartitions = new HourPartitions("persisted_batches", true);
  private final Set<Long> markedHours = ConcurrentHashMap.newKeySet();

  /**
   * What a transaction did.
   *
   * @param batches batches that the ledger did not have yet
   * @param samples rows written of them
   * @param conflicts batches cut out of these because their series id belongs to other labels
   */
  record Written(int batches, long samples, SortedMap<JournalKey, JournalBatch> conflicts) {}

  JournalWriter(InstantSource clock) {
    this.clock = clock;
  }

  HourPartitions samplePartitions() {
    return samplePartitions;
  }

  /** Forgets which partitions, series and marks exist, after the database said otherwise. */
  void forget() {
    samplePartitions.forget();
    ledgerPartitions.forget();
    series.forget();
    markedHours.clear();
  }

  /**
   * Writes the batches, sorted so that no two writers wait for each other in a circle, and commits.
   * The connection is in auto-commit mode before and after.
   */
  Written write(Connection connection, SortedMap<JournalKey, JournalBatch> batches)
      throws SQLException {
    long ledgerHour = HourPartitions.hourOf(clock.instant().toEpochMilli());
    Map<JournalKey, SortedSet<Long>> hours = new HashMap<>(batches.size() * 2);
    batches.forEach((key, batch) -> {
      if (!batch.old()) {
        hours.put(key, hoursOf(batch));
      }
    });
    prepare(connection, ledgerHour, hours.values());
    connection.setAutoCommit(false);
    try {
      SortedMap<JournalKey, JournalBatch> fresh = enterLedger(connection, ledgerHour, batches);
      SeriesWriter.Result seriesResult = series.write(connection, fresh);
      SortedSet<Long> marks = new TreeSet<>();
      long samples = writeSamples(connection, seriesResult.accepted(), hours, marks);
      samples += writeLate(connection, seriesResult.accepted());
      mark(connection, marks);
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
      remember(marks);
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
    long ledgerHour = HourPartitions.hourOf(clock.instant().toEpochMilli());
    prepare(connection, ledgerHour, List.of());
    connection.setAutoCommit(false);
    try {
      SortedMap<JournalKey, JournalBatch> one = new TreeMap<>();
      one.put(key, batch);
      if (!enterLedger(connection, ledgerHour, one).isEmpty()) {
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

  private void prepare(
      Connection connection, long ledgerHour, Collection<SortedSet<Long>> sampleHours)
      throws SQLException {
    if (ledgerPartitions.ensureNew(connection, ledgerHour)) {
      ledgerPartitions.keepNewest(connection, LEDGER_HOURS);
    }
    SortedSet<Long> hours = new TreeSet<>();
    for (SortedSet<Long> ofBatch : sampleHours) {
      hours.addAll(ofBatch);
    }
    samplePartitions.ensure(connection, hours);
  }

  private static NavigableSet<Long> hoursOf(JournalBatch batch) {
    NavigableSet<Long> hours = new TreeSet<>();
    long[] times = batch.times();
    int size = batch.size();
    // Beyond any hour's reach, so that the first sample opens one.
    long from = Long.MIN_VALUE;
    long to = Long.MIN_VALUE;
    for (int i = 0; i < size; i++) {
      long time = times[i];
      if (time < from || time >= to) {
        long hour = HourPartitions.hourOf(time);
        from = hour * HourPartitions.HOUR_MS;
        to = from + HourPartitions.HOUR_MS;
        hours.add(hour);
      }
    }
    return hours;
  }

  /**
   * Returns the batches that the ledger did not have. Writers of one shard take turns, because the
   * ledger's key is only unique within an hour of commit: without that, two of them could enter a
   * batch in two hours without seeing each other.
   */
  private static SortedMap<JournalKey, JournalBatch> enterLedger(
      Connection connection, long ledgerHour, SortedMap<JournalKey, JournalBatch> batches)
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
      insert.setTimestamp(1, new Timestamp(ledgerHour * HourPartitions.HOUR_MS));
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

  /** Rows of one hour from which on they are worth a COPY of their own. */
  private static final int DIRECT_ROWS = 2_000;

  /** The batches of one COPY, in order. */
  private record Portion(List<Map.Entry<JournalKey, JournalBatch>> batches, long rows) {

    static Portion of(List<Map.Entry<JournalKey, JournalBatch>> batches) {
      return new Portion(batches, batches.stream().mapToLong(e -> e.getValue().size()).sum());
    }
  }

  /**
   * Copies rows straight into the partition of their hour where there are enough of it: finding the
   * partition row by row costs the server a tenth of its time. What is left goes by the parent, and
   * first, because whoever drops a partition locks the parent first.
   */
  private long writeSamples(
      Connection connection,
      SortedMap<JournalKey, JournalBatch> batches,
      Map<JournalKey, SortedSet<Long>> hoursOfBatches,
      SortedSet<Long> marks)
      throws SQLException {
    List<Map.Entry<JournalKey, JournalBatch>> rest = new ArrayList<>();
    SortedMap<Long, List<Map.Entry<JournalKey, JournalBatch>>> byHour = new TreeMap<>();
    for (Map.Entry<JournalKey, JournalBatch> entry : batches.entrySet()) {
      JournalBatch batch = entry.getValue();
      if (batch.old() || batch.size() == 0) {
        continue;
      }
      SortedSet<Long> hours = hoursOfBatches.get(entry.getKey());
      if (batch.overlapping()) {
        marks.addAll(hours);
        entry = Map.entry(entry.getKey(), BatchFilter.lastOfEach(batch));
      }
      if (hours.size() == 1) {
        byHour.computeIfAbsent(hours.first(), hour -> new ArrayList<>()).add(entry);
      } else {
        rest.add(entry);
      }
    }
    SortedMap<Long, Portion> direct = new TreeMap<>();
    byHour.forEach((hour, entries) -> {
      Portion portion = Portion.of(entries);
      if (portion.rows() >= DIRECT_ROWS) {
        direct.put(hour, portion);
      } else {
        rest.addAll(entries);
      }
    });
    long rows = 0;
    if (!rest.isEmpty()) {
      rows += copy(connection, "samples", Portion.of(rest));
    }
    for (Map.Entry<Long, Portion> portion : direct.entrySet()) {
      String partition = samplePartitions.lockForWriting(connection, portion.getKey());
      rows += copy(connection, partition, portion.getValue());
    }
    return rows;
  }

  private static long copy(Connection connection, String table, Portion portion)
      throws SQLException {
    try (SampleCopy copy = new SampleCopy(connection, table)) {
      for (Map.Entry<JournalKey, JournalBatch> entry : portion.batches()) {
        JournalBatch batch = entry.getValue();
        copy.write(
            batch.ids(), batch.times(), batch.values(), batch.size(), entry.getKey().sequence());
      }
      copy.finish();
    }
    return portion.rows();
  }

  private static long writeLate(Connection connection, SortedMap<JournalKey, JournalBatch> batches)
      throws SQLException {
    List<Map.Entry<JournalKey, JournalBatch>> old =
        batches.entrySet().stream().filter(entry -> entry.getValue().old()).toList();
    if (old.isEmpty()) {
      return 0;
    }
    try (Statement statement = connection.createStatement()) {
      // By way of a table, because an upsert may meet each key once, and COPY keeps a value's bits.
      statement.execute(
          "CREATE TEMPORARY TABLE IF NOT EXISTS tidegrid_late (series_id bigint, time timestamptz,"
              + " value float8, seq bigint) ON COMMIT DELETE ROWS");
      long rows = copy(connection, "pg_temp.tidegrid_late", Portion.of(old));
      statement.execute(LATE);
      return rows;
    }
  }

  private void mark(Connection connection, SortedSet<Long> hours) throws SQLException {
    hours.removeAll(new HashSet<>(markedHours));
    if (hours.isEmpty()) {
      return;
    }
    List<Timestamp> starts = new ArrayList<>();
    hours.forEach(hour -> starts.add(new Timestamp(hour * HourPartitions.HOUR_MS)));
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO samples_hours (hour, overlapping) SELECT h, true FROM"
                + " unnest(?::timestamptz[]) AS h ON CONFLICT (hour) DO UPDATE SET overlapping ="
                + " true WHERE NOT samples_hours.overlapping")) {
      Array array = connection.createArrayOf("timestamptz", starts.toArray());
      insert.setArray(1, array);
      insert.executeUpdate();
    }
  }

  private void remember(SortedSet<Long> marks) {
    if (markedHours.size() > MAX_MARKS) {
      markedHours.clear();
    }
    markedHours.addAll(marks);
  }
}
