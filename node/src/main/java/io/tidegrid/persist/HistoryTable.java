package io.tidegrid.persist;

import io.tidegrid.grid.HistoryEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The table of alerts that fired. */
final class HistoryTable implements AlertTable<TenantKey, HistoryEntry> {

  private static final String UPSERT =
      """
      INSERT INTO alert_history AS h (tenant, id, fingerprint, rule_id, rule_name, metric, severity,
             labels, annotations, condition, phase, value, threshold, started_at, fired_at,
             resolved_at, resolved_by, silenced, revision)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (tenant, id) DO UPDATE
         SET rule_name = excluded.rule_name, severity = excluded.severity,
             labels = excluded.labels, annotations = excluded.annotations,
             condition = excluded.condition, phase = excluded.phase, value = excluded.value,
             threshold = excluded.threshold, fired_at = excluded.fired_at,
             resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by,
             silenced = excluded.silenced, revision = excluded.revision, written_at = now()
       WHERE h.revision <= excluded.revision
      """;

  private static final String SELECT =
      """
      SELECT * FROM alert_history
       WHERE tenant = ? AND started_at >= ? AND started_at < ? AND (? = '' OR rule_id = ?)
         AND (? = '' OR severity = ?) AND (cardinality(?::text[]) = 0 OR phase = ANY (?::text[]))
       ORDER BY started_at DESC, id DESC LIMIT ?
      """;

  /** What a timestamp of the database can hold at most, and nobody's alert begins after. */
  private static final long MAX_TIME_MS = Instant.parse("9999-12-31T23:59:59Z").toEpochMilli();

  private static final Comparator<TenantKey> ORDER =
      Comparator.comparing(TenantKey::tenant).thenComparing(TenantKey::id);

  @Override
  public void upsert(Connection connection, Map<TenantKey, HistoryEntry> entries)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(UPSERT)) {
      for (TenantKey key : entries.keySet().stream().sorted(ORDER).toList()) {
        set(statement, entries.get(key));
        statement.addBatch();
      }
      int[] ignored = statement.executeBatch();
    }
  }

  private static void set(PreparedStatement statement, HistoryEntry entry) throws SQLException {
    Alert alert = entry.alert();
    int at = 0;
    statement.setString(++at, alert.tenant());
    statement.setString(++at, alert.id());
    statement.setString(++at, alert.fingerprint());
    statement.setString(++at, alert.ruleId());
    statement.setString(++at, SeriesWriter.storable(alert.ruleName()));
    statement.setString(++at, SeriesWriter.storable(alert.metric()));
    statement.setString(++at, SeriesWriter.storable(alert.severity()));
    statement.setString(++at, AlertSql.json(alert.labels()));
    statement.setString(++at, AlertSql.json(alert.annotations()));
    statement.setString(++at, SeriesWriter.storable(alert.condition()));
    statement.setString(++at, alert.phase().name());
    statement.setDouble(++at, alert.value());
    statement.setDouble(++at, alert.threshold());
    statement.setObject(++at, AlertSql.time(alert.startsAt()));
    AlertSql.setTime(statement, ++at, alert.firedAt());
    AlertSql.setTime(statement, ++at, alert.resolvedAt());
    statement.setString(++at, SeriesWriter.storable(alert.resolvedBy()));
    statement.setBoolean(++at, alert.silenced());
    statement.setLong(++at, entry.revision());
  }

  /** Rows go by their age alone. */
  @Override
  public void delete(Connection connection, Collection<TenantKey> keys) {}

  List<Alert> find(Connection connection, String tenant, AlertHistory.Wanted wanted)
      throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(SELECT)) {
      int at = 0;
      select.setString(++at, tenant);
      select.setObject(++at, time(wanted.fromMs()));
      select.setObject(++at, time(wanted.toMs()));
      select.setString(++at, wanted.ruleId());
      select.setString(++at, wanted.ruleId());
      select.setString(++at, wanted.severity());
      select.setString(++at, wanted.severity());
      Object[] phases = wanted.phases().stream().map(AlertPhase::name).toArray();
      select.setArray(++at, connection.createArrayOf("text", phases));
      select.setArray(++at, connection.createArrayOf("text", phases));
      select.setInt(++at, wanted.limit());
      List<Alert> found = new ArrayList<>();
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          found.add(read(row));
        }
      }
      return found;
    }
  }

  private static Object time(long timeMs) {
    return AlertSql.time(Instant.ofEpochMilli(Math.clamp(timeMs, 0, MAX_TIME_MS)));
  }

  private static Alert read(ResultSet row) throws SQLException {
    return new Alert(
        row.getString("id"),
        row.getString("fingerprint"),
        row.getString("tenant"),
        row.getString("rule_id"),
        row.getString("rule_name"),
        row.getString("metric"),
        row.getString("severity"),
        AlertSql.map(row.getString("labels")),
        AlertSql.map(row.getString("annotations")),
        row.getString("condition"),
        AlertPhase.valueOf(row.getString("phase")),
        row.getDouble("value"),
        row.getDouble("threshold"),
        AlertSql.instant(row, "started_at"),
        AlertSql.optionalInstant(row, "fired_at"),
        AlertSql.optionalInstant(row, "resolved_at"),
        row.getString("resolved_by"),
        row.getBoolean("silenced"));
  }

  static boolean isKnown(Connection connection, String tenant, String id) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement("SELECT 1 FROM alert_history WHERE tenant = ? AND id = ?")) {
      select.setString(1, tenant);
      select.setString(2, id);
      try (ResultSet row = select.executeQuery()) {
        return row.next();
      }
    }
  }

  /**
   * Drops alerts that ended, and were written, before a time, a few thousand at once; tells how
   * many.
   */
  static int dropBefore(Connection connection, Instant time, int most) throws SQLException {
    try (PreparedStatement delete =
        connection.prepareStatement(
            "DELETE FROM alert_history WHERE (tenant, id) IN (SELECT tenant, id FROM alert_history"
                + " WHERE written_at < ? AND resolved_at < ? LIMIT ?)")) {
      delete.setObject(1, AlertSql.time(time));
      delete.setObject(2, AlertSql.time(time));
      delete.setInt(3, most);
      return delete.executeUpdate();
    }
  }
}
