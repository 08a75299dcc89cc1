package io.tidegrid.persist;

import io.tidegrid.grid.EventBatch;
import io.tidegrid.model.Event;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The table of events. Connections are taken and left in auto-commit mode, but for those of {@link
 * #write}. Safe for use by many threads, each with a connection of its own.
 */
final class EventTable {

  private static final String COLUMNS =
      "(tenant, device_id, event_id, time, received, metrics, tags, body_hash, device_key,"
          + " tag_keys)";
  private static final int COLUMN_COUNT = 10;

  private static final String READ =
      "SELECT event_id, device_id, (extract(epoch FROM time) * 1000)::bigint, body_hash, metrics,"
          + " tags FROM events ";
  private static final String NEWEST_FIRST = " ORDER BY time DESC, device_id, event_id LIMIT ?";

  private static final String KNOWN =
      "SELECT k.n, e.body_hash FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS k (device, id,"
          + " n) JOIN events e ON e.tenant = ? AND e.device_id = k.device AND e.event_id = k.id";

  /** Days that one look by tag takes in at first; each further look takes in four times as many. */
  private static final int FIRST_DAYS = 2;

  private static final int MOST_DAYS = 4_096;
  private static final String UNIQUE_VIOLATION = "23505";

  /**
   * One event with what its row needs besides. Rows are written in the order of the primary key,
   * near enough for the index, in which all writers take their locks.
   *
   * @param first the first eight characters of the device, so that most comparisons touch no text:
   *     this sorts in half the time
   * @param second the next eight
   */
  private record Row(String tenant, long receivedMs, Event event, long first, long second)
      implements Comparable<Row> {

    static Row of(EventBatch batch, Event event) {
      String device = event.deviceId();
      return new Row(
          batch.tenant(), batch.receivedMs(), event, packed(device, 0), packed(device, 8));
    }

    private static long packed(String text, int from) {
      long packed = 0;
      for (int i = from; i < from + Long.BYTES; i++) {
        packed = packed << 8 | (i < text.length() ? Math.min(text.charAt(i), 0xFF) : 0);
      }
      return packed;
    }

    @Override
    public int compareTo(Row other) {
      int tenants = tenant.compareTo(other.tenant);
      if (tenants != 0) {
        return tenants;
      }
      int firsts = Long.compareUnsigned(first, other.first);
      if (firsts != 0) {
        return firsts;
      }
      int seconds = Long.compareUnsigned(second, other.second);
      if (seconds != 0) {
        return seconds;
      }
      int devices = event.deviceId().compareTo(other.event.deviceId());
      return devices != 0 ? devices : event.id().compareTo(other.event.id());
    }
  }

  /**
   * Writes the events that are not there yet, and commits.
   *
   * @return how many those were
   */
  long write(Connection connection, List<EventBatch> batches) throws SQLException {
    List<Row> rows = new ArrayList<>();
    for (EventBatch batch : batches) {
      batch.events().forEach(event -> rows.add(Row.of(batch, event)));
    }
    Collections.sort(rows);
    connection.setAutoCommit(false);
    try {
      long written;
      try {
        written = copy(connection, "events", rows);
      } catch (SQLException e) {
        if (!SqlErrors.state(e).equals(UNIQUE_VIOLATION)) {
          throw e;
        }
        // Some were written before: by a queue, a sweep or an owner that did not live to say so.
        connection.rollback();
        written = merge(connection, rows);
      }
      connection.commit();
      return written;
    } catch (SQLException | RuntimeException e) {
      HourPartitions.rollback(connection, e);
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(true);
      }
    }
  }

  private static long merge(Connection connection, List<Row> rows) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TEMP TABLE IF NOT EXISTS new_events (LIKE events) ON COMMIT DELETE ROWS");
      copy(connection, "new_events", rows);
      return statement.executeLargeUpdate(
          "INSERT INTO events "
              + COLUMNS
              + " SELECT tenant, device_id, event_id, time, received, metrics, tags, body_hash,"
              + " device_key, tag_keys FROM new_events ORDER BY tenant, device_id, event_id ON"
              + " CONFLICT DO NOTHING");
    }
  }

  private static long copy(Connection connection, String table, List<Row> rows)
      throws SQLException {
    StringBuilder json = new StringBuilder(256);
    String tenant = "";
    long tenantKey = EventKeys.tenant(tenant);
    try (BinaryCopy copy = new BinaryCopy(connection, table + " " + COLUMNS)) {
      for (Row row : rows) {
        if (!row.tenant().equals(tenant)) {
          tenant = row.tenant();
          tenantKey = EventKeys.tenant(tenant);
        }
        Event event = row.event();
        copy.row(COLUMN_COUNT);
        copy.putText(tenant);
        copy.putText(event.deviceId());
        copy.putText(event.id());
        copy.putTime(event.timeMs());
        copy.putTime(row.receivedMs());
        copy.putText(EventJson.write(event, json));
        copy.putTexts(event.tags());
        copy.putLong(event.bodyHash());
        copy.putLong(EventKeys.device(tenantKey, event.deviceId()));
        if (event.tags().isEmpty()) {
          copy.putNull();
        } else {
          long[] keys = new long[event.tags().size()];
          for (int i = 0; i < keys.length; i++) {
            keys[i] = EventKeys.tag(tenantKey, event.tags().get(i), EventKeys.day(event.timeMs()));
          }
          copy.putLongs(keys);
        }
      }
      copy.finish();
    }
    return rows.size();
  }

  /** Returns, by their places, the hashes of those of the events that are there. */
  Map<Integer, Long> known(Connection connection, String tenant, List<Event> events)
      throws SQLException {
    Map<Integer, Long> known = new HashMap<>();
    try (PreparedStatement select = connection.prepareStatement(KNOWN)) {
      select.setArray(
          1, connection.createArrayOf("text", events.stream().map(Event::deviceId).toArray()));
      select.setArray(
          2, connection.createArrayOf("text", events.stream().map(Event::id).toArray()));
      select.setString(3, tenant);
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          known.put(result.getInt(1) - 1, result.getLong(2));
        }
      }
    }
    return known;
  }

  /** Returns the latest time of an event that came since then; empty when none did. */
  OptionalLong latestTime(Connection connection, long receivedFromMs) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT (extract(epoch FROM max(time)) * 1000)::bigint FROM events WHERE received >="
                + " ?")) {
      select.setObject(1, time(receivedFromMs));
      try (ResultSet result = select.executeQuery()) {
        result.next();
        long time = result.getLong(1);
        return result.wasNull() ? OptionalLong.empty() : OptionalLong.of(time);
      }
    }
  }

  List<Event> ofDevice(
      Connection connection, String tenant, String device, long fromMs, long toMs, int limit)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            READ
                + "WHERE device_key = ? AND tenant = ? AND device_id = ? AND time BETWEEN ? AND ?"
                + NEWEST_FIRST)) {
      select.setLong(1, EventKeys.device(EventKeys.tenant(tenant), device));
      select.setString(2, tenant);
      select.setString(3, device);
      select.setObject(4, time(fromMs));
      select.setObject(5, time(toMs));
      select.setInt(6, limit);
      return read(select);
    }
  }

  /** Looks through days, the newest first, until there are enough. */
  List<Event> tagged(
      Connection connection, String tenant, String tag, long fromMs, long toMs, int limit)
      throws SQLException {
    long tenantKey = EventKeys.tenant(tenant);
    List<Event> found = new ArrayList<>();
    long last = EventKeys.day(toMs);
    int days = FIRST_DAYS;
    while (last >= EventKeys.day(fromMs) && found.size() < limit) {
      long first = Math.max(last - days + 1, EventKeys.day(fromMs));
      Object[] keys = new Object[(int) (last - first + 1)];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = EventKeys.tag(tenantKey, tag, first + i);
      }
      try (PreparedStatement select =
          connection.prepareStatement(
              READ
                  + "WHERE tag_keys && ? AND tenant = ? AND ? = ANY (tags) AND time BETWEEN ? AND ?"
                  + NEWEST_FIRST)) {
        select.setArray(1, connection.createArrayOf("int8", keys));
        select.setString(2, tenant);
        select.setString(3, tag);
        select.setObject(4, time(Math.max(fromMs, first * EventKeys.DAY_MS)));
        select.setObject(5, time(Math.min(toMs, (last + 1) * EventKeys.DAY_MS - 1)));
        select.setInt(6, limit - found.size());
        found.addAll(read(select));
      }
      last = first - 1;
      days = Math.min(days * 4, MOST_DAYS);
    }
    return found;
  }

  private static List<Event> read(PreparedStatement select) throws SQLException {
    List<Event> events = new ArrayList<>();
    try (ResultSet result = select.executeQuery()) {
      while (result.next()) {
        EventJson.Metrics metrics = EventJson.read(result.getString(5));
        Array tags = result.getArray(6);
        events.add(
            new Event(
                result.getString(1),
                result.getString(2),
                result.getLong(3),
                true,
                result.getLong(4),
                metrics.names(),
                metrics.values(),
                Arrays.asList((String[]) tags.getArray())));
      }
    }
    return events;
  }

  /** Deletes some of the events that came before a moment; returns how many. */
  int deleteReceivedBefore(Connection connection, Instant before, int most) throws SQLException {
    try (PreparedStatement delete =
        connection.prepareStatement(
            "DELETE FROM events WHERE ctid = ANY (ARRAY(SELECT ctid FROM events WHERE received < ?"
                + " LIMIT ?))")) {
      delete.setObject(1, before.atOffset(ZoneOffset.UTC));
      delete.setInt(2, most);
      return delete.executeUpdate();
    }
  }

  private static OffsetDateTime time(long timeMs) {
    return Instant.ofEpochMilli(timeMs).atOffset(ZoneOffset.UTC);
  }
}
