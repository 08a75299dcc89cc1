package io.tidegrid.persist;

import io.tidegrid.persist.CompactionSteps.Step;
import io.tidegrid.store.BlockSpan;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Drops partitions of recent rows whose hour is over and which compaction has emptied. */
final class RecentPartitions {

  private static final System.Logger LOG = System.getLogger(RecentPartitions.class.getName());

  /** A transaction that began in an hour may commit rows of it in the next. */
  private static final int HOURS_OVER = 2;

  private final HourPartitions partitions = new HourPartitions("recent");
  private final CompactionSteps steps;

  RecentPartitions(CompactionSteps steps) {
    this.steps = steps;
  }

  /** Drops the empty ones; the connection is in auto-commit mode. */
  void dropEmpty(Connection connection, Instant now) throws SQLException {
    long last = HourPartitions.hourOf(now.toEpochMilli()) - HOURS_OVER;
    for (String partition : over(connection, last)) {
      boolean attached = PartitionDrop.isAttached(connection, "recent", partition);
      if (!attached || isEmpty(connection, partition)) {
        PartitionDrop.detach(connection, "recent", partition);
        steps.reached(Step.DETACHED, connection);
        dropOrAttach(connection, partition);
        steps.reached(Step.DROPPED, connection);
      }
    }
  }

  /** Those too that were detached and not dropped when somebody was interrupted. */
  private List<String> over(Connection connection, long lastHour) throws SQLException {
    List<String> over = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE"
                    + " 'recent\\_p%' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE"
                    + " oid = 'recent'::regclass) ORDER BY 1")) {
      while (result.next()) {
        OptionalLong hour = partitions.numberOf(result.getString(1));
        if (hour.isPresent() && hour.getAsLong() <= lastHour) {
          over.add(result.getString(1));
        }
      }
    }
    return over;
  }

  private static boolean isEmpty(Connection connection, String partition) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // By the index, which after one look knows the deleted rows for what they are.
      statement.execute("SET enable_seqscan = off");
      try (ResultSet result =
          statement.executeQuery(
              "SELECT 1 FROM " + partition + " ORDER BY block, shards, shard LIMIT 1")) {
        return !result.next();
      } finally {
        if (!connection.isClosed()) {
          statement.execute("RESET enable_seqscan");
        }
      }
    }
  }

  /** Nobody finds the table any more; should a writer have been faster, it is put back. */
  private void dropOrAttach(Connection connection, String partition) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = '2s'");
      statement.execute("LOCK TABLE " + partition + " IN ACCESS EXCLUSIVE MODE");
      if (isEmpty(connection, partition)) {
        statement.execute("DROP TABLE " + partition);
      } else {
        LOG.log(System.Logger.Level.INFO, "{0} was written to, and is kept", partition);
        partitions.attach(statement, partitions.numberOf(partition).orElseThrow());
      }
      connection.commit();
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      HourPartitions.rollback(connection, e);
      throw e;
    }
  }

  /** Deletes rows that could not be compacted for longer than samples are kept. */
  void deleteExpired(Connection connection, Instant before) throws SQLException {
    Instant block = before.minusMillis(BlockSpan.LENGTH_MS);
    Instant hour = before.minusMillis(HourPartitions.HOUR_MS);
    try (Statement statement = connection.createStatement()) {
      long rows;
      try (ResultSet result =
          statement.executeQuery(
              "WITH gone AS (DELETE FROM recent WHERE block < '"
                  + block
                  + "'::timestamptz AND committed < '"
                  + hour
                  + "'::timestamptz RETURNING block), said AS (INSERT INTO raw_dropped (day) SELECT"
                  + " DISTINCT date_bin('1 day', block, 'epoch') FROM gone ON CONFLICT DO NOTHING)"
                  + " SELECT count(*) FROM gone")) {
        result.next();
        rows = result.getLong(1);
      }
      if (rows > 0) {
        LOG.log(
            System.Logger.Level.WARNING,
            "deleted {0} recent rows from before {1} that could not be compacted",
            rows,
            before);
      }
    }
  }
}
