package io.tidegrid.persist;

import io.tidegrid.grid.SilenceEntry;
import io.tidegrid.grid.TenantKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** The table of silences. */
final class SilenceTable extends DirectArchive<SilenceEntry> {

  private static final String INSERT =
      """
      INSERT INTO alert_silences (tenant, id, matchers, starts_at, ends_at, created_by, comment)
      VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (tenant, id) DO NOTHING
      """;

  SilenceTable(Database database) {
    super(database, "alert_silences", INSERT);
  }

  @Override
  void set(Connection connection, PreparedStatement statement, SilenceEntry value)
      throws SQLException {
    statement.setString(1, value.key().tenant());
    statement.setString(2, value.key().id());
    statement.setArray(3, connection.createArrayOf("text", AlertSql.parts(value.matchers())));
    statement.setObject(4, AlertSql.time(value.startsAt()));
    statement.setObject(5, AlertSql.time(value.endsAt()));
    statement.setString(6, SeriesWriter.storable(value.createdBy()));
    statement.setString(7, SeriesWriter.storable(value.comment()));
  }

  @Override
  SilenceEntry read(ResultSet row) throws SQLException {
    return new SilenceEntry(
        new TenantKey(row.getString("tenant"), row.getString("id")),
        AlertSql.matchers(AlertSql.texts(row, "matchers")),
        AlertSql.instant(row, "starts_at"),
        AlertSql.instant(row, "ends_at"),
        row.getString("created_by"),
        row.getString("comment"));
  }
}
