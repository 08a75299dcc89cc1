package io.tidegrid.alerting;

import static io.tidegrid.alerting.AlertMember.LONG;
import static io.tidegrid.alerting.AlertMember.T0;
import static io.tidegrid.alerting.AlertMember.firing;
import static io.tidegrid.alerting.AlertMember.resolved;
import static io.tidegrid.alerting.AlertMember.shardOf;
import static io.tidegrid.alerting.AlertMember.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegrid.grid.GridNames;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.WindowFunction;
import io.tidegrid.persist.EmbeddedDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Members with a real PostgreSQL that comes and goes. */
@Timeout(120)
class AlertStorageTest {

  private static final Alerts.HistoryQuery ALL =
      new Alerts.HistoryQuery(0, Long.MAX_VALUE, "", "", Set.of(), 100);

  @TempDir static Path directory;
  private static EmbeddedDatabase server;

  private final String name = "alerts_" + UUID.randomUUID().toString().replace('-', '_');
  private final List<AlertMember> members = new ArrayList<>();

  @BeforeAll
  static void startServer() throws IOException {
    Path shared = Files.createDirectories(Path.of("target", "postgres-binaries").toAbsolutePath());
    Files.createSymbolicLink(directory.resolve("postgres-binaries"), shared);
    start(0);
  }

