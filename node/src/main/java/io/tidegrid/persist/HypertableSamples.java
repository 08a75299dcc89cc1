package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Compacted samples in TimescaleDB's columnstore: the hypertable {@code samples}, a chunk for each
 * day, with the time of each day's last write in {@code sample_days}. Safe for use by many threads,
 * each with a connection of its own.
 */
final class HypertableSamples implements CompactedSamples, CompactedWriter {

  /** First half of the advisory lock of a day: shared to fold into it, exclusive to drop it. */
  private static final int DAY_LOCK = 0x54674873;

  private static final long DAY_MS = Duration.ofDays(1).toMillis();

  /** How exactly the last write of a day is known; less would make its row a hot spot. */
  private static final long LAST_WRITE_MS = Duration.ofHours(1).toMillis();

  /** Dropping a chunk waits for those who read it, and others wait behind that. */
  private static final Duration DROP_PATIENCE = Duration.ofSeconds(2);

  private static final int LOOKUPS_AT_ONCE = 10_000;

  private static final String VALUE = "coalesce(exact, number / divisor)";

  private static final int SERIES_ID = 0;
  private static final int TIME = 1;
  private static final int SEQ = 2;
  private static final int SAMPLE = 3;

  @Override
  public void read(Connection connection, long[] ids, long fromMs, long toMs, Sink sink)
      throws SQLException {
    // Unordered: batches come one after the other, each in the order of time.
    read(
        connection,
        "SELECT series_id, time, seq, "
            + VALUE
            + " FROM samples WHERE series_id = ANY ("
            + SqlText.array(ids)
            + ") AND time >= "
            + SqlText.time(fromMs)
            + " AND time <= "
            + SqlText.time(toMs),
        sink);
  }

  @Override
  public void readLatest(Connection connection, long[] ids, long toMs, Sink sink)
      throws SQLException {
    // The time first, because there may be rows of several sequences; the planner must not join.
    read(
        connection,
        "SELECT s.* FROM unnest("
            + SqlText.array(ids)
            + ") AS k (id) CROSS JOIN LATERAL (SELECT time FROM samples WHERE series_id = k.id AND"
            + " time <= "
            + SqlText.time(toMs)
            + " ORDER BY time DESC LIMIT 1) AS newest CROSS JOIN LATERAL (SELECT series_id, time,"
            + " seq, "
            + VALUE
            + " FROM samples WHERE series_id = k.id AND time = newest.time OFFSET 0) AS s",
        sink);
  }

  /** Hands rows over in runs of one series and sequence with ascending times. */
  private static void read(Connection connection, String query, Sink sink) throws SQLException {
    Runs runs = new Runs(sink);
    long ignored = CopyRows.read(connection, query, runs);
    runs.end();
  }

  private static final class Runs implements CopyRows.Sink {

    private final Sink sink;
    private final SampleBuffer run = new SampleBuffer();
    private long seriesId;
    private long seq;

    Runs(Sink sink) {
      this.sink = sink;
    }

    @Override
    public void accept(CopyRow row) throws SQLException {
      long id = row.getLong(SERIES_ID);
      long sequence = row.getLong(SEQ);
      long time = row.getTime(TIME);
      int size = run.size();
      if (size > 0 && (id != seriesId || sequence != seq || time <= run.times()[size - 1])) {
        end();
      }
      seriesId = id;
      seq = sequence;
      run.add(time, Double.longBitsToDouble(row.getLong(SAMPLE)));
    }

    void end() throws SQLException {
      if (run.size() > 0) {
        sink.accept(seriesId, seq, run);
        run.clear();
      }
    }
  }

