package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;
import java.sql.Connection;
import java.sql.SQLException;

/** The table {@code blocks}, read by its primary key. */
final class BlockTable implements CompactedSamples {

  @Override
  public void read(Connection connection, long[] ids, long fromMs, long toMs, Sink sink)
      throws SQLException {
    String range =
        fromMs >= BlockSpan.startOf(toMs)
            ? "block = " + SqlText.time(BlockSpan.startOf(toMs))
            : "block >= "
                + SqlText.time(BlockSpan.startOf(fromMs))
                + " AND block <= "
                + SqlText.time(BlockSpan.startOf(toMs));
    long ignored =
        BlockRows.read(
            connection,
            "SELECT "
                + BlockRows.COLUMNS
                + " FROM blocks WHERE series_id = ANY ("
                + SqlText.array(ids)
                + ") AND "
                + range
                + " ORDER BY series_id, block",
            sink);
  }

  @Override
  public void readLatest(Connection connection, long[] ids, long toMs, Sink sink)
      throws SQLException {
    long last = BlockSpan.startOf(toMs);
    // The newest row may begin after the time; then it is the one before.
    String query =
        "SELECT b.* FROM unnest("
            + SqlText.array(ids)
            + ") AS k (id) CROSS JOIN LATERAL (SELECT "
            + BlockRows.COLUMNS
            + " FROM blocks WHERE series_id = k.id AND block <= "
            + SqlText.time(last)
            + " AND (block < "
            + SqlText.time(last)
            + " OR coalesce(offsets[1], first_ms) <= "
            + (toMs - last)
            + ") ORDER BY block DESC LIMIT 1) AS b";
    long ignored = BlockRows.read(connection, query, sink);
  }
}
