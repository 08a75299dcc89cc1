package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.BooleanSupplier;

/**
 * All tables of compacted samples as one: {@code blocks}, and {@code samples} where TimescaleDB has
 * its columnstore. Safe for use by many threads, each with a connection of its own.
 */
final class CompactedTables implements CompactedSamples {

  private final BlockTable blocks = new BlockTable();
  private final HypertableSamples hypertable = new HypertableSamples();
  private final BooleanSupplier columnstore;

  /**
   * @param columnstore whether there is a hypertable; asked each time, since that is only known
   *     once the database was reached
   */
  CompactedTables(BooleanSupplier columnstore) {
    this.columnstore = columnstore;
  }

  @Override
  public void read(Connection connection, long[] ids, long fromMs, long toMs, Sink sink)
      throws SQLException {
    blocks.read(connection, ids, fromMs, toMs, sink);
    if (columnstore.getAsBoolean()) {
      hypertable.read(connection, ids, fromMs, toMs, sink);
    }
  }

  @Override
  public void readLatest(Connection connection, long[] ids, long toMs, Sink sink)
      throws SQLException {
    blocks.readLatest(connection, ids, toMs, sink);
    if (columnstore.getAsBoolean()) {
      hypertable.readLatest(connection, ids, toMs, sink);
    }
  }
}
