package io.tidegrid.persist;

import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Completes the script that lets SQL find the shard of a series: the hash is one that SQL cannot
 * compute.
 */
final class ShardHashes {

  static final String SCRIPT = "V003__views.sql";

  private static final int ROWS_PER_BATCH = 5_000;

  private ShardHashes() {}

  /** Gives each series its shard hash, inside the transaction of the script. */
  static void fill(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        PreparedStatement update =
            connection.prepareStatement("UPDATE series SET shard_hash = ? WHERE series_id = ?")) {
      statement.setFetchSize(ROWS_PER_BATCH);
      int waiting = 0;
      try (ResultSet rows =
          statement.executeQuery("SELECT series_id, tenant, canonical FROM series")) {
        while (rows.next()) {
          Labels labels = Labels.fromCanonical(rows.getBytes(3));
          update.setLong(1, SeriesKey.of(rows.getString(2), labels).shardHash());
          update.setLong(2, rows.getLong(1));
          update.addBatch();
          if (++waiting % ROWS_PER_BATCH == 0) {
            update.executeBatch();
          }
        }
      }
      update.executeBatch();
      statement.execute("ALTER TABLE series ALTER COLUMN shard_hash SET NOT NULL");
    }
  }
}
