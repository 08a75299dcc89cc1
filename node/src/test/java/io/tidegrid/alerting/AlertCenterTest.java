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

import io.tidegrid.alert.AlertLedger.Breach;
import io.tidegrid.alerting.AlertMember.Received;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two real members without a database, and real receivers. */
@Timeout(120)
class AlertCenterTest {

  private static Hook webhook;
  private static Hook alertmanager;
  private static AlertMember one;
  private static AlertMember two;

  private final String tenant = "t" + UUID.randomUUID().toString().substring(0, 8);

  @BeforeAll
  static void start() {
    webhook = new Hook();
    alertmanager = new Hook();
    AlertCenterOptions options =
        new AlertCenterOptions(
            3,
            2,
            Optional.of(webhook.uri()),
            Optional.of(alertmanager.uri()),
            Duration.ofSeconds(1),
            Duration.ofMillis(500));
    String cluster = "alerts-" + UUID.randomUUID();
    one = AlertMember.inMemory(cluster, options);
    two = AlertMember.inMemory(cluster, options, one);
    one.awaitSafe();
    one.awaitRules();
    two.awaitRules();
  }

  @AfterAll
  static void stop() {
    one.close();
    two.close();
    webhook.close();
    alertmanager.close();
  }

  @BeforeEach
  void forget() {
    webhook.bodies().clear();
    webhook.status = 200;
    alertmanager.bodies().clear();
  }

  private List<String> told(AlertState state) {
    String fingerprint = HexText.of(state.fingerprint());
    List<String> told = new ArrayList<>();
    for (String text : webhook.told()) {
      // A receiver that was slow to answer is told again.
      if (text.contains(fingerprint) && (told.isEmpty() || !told.getLast().equals(text))) {
        told.add(text);
      }
    }
    return told;
  }

  /** Fingerprints as receivers see them. */
  private static final class HexText {
    static String of(long fingerprint) {
      return String.format("%016x", fingerprint);
    }
  }

  private List<AlertRule> known(AlertMember member) {
    return member.center.ruleBook().current().rules().stream()
        .filter(rule -> rule.tenant().equals(tenant))
        .toList();
  }

  @Test
  void aChangedRuleIsKnownEverywhereWhenTheChangeReturns() {
    AlertRule rule = one.doors.rules().create(tenant, spec("a"));
    assertThat(known(two)).containsExactly(rule);
    assertThat(known(one)).containsExactly(rule);
    AlertRule changed = two.doors.rules().replace(tenant, rule.id(), spec("b")).orElseThrow();
    assertThat(changed.version()).isEqualTo(2);
    assertThat(changed.createdAt()).isEqualTo(rule.createdAt());
    assertThat(known(one)).containsExactly(changed);
    assertThat(one.doors.rules().find(tenant, rule.id())).contains(changed);
    assertThat(one.doors.rules().find("other", rule.id())).isEmpty();
    assertThat(one.doors.rules().replace("other", rule.id(), spec("c"))).isEmpty();
    assertThat(one.doors.rules().delete("other", rule.id())).isFalse();
    assertThat(one.doors.rules().delete(tenant, rule.id())).isTrue();
    assertThat(known(two)).isEmpty();
    assertThat(two.doors.rules().delete(tenant, rule.id())).isFalse();
  }

