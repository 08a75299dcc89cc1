package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Finds which blocks have recent rows. */
final class RecentPairs {

  /** Of a long import, the oldest blocks first; the others when these are done. */
  private static final int MAX_PAIRS = 20_000;

  /** Goes through the index from one pair to the next, past all rows of a pair at a time. */
  private static final String PAIRS =
      """
      WITH RECURSIVE pairs AS (
        (SELECT block, shards, shard FROM recent WHERE block <= ?
          ORDER BY block, shards, shard LIMIT 1)
        UNION ALL
        SELECT n.block, n.shards, n.shard
          FROM pairs p
         CROSS JOIN LATERAL (
               SELECT r.block, r.shards, r.shard FROM recent r
                WHERE (r.block, r.shards, r.shard) > (p.block, p.shards, p.shard) AND r.block <= ?
                ORDER BY r.block, r.shards, r.shard LIMIT 1) AS n)
      SELECT block, shard FROM pairs LIMIT ?\
      """;

  private RecentPairs() {}

  /** Returns the pairs whose block has ended, each once, the oldest first. */
  static List<CompactionPair> ended(Connection connection, Instant now) throws SQLException {
    Timestamp last = Timestamp.from(Instant.ofEpochMilli(now.toEpochMilli() - BlockSpan.LENGTH_MS));
    Set<CompactionPair> pairs = new LinkedHashSet<>();
    connection.setAutoCommit(false);
    try (Statement settings = connection.createStatement();
        PreparedStatement select = connection.prepareStatement(PAIRS)) {
      // The table has no statistics, and only the index makes this cheap.
      settings.execute(
          "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort"
              + " = off; SET LOCAL jit = off");
      select.setTimestamp(1, last);
      select.setTimestamp(2, last);
      select.setInt(3, MAX_PAIRS);
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          pairs.add(new CompactionPair(result.getTimestamp(1).getTime(), result.getInt(2)));
        }
      }
      connection.commit();
      connection.setAutoCommit(true);
      return List.copyOf(pairs);
    } catch (SQLException e) {
      HourPartitions.rollback(connection, e);
      throw e;
    }
  }
}
