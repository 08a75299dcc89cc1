package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of rows that SQL users insert. */
@OnEachServer
@Timeout(60)
class InboxTest {

  private static final InboxLimits LIMITS = new InboxLimits(Duration.ofMinutes(10), 3, 20, 30);

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final List<InboxRow> taken = new CopyOnWriteArrayList<>();
  private final AtomicBoolean inCharge = new AtomicBoolean(true);
  private String url;
  private Database database;

  @BeforeEach
  void start() throws Exception {
    url = TestServer.newDatabase();
    database = new Database(PersistOptions.remote(url, Path.of("target")), meters);
    database.start();
    assertThat(database.awaitConnected(Duration.ofSeconds(20))).isTrue();
  }

  @AfterEach
  void close() {
    database.close();
  }

  private Inbox open(InboxConsumer consumer) {
    return new Inbox(database, inCharge::get, LIMITS, consumer, meters);
  }

  private Map<Integer, String> take(List<InboxRow> rows) {
    taken.addAll(rows);
    return Map.of();
  }

  private static long left(String url) {
    return TestServer.number(url, "SELECT count(*) FROM inbox");
  }

  private void awaitEmpty() {
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> left(url) == 0);
  }

  @Test
  void rowsAreHandedOverWhole() {
    execute(
        "INSERT INTO metrics (time, host, metric_name, value) VALUES"
            + " ('2026-03-01 12:00:00.0019+02', 'web-1', 'cpu', 'NaN')");
    execute(
        "INSERT INTO metrics (time, metric_name, value, labels, tenant) VALUES"
            + " ('1970-01-01Z', 'é', 1e-300, '{\"host\":\"h\",\"n\":12,\"b\":true,\"e\":\"\"}', 'acme')");
    Instant before = Instant.now().minusSeconds(1);
    execute("INSERT INTO metrics (metric_name, value) VALUES ('now', 7)");
    try (Inbox inbox = open(this::take)) {
      awaitEmpty();
      assertThat(inbox).isNotNull();
    }
    assertThat(taken).hasSize(3);
    assertThat(taken.get(0).series()).hasToString("default/cpu{host=\"web-1\"}");
    assertThat(taken.get(0).timeMs())
        .isEqualTo(Instant.parse("2026-03-01T10:00:00.001Z").toEpochMilli());
    assertThat(taken.get(0).value()).isNaN();
    assertThat(taken.get(1).series()).hasToString("acme/é{b=\"true\",host=\"h\",n=\"12\"}");
    assertThat(taken.get(1).timeMs()).isZero();
    assertThat(taken.get(1).value()).isEqualTo(1e-300);
    assertThat(Instant.ofEpochMilli(taken.get(2).timeMs())).isAfter(before);
    assertThat(meters.counter("tidegrid.inbox.rows").count()).isEqualTo(3);
  }

  @Test
  void whatCannotBeASampleFailsTheStatement() {
    try (Inbox inbox = open(this::take)) {
      assertThat(inbox).isNotNull();
      Awaitility.await()
          .until(() -> TestServer.number(url, "SELECT max_labels FROM inbox_limits") == 3);
    }
    refused("metric_name", "NULL", "metric_name");
    refused("metric_name", "''", "metric_name");
    refused("metric_name", "repeat('é', 11)", "22 bytes, at most 20", "ingest.max-name");
    refused("value", "NULL", "the row has no value");
    refused("time", "now() + interval '11 minutes'", "ingest.max-future");
    refused("time", "'infinity'", "ingest.max-future");
    refused("time", "'-infinity'", "before 1970");
    refused("time", "'1969-12-31 23:59:59Z'", "before 1970");
    refused("tenant", "'a b'", "tenant 'a b'");
    refused("tenant", "''", "tenant");
    refused("labels", "'[]'", "labels is a JSON array");
    refused("labels", "'{\"a\": null}'", "label 'a' is a JSON null");
    refused("labels", "'{\"a\": {}}'", "label 'a' is a JSON object");
    refused("labels", "'{\"\": \"b\"}'", "may not be named ''");
    refused("labels", "'{\"__name__\": \"b\"}'", "may not be named '__name__'");
    refused("labels", "jsonb_build_object(repeat('x', 21), 'b')", "21 bytes, at most 20");
    refused("labels", "jsonb_build_object('x', repeat('x', 31))", "31 bytes, at most 30");
    refused("labels", "'{\"a\":1,\"b\":2,\"c\":3,\"d\":4}'", "4 labels, at most 3");
    refused("host, labels", "'a', '{\"host\":\"b\"}'", "host is 'a', but the label host is 'b'");
    assertThat(left(url)).isZero();
  }

  private void refused(String columns, String values, String... texts) {
    StringBuilder names = new StringBuilder(columns);
    StringBuilder row = new StringBuilder(values);
    Map.of("metric_name", "'m'", "value", "1", "time", "now()")
        .forEach((name, value) -> {
          if (!columns.contains(name)) {
            names.append(", ").append(name);
            row.append(", ").append(value);
          }
        });
    assertThatThrownBy(() -> tryExecute("INSERT INTO metrics (" + names + ") VALUES (" + row + ")"))
        .as(columns + " " + values)
        .isInstanceOf(SQLException.class)
        .message()
        .contains(texts);
  }

  @Test
  void rowsWaitUntilTheyAreTakenAndComeAgainAfterAFailure() {
    execute(
        "INSERT INTO metrics (host, metric_name, value) SELECT 'h' || i, 'm', i"
            + " FROM generate_series(1, 25000) i");
    AtomicInteger calls = new AtomicInteger();
    inCharge.set(false);
    try (Inbox inbox =
        open(rows -> {
          int call = calls.incrementAndGet();
          if (call == 1) {
            throw TidegridException.retryable(
                ErrorCode.BACKLOG_FULL, "full", Duration.ofMillis(10));
          }
          if (call == 3) {
            throw new IllegalStateException("unexpected");
          }
          return take(rows);
        })) {
      assertThat(inbox).isNotNull();
      Awaitility.await()
          .during(Duration.ofMillis(300))
          .atMost(Duration.ofSeconds(5))
          .until(() -> left(url) == 25_000);
      assertThat(calls).hasValue(0);
      inCharge.set(true);
      awaitEmpty();
    }
    assertThat(taken).hasSize(25_000);
    assertThat(taken.stream().map(InboxRow::value)).isSorted();
    assertThat(calls).hasValue(5);
  }

  @Test
  void refusedRowsAreKeptWithTheReason() throws SQLException {
    execute("INSERT INTO metrics (metric_name, value) VALUES ('m', 1), ('m', 2), ('m', 3)");
    // As only the owner of the table can: past the view.
    execute(
        "INSERT INTO inbox (tenant, metric, labels, time, value)"
            + " VALUES ('default', 'm', '{\"\":\"x\"}', now(), 4)");
    try (Inbox inbox = open(rows -> Map.of(1, "too old"))) {
      awaitEmpty();
      assertThat(inbox).isNotNull();
    }
    assertThat(rows("SELECT value, reason FROM inbox_rejected ORDER BY id"))
        .containsExactly("2|too old", "4|the labels cannot be read: a label has an empty name");
    assertThat(meters.counter("tidegrid.inbox.rows").count()).isEqualTo(2);
    assertThat(meters.counter("tidegrid.inbox.rejected").count()).isEqualTo(2);
  }

  @Test
  void aRoleThatMayInsertNeedsNoOtherRight() throws SQLException {
    try (Connection connection = TestServer.connect(url);
        Statement statement = connection.createStatement()) {
      String role = "writer_" + System.nanoTime();
      statement.execute("CREATE ROLE " + role);
      statement.execute("GRANT USAGE ON SCHEMA public TO " + role);
      statement.execute("GRANT INSERT ON metrics TO " + role);
      statement.execute("SET ROLE " + role);
      statement.execute("INSERT INTO metrics (metric_name, value) VALUES ('m', 1)");
      assertThatThrownBy(() -> statement.execute("SELECT * FROM inbox"))
          .hasMessageContaining("permission denied");
      assertThatThrownBy(() -> statement.execute("SELECT * FROM metrics"))
          .hasMessageContaining("permission denied");
      statement.execute("RESET ROLE");
      statement.execute("REVOKE ALL ON SCHEMA public FROM " + role);
      statement.execute("REVOKE ALL ON metrics FROM " + role);
      statement.execute("DROP ROLE " + role);
    }
    assertThat(left(url)).isOne();
  }

  private void execute(String sql) {
    TestServer.execute(url, sql);
  }

  private void tryExecute(String sql) throws SQLException {
    try (Connection connection = TestServer.connect(url);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = TestServer.connect(url);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      while (result.next()) {
        rows.add(result.getString(1) + "|" + result.getString(2));
      }
    }
    return rows;
  }
}