  @Test
  void theSameRuleRegisteredAtTwoMembersAtTheSameMomentIsOne() throws Exception {
    int rounds = 3;
    for (int round = 0; round < rounds; round++) {
      AlertRule.Spec asked = each(90 + round);
      List<Callable<AlertRule>> clients = new ArrayList<>();
      for (int client = 0; client < 8; client++) {
        AlertMember member = client % 2 == 0 ? one : two;
        clients.add(() -> member.doors.rules().findOrCreate(tenant, asked));
      }
      Set<String> ids = new HashSet<>();
      try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Future<AlertRule> answer : executor.invokeAll(clients)) {
          ids.add(answer.get().id());
        }
      }
      assertThat(ids).hasSize(1);
    }
    assertThat(known(one)).hasSize(rounds).containsExactlyInAnyOrderElementsOf(known(two));
    // Also when there are as many as there may be.
    assertThat(two.doors.rules().findOrCreate(tenant, each(90)).spec()).isEqualTo(each(90));
    String first = two.doors.rules().findOrCreate(tenant, each(90)).id();
    assertThat(one.doors.rules().delete(tenant, first)).isTrue();
    assertThat(two.doors.rules().findOrCreate(tenant, each(90)).id()).isNotEqualTo(first);
  }

  private static AlertRule.Spec each(double threshold) {
    AlertRule.Spec spec = spec("each");
    return new AlertRule.Spec(
        spec.name(),
        spec.metric(),
        List.of(Matcher.equal("host", "h")),
        spec.groupBy(),
        new AlertCondition.Threshold(Comparison.GREATER, threshold),
        spec.severity(),
        spec.forDuration(),
        spec.evaluationInterval(),
        spec.labels(),
        spec.annotations(),
        true,
        true);
  }

  @Test
  void aTenantHasAsManyRulesAndSilencesAsItMay() {
    for (int i = 0; i < 3; i++) {
      var _ = (i % 2 == 0 ? one : two).doors.rules().create(tenant, spec("r" + i));
    }
    assertThat(two.doors.rules().list(tenant))
        .extracting(rule -> rule.spec().name())
        .containsExactly("r0", "r1", "r2");
    assertThatThrownBy(() -> two.doors.rules().create(tenant, spec("more")))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RULE_LIMIT));
    for (int i = 0; i < 2; i++) {
      var _ = one.doors.silences().create(silence("h" + i, Duration.ofHours(1)));
    }
    assertThatThrownBy(() -> two.doors.silences().create(silence("more", Duration.ofHours(1))))
        .isInstanceOf(TidegridException.class);
    assertThatThrownBy(() -> two.doors.silences().create(silence("past", Duration.ofHours(-1))))
        .isInstanceOfSatisfying(
            TidegridException.class,
            e -> assertThat(e.errors()).extracting("pointer").contains("/ends_at"));
  }

  private Silence silence(String host, Duration within) {
    Instant now = Instant.now();
    return new Silence(
        "",
        tenant,
        List.of(Matcher.equal("host", host)),
        now.minusSeconds(10),
        now.plus(within),
        "me",
        "work");
  }

  @Test
  void aChangeIsRecordedOnceAndAnnouncedInOrderOnAllMembers() {
    AlertRule rule = one.doors.rules().create(tenant, spec("cpu of {{ x"));
    Received here = new Received();
    Received there = new Received();
    Received stranger = new Received();
    try (var _ = one.doors.streams().open(tenant, "", here);
        var _ = two.doors.streams().open(tenant, "", there);
        var _ = two.doors.streams().open("stranger", "", stranger)) {
      String host = one.hostOf(tenant);
      AlertState fires = firing(rule, host, T0);
      AlertState stands = one.record(fires);
      assertThat(stands.phase()).isEqualTo(AlertPhase.FIRING);
      await().atMost(LONG).until(() -> told(fires).size() == 1);
      AlertState again = one.record(fires);
      assertThat(again.pendingSinceMs()).isEqualTo(T0);
      AlertState ends = resolved(fires, T0 + 1_000);
      one.record(ends);
      one.record(ends);
      one.record(firing(rule, host, T0 + 2_000));
      var _ =
          one.center
              .ledger()
              .record(shardOf(fires), List.of(), List.of(new Breach(fires, T0 + 3_000, 99)));
      List<String> wanted =
          List.of(
              "FIRING " + host, "RESOLVED " + host, "FIRING " + host, "BREACH " + host + " 99.0");
      await().atMost(LONG).until(() -> here.events.size() >= 4 && there.events.size() >= 4);
      assertThat(here.texts()).isEqualTo(wanted);
      assertThat(there.texts()).isEqualTo(wanted);
      assertThat(here.events)
          .extracting(AlertEvent::id)
          .isEqualTo(there.events.stream().map(AlertEvent::id).toList());
      assertThat(stranger.events).isEmpty();
    }
    List<Alert> past =
        two.doors
            .alerts()
            .history(tenant, new Alerts.HistoryQuery(0, Long.MAX_VALUE, "", "", Set.of(), 10));
    assertThat(past)
        .extracting(Alert::phase)
        .containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
    Alert ended = past.getLast();
    assertThat(ended.startsAt()).isEqualTo(Instant.ofEpochMilli(T0));
    assertThat(ended.resolvedAt()).contains(Instant.ofEpochMilli(T0 + 1_000));
    assertThat(ended.labels())
        .containsEntry("team", "ops")
        .containsEntry("severity", "high")
        .containsEntry("metric_name", "cpu")
        .containsEntry("alertname", "cpu of {{ x");
    assertThat(past.getFirst().annotations().get("summary")).endsWith(" is at 95.5");
    assertThat(two.doors.alerts().active(tenant)).hasSize(1);
    assertThat(two.doors.alerts().active("stranger")).isEmpty();
  }

  @Test
  void aStreamGoesOnAfterTheEventItSawLast() {
    AlertRule rule = one.doors.rules().create(tenant, spec("a"));
    Received first = new Received();
    String host = one.hostOf(tenant);
    AlertState fires = firing(rule, host, T0);
    try (var _ = one.doors.streams().open(tenant, "", first)) {
      one.record(fires);
      await().atMost(LONG).until(() -> first.events.size() == 1);
    }
    one.record(resolved(fires, T0 + 1));
    one.record(firing(rule, host, T0 + 2));
    Received next = new Received();
    try (var _ = two.doors.streams().open(tenant, first.events.getFirst().id(), next)) {
      await().atMost(LONG).until(() -> next.events.size() == 2);
      one.record(resolved(firing(rule, host, T0 + 2), T0 + 3));
      await().atMost(LONG).until(() -> next.events.size() == 3);
      assertThat(next.texts())
          .containsExactly("RESOLVED " + host, "FIRING " + host, "RESOLVED " + host);
      assertThat(next.missed).isEmpty();
    }
    for (String id : List.of("nonsense", "zzz-1", "1-x", "-")) {
      Received lost = new Received();
      try (var _ = two.doors.streams().open(tenant, id, lost)) {
        assertThat(lost.missed).as(id).containsExactly(-1L);
        assertThat(lost.events).isEmpty();
      }
    }
  }

  @Test
  void whatIsResolvedByHandStaysSoUntilItBeginsAnew() {
    AlertRule rule = one.doors.rules().create(tenant, spec("a"));
    AlertState fires = firing(rule, one.hostOf(tenant), T0);
    one.record(fires);
    Alert alert = two.doors.alerts().active(tenant).getFirst();
    assertThat(two.doors.alerts().resolve("stranger", alert.id(), "me")).isEmpty();
    Alert ended = two.doors.alerts().resolve(tenant, alert.id(), "me").orElseThrow();
    assertThat(ended.phase()).isEqualTo(AlertPhase.RESOLVED);
    assertThat(ended.resolvedBy()).isEqualTo("me");
    for (String id : List.of(alert.id(), alert.fingerprint(), rule.id())) {
      assertThatThrownBy(() -> one.doors.alerts().resolve(tenant, id, "me"))
          .isInstanceOfSatisfying(
              TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT));
    }
    assertThat(one.doors.alerts().resolve(tenant, "nothing", "me")).isEmpty();
    // Evaluation that did not hear of it is told.
    AlertState stands = one.record(resolved(fires, T0 + 5));
    assertThat(stands.resolvedBy()).isEqualTo("me");
    assertThat(one.doors.alerts().active(tenant)).isEmpty();
    assertThat(one.record(firing(rule, fires.labels().get("host"), T0 + 9)).phase())
        .isEqualTo(AlertPhase.FIRING);
    await()
        .atMost(LONG)
        .until(
            () -> told(fires).stream().map(text -> text.substring(0, text.indexOf(' '))).toList(),
            List.of("firing", "resolved", "firing")::equals);
  }

  @Test
  void anOlderVersionOfTheRuleDoesNotOverwriteANewerOne() {
    AlertRule old = one.doors.rules().create(tenant, spec("a"));
    AlertRule rule = one.doors.rules().replace(tenant, old.id(), spec("b")).orElseThrow();
    String host = one.hostOf(tenant);
    one.record(firing(rule, host, T0));
    AlertState stands = one.record(resolved(firing(old, host, T0), T0 + 1));
    assertThat(stands.phase()).isEqualTo(AlertPhase.FIRING);
    assertThat(stands.ruleVersion()).isEqualTo(2);
  }

  @Test
  void aWebhookThatWasAwayIsToldOfAllOfItInOrder() {
    AlertRule rule = one.doors.rules().create(tenant, spec("a"));
    String host = one.hostOf(tenant);
    AlertState fires = firing(rule, host, T0);
    webhook.status = 500;
    int before = webhook.requests.get();
    one.record(fires);
    one.record(resolved(fires, T0 + 1));
    one.record(firing(rule, host, T0 + 2));
    await().atMost(LONG).until(() -> webhook.requests.get() >= before + 2);
    webhook.status = 200;
    await().atMost(LONG).until(() -> told(fires).size() == 3);
    String fingerprint = HexText.of(fires.fingerprint());
    assertThat(told(fires))
        .containsExactly(
            "firing " + fingerprint + " " + Instant.ofEpochMilli(T0),
            "resolved " + fingerprint + " " + Instant.ofEpochMilli(T0),
            "firing " + fingerprint + " " + Instant.ofEpochMilli(T0 + 2));
    JsonObject body = webhook.bodies().getLast().asJsonObject();
    assertThat(body.getString("version")).isEqualTo("4");
    assertThat(body.getJsonObject("groupLabels").getString("alertname")).isEqualTo("a");
    assertThat(body.getJsonObject("commonLabels").getString("tenant")).isEqualTo(tenant);
  }

  @Test
  void aSilenceWithholdsUntilItEnds() {
    AlertRule rule = one.doors.rules().create(tenant, spec("a"));
    String host = one.hostOf(tenant);
    Silence silence = two.doors.silences().create(silence(host, Duration.ofHours(1)));
    assertThat(one.doors.silences().list(tenant)).containsExactly(silence);
    AlertState short1 = firing(rule, host, T0);
    one.record(short1);
    one.record(resolved(short1, T0 + 1));
    AlertState fires = firing(rule, host, T0 + 2);
    one.record(fires);
    assertThat(two.doors.alerts().active(tenant).getFirst().silenced()).isTrue();
    await().during(Duration.ofMillis(1_500)).atMost(LONG).until(() -> told(fires).isEmpty());
    assertThat(two.doors.silences().end("stranger", silence.id())).isFalse();
    assertThat(two.doors.silences().end(tenant, silence.id())).isTrue();
    await().atMost(LONG).until(() -> told(fires).size() == 1);
    assertThat(told(fires).getFirst())
        .startsWith("firing")
        .endsWith("" + Instant.ofEpochMilli(T0 + 2));
    assertThat(one.doors.silences().list(tenant)).isEmpty();
  }

  @Test
  void anAlertmanagerIsToldAgainOfWhatFires() {
    AlertRule rule = one.doors.rules().create(tenant, spec("a"));
    String host = two.hostOf(tenant);
    AlertState fires = firing(rule, host, T0);
    two.record(fires);
    await().atMost(LONG).until(() -> alerts().size() >= 2);
    assertThat(Instant.parse(alerts().getFirst().getString("endsAt"))).isAfter(Instant.now());
    two.record(resolved(fires, T0 + 1_000));
    await()
        .atMost(LONG)
        .until(() ->
            alerts().getLast().getString("endsAt").equals("" + Instant.ofEpochMilli(T0 + 1_000)));
    assertThat(alerts())
        .allSatisfy(alert ->
            assertThat(alert.getString("startsAt")).isEqualTo("" + Instant.ofEpochMilli(T0)));
  }

  private List<JsonObject> alerts() {
    return alertmanager.alerts().stream()
        .filter(alert -> alert.getJsonObject("labels").getString("tenant", "").equals(tenant))
        .toList();
  }

  @Test
  void whatIsForgottenGoesOnceReceiversKnow() {
    AlertRule rule = one.doors.rules().create(tenant, spec("a"));
    String host = one.hostOf(tenant);
    webhook.status = 500;
    AlertState fires = firing(rule, host, T0);
    one.record(fires);
    AlertState ends = resolved(fires, T0 + 1);
    one.record(ends);
    one.center.ledger().forget(shardOf(fires), List.of(ends));
    assertThat(one.center.ledger().load(shardOf(fires)))
        .extracting(AlertState::fingerprint)
        .doesNotContain(fires.fingerprint());
    webhook.status = 200;
    await().atMost(LONG).until(() -> told(fires).size() == 2);
    await()
        .atMost(LONG)
        .until(() ->
            AlertMaps.of(one.hazelcast).states().values().stream()
                .noneMatch(entry -> entry.state().fingerprint() == fires.fingerprint()));
  }

  @Test
  void theLossOfAMemberLosesNeitherStatesNorWhatReceiversAreToKnow() {
    try (Hook hook = new Hook()) {
      AlertCenterOptions options =
          new AlertCenterOptions(
              10,
              10,
              Optional.of(hook.uri()),
              Optional.empty(),
              Duration.ofMinutes(1),
              Duration.ofMillis(500));
      String cluster = "loss-" + UUID.randomUUID();
      AlertMember dying = AlertMember.inMemory(cluster, options);
      try (AlertMember heir = AlertMember.inMemory(cluster, options, dying)) {
        dying.awaitSafe();
        dying.awaitRules();
        heir.awaitRules();
        AlertRule rule = dying.doors.rules().create("default", spec("a", Map.of()));
        hook.status = 503;
        String host = dying.hostOf("default");
        AlertState fires = firing(rule, host, T0);
        dying.record(fires);
        await().atMost(LONG).until(() -> hook.requests.get() > 0);
        dying.kill();
        hook.status = 200;
        await().atMost(LONG).until(() -> !hook.told().isEmpty());
        assertThat(hook.told())
            .containsOnly(
                "firing " + HexText.of(fires.fingerprint()) + " " + Instant.ofEpochMilli(T0));
        assertThat(heir.center.ledger().load(shardOf(fires)))
            .extracting(AlertState::fingerprint)
            .containsExactly(fires.fingerprint());
        assertThat(heir.doors.rules().list("default")).containsExactly(rule);
        assertThat(heir.doors.alerts().active("default")).hasSize(1);
      }
    }
  }
}