  @Override
  public void prepare(Connection connection, long blockMs, Instant now) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO sample_days AS d (day, last_write) VALUES (?, ?) ON CONFLICT (day) DO"
                + " UPDATE SET last_write = excluded.last_write WHERE d.last_write <"
                + " excluded.last_write")) {
      insert.setTimestamp(1, timestamp(dayOf(blockMs) * DAY_MS));
      // Rounded up, so that nothing goes too early.
      insert.setTimestamp(2, timestamp((now.toEpochMilli() / LAST_WRITE_MS + 1) * LAST_WRITE_MS));
      insert.executeUpdate();
    }
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate(
          "INSERT INTO sample_blocks (block) VALUES ("
              + SqlText.time(blockMs)
              + ") ON CONFLICT DO NOTHING");
    }
  }

  private static long dayOf(long timeMs) {
    return Math.floorDiv(timeMs, DAY_MS);
  }

  private static Timestamp timestamp(long ms) {
    return Timestamp.from(Instant.ofEpochMilli(ms));
  }

  /**
   * Also keeps others from folding into the block: COPY writes straight into the columnstore only
   * where there is no unique index to do so. Updating a row, unlike a lock alone, fails where
   * somebody was faster since the transaction's snapshot.
   */
  @Override
  public boolean lock(Connection connection, long blockMs) throws SQLException {
    String day = "(" + DAY_LOCK + ", " + dayOf(blockMs) + ")";
    String where = " WHERE block = " + SqlText.time(blockMs);
    try (Statement statement = connection.createStatement()) {
      if (!flag(connection, "SELECT pg_try_advisory_xact_lock_shared" + day)) {
        return false;
      }
      try (ResultSet row =
          statement.executeQuery("SELECT FROM sample_blocks" + where + " FOR UPDATE SKIP LOCKED")) {
        if (!row.next()) {
          return false;
        }
      }
      return statement.executeUpdate("UPDATE sample_blocks SET folds = folds + 1" + where) == 1;
    }
  }

  private static boolean flag(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getBoolean(1);
    }
  }

  /** Nothing is remembered: chunks are made by the server. */
  @Override
  public void forget() {}

  private static String where(long blockMs, long[] ids, int from, int to) {
    return "series_id = ANY ("
        + SqlText.array(Arrays.copyOfRange(ids, from, to))
        + ") AND time >= "
        + SqlText.time(blockMs)
        + " AND time < "
        + SqlText.time(blockMs + BlockSpan.LENGTH_MS);
  }

  @Override
  public void counts(
      Connection connection, long blockMs, long[] ids, int from, int to, int[] counts)
      throws SQLException {
    Arrays.fill(counts, from, to, 0);
    for (int start = from; start < to; start += LOOKUPS_AT_ONCE) {
      int end = Math.min(to, start + LOOKUPS_AT_ONCE);
      try (Statement statement = connection.createStatement();
          ResultSet result =
              statement.executeQuery(
                  "SELECT series_id, count(*) FROM samples WHERE "
                      + where(blockMs, ids, start, end)
                      + " GROUP BY series_id")) {
        while (result.next()) {
          counts[Arrays.binarySearch(ids, start, end, result.getLong(1))] = result.getInt(2);
        }
      }
    }
  }

  @Override
  public void read(Connection connection, long blockMs, long[] ids, int from, int to, Sink consumer)
      throws SQLException {
    SeriesInOrder series = new SeriesInOrder(consumer);
    long ignored =
        CopyRows.read(
            connection,
            "SELECT series_id, time, seq, "
                + VALUE
                + " FROM samples WHERE "
                + where(blockMs, ids, from, to)
                + " ORDER BY series_id, time",
            series);
    series.end();
  }

  /** Of several rows of one series and time takes that of the highest sequence. */
  private static final class SeriesInOrder implements CopyRows.Sink {

    private final Sink consumer;
    private final SampleBuffer samples = new SampleBuffer();
    private long seriesId;
    private long highest;
    private long lastSeq;

    SeriesInOrder(Sink consumer) {
      this.consumer = consumer;
    }

    @Override
    public void accept(CopyRow row) throws SQLException {
      long id = row.getLong(SERIES_ID);
      long seq = row.getLong(SEQ);
      if (samples.size() > 0 && id != seriesId) {
        end();
      }
      long time = row.getTime(TIME);
      double value = Double.longBitsToDouble(row.getLong(SAMPLE));
      int last = samples.size() - 1;
      if (last < 0 || samples.times()[last] != time) {
        samples.add(time, value);
        lastSeq = seq;
      } else if (seq >= lastSeq) {
        samples.values()[last] = value;
        lastSeq = seq;
      }
      highest = last < 0 ? seq : Math.max(highest, seq);
      seriesId = id;
    }

    void end() throws SQLException {
      if (samples.size() > 0) {
        consumer.accept(seriesId, highest, samples);
        samples.clear();
      }
    }
  }

  @Override
  public void delete(Connection connection, long blockMs, long[] ids, int from, int to)
      throws SQLException {
    for (int start = from; start < to; start += LOOKUPS_AT_ONCE) {
      String where = where(blockMs, ids, start, Math.min(to, start + LOOKUPS_AT_ONCE));
      // Mostly there is nothing, and looking goes by an index where deleting reads all batches.
      if (flag(connection, "SELECT EXISTS (SELECT FROM samples WHERE " + where + ")")) {
        try (Statement statement = connection.createStatement()) {
          statement.execute(
              "SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0");
          statement.executeUpdate("DELETE FROM samples WHERE " + where);
        }
      }
    }
  }

  @Override
  public Rows write(Connection connection, long blockMs) throws SQLException {
    return new HypertableCopy(connection);
  }

  @Override
  public List<ExpiredPartition> expired(Connection connection, Instant before) throws SQLException {
    List<ExpiredPartition> expired = new ArrayList<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            SELECT k.chunk_schema || '.' || k.chunk_name, k.range_start, k.range_end,
                   max(d.last_write), max(greatest(c.reltuples, 0))::bigint, max(s.total_bytes)
              FROM timescaledb_information.chunks k
              JOIN pg_class h ON h.oid = to_regclass('samples') AND h.relname = k.hypertable_name
              JOIN pg_namespace n ON n.oid = h.relnamespace AND n.nspname = k.hypertable_schema
              JOIN pg_class c ON c.oid = format('%%I.%%I', k.chunk_schema, k.chunk_name)::regclass
              LEFT JOIN %s.chunks_detailed_size('samples') s
                     ON s.chunk_schema = k.chunk_schema AND s.chunk_name = k.chunk_name
              LEFT JOIN sample_days d
                     ON d.day < k.range_end AND d.day + INTERVAL '1 day' > k.range_start
             WHERE k.range_end <= ?
             GROUP BY k.chunk_schema, k.chunk_name, k.range_start, k.range_end
            HAVING coalesce(max(d.last_write), k.range_end) < ?
             ORDER BY k.range_start\
            """
                .formatted(extensionSchema(connection)))) {
      select.setTimestamp(1, Timestamp.from(before));
      select.setTimestamp(2, Timestamp.from(before));
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          Instant to = result.getTimestamp(3).toInstant();
          Timestamp lastWrite = result.getTimestamp(4);
          expired.add(
              new ExpiredPartition(
                  result.getString(1),
                  result.getTimestamp(2).toInstant(),
                  to,
                  lastWrite == null ? to : lastWrite.toInstant(),
                  result.getLong(5),
                  result.getLong(6)));
        }
      }
    }
    return expired;
  }

  /** Tells a chunk from a partition of another table: chunks have a schema of their own. */
  static boolean isChunk(ExpiredPartition partition) {
    return partition.table().indexOf('.') >= 0;
  }

  /** Its functions are called by their full names, since the search path may not hold them. */
  private static String extensionSchema(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid ="
                    + " e.extnamespace WHERE e.extname = 'timescaledb'")) {
      if (!result.next()) {
        throw new SQLException("the extension timescaledb is gone from the database", "42704");
      }
      return result.getString(1);
    }
  }

  @Override
  public boolean drop(Connection connection, ExpiredPartition partition, Instant before)
      throws SQLException {
    connection.setAutoCommit(false);
    try {
      boolean dropped = dropInTransaction(connection, partition, before);
      connection.commit();
      return dropped;
    } catch (SQLException e) {
      HourPartitions.rollback(connection, e);
      if (SqlErrors.state(e).equals(SqlErrors.LOCK_NOT_AVAILABLE)) {
        return false;
      }
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(true);
      }
    }
  }

  private boolean dropInTransaction(
      Connection connection, ExpiredPartition partition, Instant before) throws SQLException {
    long end = partition.to().toEpochMilli();
    for (long day = dayOf(partition.from().toEpochMilli()); day * DAY_MS < end; day++) {
      if (!flag(connection, "SELECT pg_try_advisory_xact_lock(" + DAY_LOCK + ", " + day + ")")) {
        return false;
      }
    }
    boolean still =
        expired(connection, before).stream()
            .anyMatch(expired -> expired.table().equals(partition.table()));
    if (!still) {
      return false;
    }
    String from = SqlText.time(partition.from().toEpochMilli());
    String to = SqlText.time(end);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = " + DROP_PATIENCE.toMillis());
      statement.execute(
          "SELECT "
              + extensionSchema(connection)
              + ".drop_chunks('samples', older_than => "
              + to
              + ", newer_than => "
              + from
              + ")");
      statement.execute("DELETE FROM sample_days WHERE day >= " + from + " AND day < " + to);
      statement.execute("DELETE FROM sample_blocks WHERE block >= " + from + " AND block < " + to);
    }
    return true;
  }
}
