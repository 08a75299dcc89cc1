package io.tidegrid.persist;

import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tables of the inbox. Connections are taken and left in auto-commit mode. */
final class InboxTable {

  private static final String READ =
      """
      SELECT id, tenant, metric, extract(epoch FROM date_trunc('milliseconds', time)) * 1000, value,
             ARRAY(SELECT unnest(ARRAY[key, value]) FROM jsonb_each_text(labels))
        FROM inbox ORDER BY id LIMIT ?
      """;

  /** In one statement, so that of two members only one moves a refused row. */
  private static final String DELETE =
      """
      WITH gone AS (DELETE FROM inbox WHERE id = ANY (?) RETURNING *)
      INSERT INTO inbox_rejected (id, tenant, metric, labels, time, value, reason)
      SELECT g.id, g.tenant, g.metric, g.labels, g.time, g.value, r.reason
        FROM gone g JOIN unnest(?, ?) AS r (id, reason) ON r.id = g.id
      """;

  private static final String WRITE_LIMITS =
      """
      INSERT INTO inbox_limits (max_future, max_labels, max_name_bytes, max_value_bytes)
      VALUES (? * interval '1 ms', ?, ?, ?)
      ON CONFLICT (single) DO UPDATE
         SET (max_future, max_labels, max_name_bytes, max_value_bytes)
           = (EXCLUDED.max_future, EXCLUDED.max_labels, EXCLUDED.max_name_bytes,
              EXCLUDED.max_value_bytes)
      """;

  private final InboxLimits limits;

  InboxTable(InboxLimits limits) {
    this.limits = limits;
  }

  /**
   * Rows as they were read.
   *
   * @param ids of all of them
   * @param rows those that can be handed over
   * @param unreadable why others cannot be, by their id
   */
  record Batch(List<Long> ids, List<InboxRow> rows, Map<Long, String> unreadable) {

    int size() {
      return ids.size();
    }

    /** Returns why rows are refused, by their id. */
    Map<Long, String> reasons(Map<Integer, String> refused) {
      Map<Long, String> reasons = new LinkedHashMap<>(unreadable);
      refused.forEach((index, reason) -> reasons.put(rows.get(index).id(), reason));
      return reasons;
    }
  }

  /** Tells the database what a row may hold. */
  void writeLimits(Connection connection) throws SQLException {
    try (PreparedStatement write = connection.prepareStatement(WRITE_LIMITS)) {
      write.setLong(1, limits.maxFuture().toMillis());
      write.setInt(2, limits.maxLabels());
      write.setInt(3, limits.maxNameBytes());
      write.setInt(4, limits.maxValueBytes());
      write.executeUpdate();
    }
  }

  Batch read(Connection connection, int most) throws SQLException {
    List<Long> ids = new ArrayList<>();
    List<InboxRow> rows = new ArrayList<>();
    Map<Long, String> unreadable = new LinkedHashMap<>();
    Map<SeriesKey, SeriesKey> known = new HashMap<>();
    try (PreparedStatement read = connection.prepareStatement(READ)) {
      read.setInt(1, most);
      try (ResultSet result = read.executeQuery()) {
        while (result.next()) {
          long id = result.getLong(1);
          ids.add(id);
          try {
            SeriesKey series = series(result);
            rows.add(
                new InboxRow(
                    id,
                    // One object for each series: it remembers that its shard knows it.
                    known.computeIfAbsent(series, same -> same),
                    result.getLong(4),
                    result.getDouble(5)));
          } catch (IllegalArgumentException e) {
            // Only of rows that were not inserted by way of the view.
            unreadable.put(id, "the labels cannot be read: " + e.getMessage());
          }
        }
      }
    }
    return new Batch(ids, rows, unreadable);
  }

  private static SeriesKey series(ResultSet row) throws SQLException {
    String[] pairs = (String[]) row.getArray(6).getArray();
    Labels.Builder labels = Labels.builder().add(Labels.METRIC_NAME, row.getString(3));
    for (int i = 0; i < pairs.length; i += 2) {
      labels.add(pairs[i], pairs[i + 1] == null ? "" : pairs[i + 1]);
    }
    return SeriesKey.of(row.getString(2), labels.build());
  }

  /** Deletes rows, and keeps the refused ones among the rejected, in one transaction. */
  void delete(Connection connection, List<Long> ids, Map<Long, String> reasons)
      throws SQLException {
    try (PreparedStatement delete = connection.prepareStatement(DELETE)) {
      delete.setArray(1, connection.createArrayOf("int8", ids.toArray()));
      delete.setArray(2, connection.createArrayOf("int8", reasons.keySet().toArray()));
      delete.setArray(3, connection.createArrayOf("text", reasons.values().toArray()));
      delete.executeUpdate();
    }
  }
}
