package io.tidegrid.persist;

import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.Delivered;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.model.AlertIdentity;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The table of how alerts stand. */
final class StateTable implements AlertTable<AlertKey, StateEntry> {

  private static final String UPSERT =
      """
      INSERT INTO alert_state AS s (tenant, rule_id, fingerprint, shard, shards, revision,
             rule_version, canonical, phase, pending_since_ms, fired_at_ms, resolved_at_ms, value,
             last_time_ms, changed_at_ms, resolved_by, announced, webhook_since_ms,
             webhook_resolved, alertmanager_since_ms, alertmanager_resolved, ended)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (tenant, rule_id, fingerprint) DO UPDATE
         SET shard = excluded.shard, shards = excluded.shards, revision = excluded.revision,
             rule_version = excluded.rule_version, phase = excluded.phase,
             pending_since_ms = excluded.pending_since_ms, fired_at_ms = excluded.fired_at_ms,
             resolved_at_ms = excluded.resolved_at_ms, value = excluded.value,
             last_time_ms = excluded.last_time_ms, changed_at_ms = excluded.changed_at_ms,
             resolved_by = excluded.resolved_by, announced = excluded.announced,
             webhook_since_ms = excluded.webhook_since_ms,
             webhook_resolved = excluded.webhook_resolved,
             alertmanager_since_ms = excluded.alertmanager_since_ms,
             alertmanager_resolved = excluded.alertmanager_resolved, ended = excluded.ended
       WHERE s.revision <= excluded.revision
      """;

  /** In the order in which all writers take their locks. */
  private static final Comparator<AlertKey> ORDER =
      Comparator.comparing(AlertKey::tenant)
          .thenComparing(AlertKey::ruleId)
          .thenComparingLong(AlertKey::fingerprint);

  private volatile int shards;

  /**
   * A row's name and revision.
   *
   * @param shard the shard that it is kept under
   */
  record Row(String tenant, String ruleId, long fingerprint, int shard, long revision) {}

  /** Sets how many shards there are. */
  void shards(int count) {
    shards = count;
  }

