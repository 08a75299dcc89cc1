package io.tidegrid.persist;

import io.tidegrid.grid.RuleEntry;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertRule;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;

/** The table of alert rules. */
final class RuleTable extends DirectArchive<RuleEntry> {

  private static final String UPSERT =
      """
      INSERT INTO alert_rules AS r (tenant, id, version, name, metric, matchers, group_by, condition,
             severity, for_ms, interval_ms, labels, annotations, enabled, each_sample, created_at,
             updated_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?, ?)
          ON CONFLICT (tenant, id) DO UPDATE
         SET version = excluded.version, name = excluded.name, metric = excluded.metric,
             matchers = excluded.matchers, group_by = excluded.group_by,
             condition = excluded.condition, severity = excluded.severity,
             for_ms = excluded.for_ms, interval_ms = excluded.interval_ms,
             labels = excluded.labels, annotations = excluded.annotations,
             enabled = excluded.enabled, each_sample = excluded.each_sample,
             updated_at = excluded.updated_at
       WHERE r.version < excluded.version
      """;

  RuleTable(Database database) {
    super(database, "alert_rules", UPSERT);
  }

  @Override
  void set(Connection connection, PreparedStatement statement, RuleEntry value)
      throws SQLException {
    AlertRule rule = value.rule();
    AlertRule.Spec spec = rule.spec();
    int at = 0;
    statement.setString(++at, rule.tenant());
    statement.setString(++at, rule.id());
    statement.setLong(++at, rule.version());
    statement.setString(++at, SeriesWriter.storable(spec.name()));
    statement.setString(++at, SeriesWriter.storable(spec.metric()));
    statement.setArray(++at, connection.createArrayOf("text", AlertSql.parts(spec.matchers())));
    statement.setArray(
        ++at,
        connection.createArrayOf(
            "text", spec.groupBy().stream().map(SeriesWriter::storable).toArray()));
    statement.setString(++at, AlertConditions.format(spec.condition()));
    statement.setString(++at, SeriesWriter.storable(spec.severity()));
    statement.setLong(++at, spec.forDuration().toMillis());
    statement.setLong(++at, spec.evaluationInterval().toMillis());
    statement.setString(++at, AlertSql.json(spec.labels()));
    statement.setString(++at, AlertSql.json(spec.annotations()));
    statement.setBoolean(++at, spec.enabled());
    statement.setBoolean(++at, spec.eachSample());
    statement.setObject(++at, AlertSql.time(rule.createdAt()));
    statement.setObject(++at, AlertSql.time(rule.updatedAt()));
  }

  @Override
  RuleEntry read(ResultSet row) throws SQLException {
    AlertRule.Spec spec =
        new AlertRule.Spec(
            row.getString("name"),
            row.getString("metric"),
            AlertSql.matchers(AlertSql.texts(row, "matchers")),
            List.of(AlertSql.texts(row, "group_by")),
            AlertConditions.parse(row.getString("condition"), OptionalDouble.empty()),
            row.getString("severity"),
            Duration.ofMillis(row.getLong("for_ms")),
            Duration.ofMillis(row.getLong("interval_ms")),
            AlertSql.map(row.getString("labels")),
            AlertSql.map(row.getString("annotations")),
            row.getBoolean("enabled"),
            row.getBoolean("each_sample"));
    return new RuleEntry(
        new AlertRule(
            row.getString("tenant"),
            row.getString("id"),
            row.getLong("version"),
            spec,
            AlertSql.instant(row, "created_at"),
            AlertSql.instant(row, "updated_at")));
  }
}
