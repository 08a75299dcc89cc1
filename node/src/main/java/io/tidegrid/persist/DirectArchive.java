package io.tidegrid.persist;

import io.tidegrid.grid.TenantEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A table of things of tenants that callers write themselves, and wait for: no queue is between.
 *
 * @param <V> what a row holds
 */
abstract class DirectArchive<V extends TenantEntry> implements TenantArchive<V> {

  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final Database database;
  private final String table;
  private final String upsert;

  /**
   * @param upsert writes a row whose parameters {@link #set} fills in
   */
  DirectArchive(Database database, String table, String upsert) {
    this.database = database;
    this.table = table;
    this.upsert = upsert;
  }

  /** Fills in the parameters. */
  abstract void set(Connection connection, PreparedStatement statement, V value)
      throws SQLException;

  /** Reads a row. */
  abstract V read(ResultSet row) throws SQLException;

  @Override
  public final List<V> loadAll() {
    try (Connection connection = database.readConnection();
        PreparedStatement select = connection.prepareStatement("SELECT * FROM " + table);
        ResultSet rows = select.executeQuery()) {
      List<V> all = new ArrayList<>();
      while (rows.next()) {
        all.add(read(rows));
      }
      return all;
    } catch (SQLException e) {
      throw away(e);
    }
  }

  @Override
  public final Optional<V> find(TenantKey key) {
    try (Connection connection = database.readConnection();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT * FROM " + table + " WHERE tenant = ? AND id = ?")) {
      select.setString(1, key.tenant());
      select.setString(2, key.id());
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? Optional.of(read(row)) : Optional.empty();
      }
    } catch (SQLException e) {
      throw away(e);
    }
  }

  @Override
  public final void save(V value) {
    try (Connection connection = database.readConnection();
        PreparedStatement statement = connection.prepareStatement(upsert)) {
      set(connection, statement, value);
      int ignored = statement.executeUpdate();
    } catch (SQLException e) {
      throw away(e);
    }
  }

  @Override
  public final void delete(TenantKey key) {
    try (Connection connection = database.readConnection();
        PreparedStatement statement =
            connection.prepareStatement("DELETE FROM " + table + " WHERE tenant = ? AND id = ?")) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.id());
      int ignored = statement.executeUpdate();
    } catch (SQLException e) {
      throw away(e);
    }
  }

  private static TidegridException away(SQLException cause) {
    if (SqlErrors.remedy(cause) == SqlErrors.Remedy.REFUSED) {
      return new TidegridException(
          ErrorCode.INVALID_VALUE,
          "the database refuses this: " + StorageHealth.message(cause),
          List.of(),
          Duration.ZERO,
          cause);
    }
    return new TidegridException(
        ErrorCode.STORAGE_AWAY,
        "the database cannot be reached now, so nothing was changed: send it again later",
        List.of(),
        RETRY_AFTER,
        cause);
  }
}