  @Override
  public void upsert(Connection connection, Map<AlertKey, StateEntry> entries) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(UPSERT)) {
      for (AlertKey key : entries.keySet().stream().sorted(ORDER).toList()) {
        set(statement, key, entries.get(key));
        statement.addBatch();
      }
      int[] ignored = statement.executeBatch();
    }
  }

  private void set(PreparedStatement statement, AlertKey key, StateEntry entry)
      throws SQLException {
    AlertState state = entry.state();
    int at = 0;
    statement.setString(++at, key.tenant());
    statement.setString(++at, key.ruleId());
    statement.setLong(++at, key.fingerprint());
    statement.setInt(++at, key.shard());
    statement.setInt(++at, shards);
    statement.setLong(++at, entry.revision());
    statement.setLong(++at, state.ruleVersion());
    statement.setBytes(++at, state.labels().canonicalBytes());
    statement.setString(++at, state.phase().name());
    AlertSql.setTimeMs(statement, ++at, state.pendingSinceMs());
    AlertSql.setTimeMs(statement, ++at, state.firedAtMs());
    AlertSql.setTimeMs(statement, ++at, state.resolvedAtMs());
    statement.setDouble(++at, state.value());
    AlertSql.setTimeMs(statement, ++at, state.lastTimeMs());
    AlertSql.setTimeMs(statement, ++at, state.changedAtMs());
    statement.setString(++at, SeriesWriter.storable(state.resolvedBy()));
    statement.setBoolean(++at, state.announced());
    AlertSql.setTimeMs(statement, ++at, entry.webhook().sinceMs());
    statement.setBoolean(++at, entry.webhook().resolved());
    AlertSql.setTimeMs(statement, ++at, entry.alertmanager().sinceMs());
    statement.setBoolean(++at, entry.alertmanager().resolved());
    statement.setBoolean(++at, entry.ended());
  }

  @Override
  public void delete(Connection connection, Collection<AlertKey> keys) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM alert_state WHERE tenant = ? AND rule_id = ? AND fingerprint = ?")) {
      for (AlertKey key : keys.stream().sorted(ORDER).toList()) {
        statement.setString(1, key.tenant());
        statement.setString(2, key.ruleId());
        statement.setLong(3, key.fingerprint());
        statement.addBatch();
      }
      int[] ignored = statement.executeBatch();
    }
  }

  /** Takes rows away that are still those that were read. */
  static void deleteUnchanged(Connection connection, List<Row> rows) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM alert_state WHERE tenant = ? AND rule_id = ? AND fingerprint = ? AND"
                + " revision = ?")) {
      for (Row row : rows) {
        statement.setString(1, row.tenant());
        statement.setString(2, row.ruleId());
        statement.setLong(3, row.fingerprint());
        statement.setLong(4, row.revision());
        statement.addBatch();
      }
      int[] ignored = statement.executeBatch();
    }
  }

  /** Returns the rows of some shards, without what they hold. */
  List<Row> rows(Connection connection, int[] wanted) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT tenant, rule_id, fingerprint, shard, revision FROM alert_state WHERE shards = ?"
                + " AND shard = ANY ("
                + SqlText.array(wanted)
                + ")")) {
      select.setInt(1, shards);
      List<Row> rows = new ArrayList<>();
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          rows.add(
              new Row(
                  row.getString(1),
                  row.getString(2),
                  row.getLong(3),
                  row.getInt(4),
                  row.getLong(5)));
        }
      }
      return rows;
    }
  }

  /** Returns all that is kept of a shard, those among them that had another number before. */
  List<StateEntry> load(Connection connection, int shard) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT * FROM alert_state WHERE (shards = ? AND shard = ?) OR shards <> ?")) {
      select.setInt(1, shards);
      select.setInt(2, shard);
      select.setInt(3, shards);
      List<StateEntry> entries = new ArrayList<>();
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          StateEntry entry = read(row);
          if (shardOf(row, entry.state()) == shard) {
            entries.add(entry);
          }
        }
      }
      return entries;
    }
  }

  private int shardOf(ResultSet row, AlertState state) throws SQLException {
    int kept = row.getInt("shard");
    int of = row.getInt("shards");
    if (of == shards) {
      return kept;
    }
    boolean ofSeries =
        !state.labels().metricName().isEmpty()
            && SeriesKey.of(state.tenant(), state.labels()).shard(of) == kept;
    return ofSeries
        ? SeriesKey.of(state.tenant(), state.labels()).shard(shards)
        : AlertIdentity.shardOfRule(state.tenant(), state.ruleId(), shards);
  }

  private static StateEntry read(ResultSet row) throws SQLException {
    AlertState state =
        new AlertState(
            row.getString("tenant"),
            row.getString("rule_id"),
            row.getLong("rule_version"),
            row.getLong("fingerprint"),
            Labels.fromCanonical(row.getBytes("canonical")),
            AlertPhase.valueOf(row.getString("phase")),
            AlertSql.timeMs(row, "pending_since_ms"),
            AlertSql.timeMs(row, "fired_at_ms"),
            AlertSql.timeMs(row, "resolved_at_ms"),
            row.getDouble("value"),
            AlertSql.timeMs(row, "last_time_ms"),
            AlertSql.timeMs(row, "changed_at_ms"),
            row.getString("resolved_by"),
            row.getBoolean("announced"));
    return new StateEntry(
        row.getLong("revision"),
        state,
        new Delivered(AlertSql.timeMs(row, "webhook_since_ms"), row.getBoolean("webhook_resolved")),
        new Delivered(
            AlertSql.timeMs(row, "alertmanager_since_ms"), row.getBoolean("alertmanager_resolved")),
        row.getBoolean("ended"));
  }
}