  private static void start(int port) {
    server = EmbeddedDatabase.start(directory, port, 60, Duration.ofSeconds(30));
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @AfterEach
  void close() {
    members.forEach(AlertMember::close);
  }

  private String url(String database) {
    return server.jdbcUrl(database)
        + "?user="
        + EmbeddedDatabase.USER
        + "&password="
        + server.password();
  }

  private void sql(String database, String text) {
    try (Connection connection = DriverManager.getConnection(url(database));
        Statement statement = connection.createStatement()) {
      statement.execute(text);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private long number(String query) {
    try (Connection connection = DriverManager.getConnection(url(name));
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private AlertMember member(String cluster, Duration retention, AlertMember... others) {
    AlertMember member =
        AlertMember.start(
            cluster, Optional.of(url(name)), retention, AlertCenterOptions.DEFAULT, others);
    members.add(member);
    return member;
  }

  private static AlertRule.Spec fullSpec() {
    return new AlertRule.Spec(
        "räte\0",
        "requests",
        List.of(
            Matcher.equal("host", "a"),
            Matcher.of(Matcher.Type.NOT_REGEX, "path", "/x.*"),
            Matcher.of(Matcher.Type.NOT_EQUAL, "dc", "")),
        List.of("host", "dc"),
        new AlertCondition.Window(
            WindowFunction.RATE, Duration.ofSeconds(90), Comparison.LESS_OR_EQUAL, -0.1),
        "p1",
        Duration.ofMinutes(3),
        Duration.ofSeconds(15),
        Map.of("team", "\"ops\""),
        Map.of("summary", "{{ $value }}"),
        false,
        false);
  }

  @Test
  void aRestartKeepsRulesSilencesStatesAndHistory() {
    sql(EmbeddedDatabase.DATABASE, "CREATE DATABASE " + name);
    AlertMember first = member("first-" + name, Duration.ZERO);
    first.awaitRules();
    AlertRule rule = first.doors.rules().create("default", spec("a"));
    AlertRule full = first.doors.rules().create("default", fullSpec());
    AlertRule gone = first.doors.rules().create("default", spec("gone"));
    full = first.doors.rules().replace("default", full.id(), fullSpec()).orElseThrow();
    assertThat(first.doors.rules().delete("default", gone.id())).isTrue();
    Silence silence =
        first
            .doors
            .silences()
            .create(
                new Silence(
                    "",
                    "default",
                    List.of(Matcher.equal("host", "quiet")),
                    Instant.now(),
                    Instant.now().plusSeconds(3_600),
                    "me",
                    "why"));
    for (int shard = 0; shard < AlertMember.SHARDS; shard++) {
      assertThat(first.center.ledger().load(shard)).isEmpty();
    }
    AlertState fires = firing(rule, "h1", T0);
    AlertState over = firing(rule, "h2", T0);
    first.record(fires);
    first.record(over);
    first.record(resolved(over, T0 + 10));
    AlertState forgotten = firing(rule, "h3", T0 + 1);
    first.record(forgotten);
    first.record(resolved(forgotten, T0 + 20));
    first.center.ledger().forget(shardOf(forgotten), List.of(resolved(forgotten, T0 + 20)));
    // What ended is stored, and memory lets go of it.
    await().atMost(LONG).until(() -> first.hazelcast.getMap(GridNames.ALERT_HISTORY).isEmpty());
    await().atMost(LONG).until(() -> number("SELECT count(*) FROM alert_state") == 2);
    List<Alert> history = first.doors.alerts().history("default", ALL);
    assertThat(history).hasSize(3);
    first.kill();
    members.clear();

    AlertMember second = member("second-" + name, Duration.ZERO);
    second.awaitRules();
    assertThat(second.doors.rules().list("default"))
        .extracting(AlertRule::id)
        .containsExactly(rule.id(), full.id());
    AlertRule back = second.doors.rules().find("default", full.id()).orElseThrow();
    assertThat(back.version()).isEqualTo(2);
    assertThat(back.spec().name()).isEqualTo("räte\uFFFD");
    assertThat(back.spec().condition()).isEqualTo(full.spec().condition());
    assertThat(back.spec().matchers()).isEqualTo(full.spec().matchers());
    assertThat(back.spec().groupBy()).isEqualTo(full.spec().groupBy());
    assertThat(back.spec().labels()).isEqualTo(full.spec().labels());
    assertThat(back.createdAt()).isEqualTo(full.createdAt());
    assertThat(second.doors.silences().list("default")).containsExactly(silence);
    List<AlertState> states = new ArrayList<>();
    for (int shard = 0; shard < AlertMember.SHARDS; shard++) {
      states.addAll(second.center.ledger().load(shard));
    }
    assertThat(states)
        .extracting(AlertState::phase)
        .containsExactlyInAnyOrder(AlertPhase.FIRING, AlertPhase.RESOLVED);
    assertThat(states).allMatch(AlertState::announced);
    assertThat(second.doors.alerts().history("default", ALL)).isEqualTo(history);
    assertThat(
            second
                .doors
                .alerts()
                .history(
                    "default",
                    new Alerts.HistoryQuery(
                        T0, T0 + 1, rule.id(), "high", Set.of(AlertPhase.FIRING), 1)))
        .extracting(alert -> alert.labels().get("host"))
        .containsExactly("h1");
    assertThat(second.doors.alerts().history("other", ALL)).isEmpty();
    String id = "";
    for (Alert alert : history) {
      id = alert.phase() == AlertPhase.FIRING ? alert.id() : id;
    }
    assertThat(second.doors.alerts().resolve("default", id, "me")).isPresent();
    assertThat(second.doors.alerts().active("default")).isEmpty();
  }

  @Test
  void whileTheDatabaseIsAwayNothingIsLostAndRulesAreOnlyRead() {
    sql(EmbeddedDatabase.DATABASE, "CREATE DATABASE " + name);
    String cluster = "away-" + name;
    AlertMember one = member(cluster, Duration.ZERO);
    one.awaitRules();
    AlertRule rule = one.doors.rules().create("default", spec("a"));
    for (int shard = 0; shard < AlertMember.SHARDS; shard++) {
      assertThat(one.center.ledger().load(shard)).isEmpty();
    }
    int port = server.port();
    server.close();
    await().atMost(LONG).until(() -> !one.database.orElseThrow().status().connected());
    assertThatThrownBy(() -> one.doors.rules().create("default", spec("b")))
        .isInstanceOfSatisfying(
            TidegridException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY);
              assertThat(e.retryAfter()).isPresent();
            });
    assertThatThrownBy(() -> one.doors.rules().delete("default", rule.id()))
        .isInstanceOf(TidegridException.class);
    assertThat(one.doors.rules().list("default")).containsExactly(rule);
    assertThatThrownBy(() -> one.doors.alerts().history("default", ALL))
        .isInstanceOf(TidegridException.class);
    AlertState fires = firing(rule, "h1", T0);
    one.record(fires);
    assertThat(one.doors.alerts().active("default")).hasSize(1);
    // A member that comes now knows the rules from the grid.
    AlertMember two = member(cluster, Duration.ZERO, one);
    two.awaitRules();
    assertThat(two.doors.rules().list("default")).containsExactly(rule);
    // One that begins a cluster does not, and says so rather than none.
    AlertMember alone = member("alone-" + name, Duration.ZERO);
    assertThatThrownBy(() -> alone.doors.rules().list("default"))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY));
    assertThatThrownBy(() -> alone.center.ledger().load(0)).isInstanceOf(RuntimeException.class);
    start(port);
    alone.awaitRules();
    assertThat(alone.doors.rules().list("default")).containsExactly(rule);
    await().atMost(LONG).until(() -> number("SELECT count(*) FROM alert_state") == 1);
    await().atMost(LONG).until(() -> number("SELECT count(*) FROM alert_history") == 1);
    assertThat(one.doors.rules().create("default", spec("b")).version()).isEqualTo(1);
  }

  /** Readiness does not wait for the rules, so the first request may come before them. */
  @Test
  void whoAsksBeforeTheRulesAreReadWaitsForThem() {
    sql(EmbeddedDatabase.DATABASE, "CREATE DATABASE " + name);
    AlertMember first = member("early-" + name, Duration.ZERO);
    AlertRule rule = first.doors.rules().create("default", spec("a"));
    AlertMember second = member("early-2-" + name, Duration.ZERO);
    assertThat(second.doors.rules().list("default")).containsExactly(rule);
  }

  @Test
  void whatALostMemberLeftUndoneIsDone() {
    sql(EmbeddedDatabase.DATABASE, "CREATE DATABASE " + name);
    String cluster = "lost-" + name;
    AlertMember one = member(cluster, Duration.ofDays(1));
    AlertMember two = member(cluster, Duration.ofDays(1), one);
    one.awaitSafe();
    one.awaitRules();
    two.awaitRules();
    AlertRule rule = one.doors.rules().create("default", spec("a"));
    for (int shard = 0; shard < AlertMember.SHARDS; shard++) {
      assertThat((one.owns(shard) ? one : two).center.ledger().load(shard)).isEmpty();
    }
    AlertState fires = firing(rule, one.hostOf("default"), T0);
    one.record(fires);
    await().atMost(LONG).until(() -> number("SELECT count(*) FROM alert_state") == 1);
    await()
        .atMost(LONG)
        .until(() -> number("SELECT count(*) FROM alert_state WHERE announced") == 1);
    // As a queue would leave it that was forgotten: one row is missing, another one too many.
    sql(name, "UPDATE alert_state SET fingerprint = fingerprint + 1, revision = revision - 1");
    one.kill();
    boolean ignored = members.remove(one);
    await()
        .atMost(LONG)
        .until(() ->
            number("SELECT count(*) FROM alert_state WHERE fingerprint = " + fires.fingerprint())
                    == 1
                && number("SELECT count(*) FROM alert_state") == 1);
    assertThat(two.doors.alerts().active("default")).hasSize(1);
    // Old data: it ended long ago, but was written just now, and stays.
    assertThat(number("SELECT count(*) FROM alert_history")).isEqualTo(1);
  }
}
