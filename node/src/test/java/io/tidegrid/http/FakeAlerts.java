package io.tidegrid.http;

import io.tidegrid.alerting.AlertDoors;
import io.tidegrid.alerting.AlertEvent;
import io.tidegrid.alerting.AlertReceiver;
import io.tidegrid.alerting.AlertRules;
import io.tidegrid.alerting.AlertStreams;
import io.tidegrid.alerting.Alerts;
import io.tidegrid.alerting.Silence;
import io.tidegrid.alerting.Silences;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.TidegridException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** Rules, alerts and silences in lists, and announcements that the test makes. */
final class FakeAlerts implements AlertRules, Alerts, AlertStreams {

  /** Events that are kept for those that come back. */
  static final int KEPT = 50_000;

  final List<Alert> current = new CopyOnWriteArrayList<>();
  final List<Alert> past = new CopyOnWriteArrayList<>();
  final AtomicReference<HistoryQuery> lastHistory = new AtomicReference<>();
  final AtomicReference<String> lastResolver = new AtomicReference<>("");
  private final Set<Receiver> receivers = ConcurrentHashMap.newKeySet();
  private final List<AlertRule> known = new CopyOnWriteArrayList<>();
  private final List<AlertEvent> ring = new ArrayList<>();
  private final Quiet quiet = new Quiet();
  private long nextId = 1;

  private record Receiver(String tenant, AlertReceiver receiver) {}

  AlertDoors doors() {
    return new AlertDoors(this, this, quiet, this);
  }

  /** Forgets everything but open streams. */
  synchronized void clear() {
    known.clear();
    current.clear();
    past.clear();
    quiet.known.clear();
    nextId = 1;
  }

  // ---- rules

  @Override
  public synchronized AlertRule create(String tenant, AlertRule.Spec spec) {
    if (spec.annotations().containsValue("{{ $value")) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE, "/annotations", "the template does not end");
    }
    AlertRule rule = new AlertRule(tenant, "rule-" + nextId++, 1, spec, TestNode.NOW, TestNode.NOW);
    known.add(rule);
    return rule;
  }

  @Override
  public synchronized AlertRule findOrCreate(String tenant, AlertRule.Spec spec) {
    return list(tenant).stream()
        .filter(rule ->
            rule.spec().metric().equals(spec.metric())
                && rule.spec().condition().equals(spec.condition())
                && rule.spec().matchers().equals(spec.matchers()))
        .findFirst()
        .orElseGet(() -> create(tenant, spec));
  }

  @Override
  public List<AlertRule> list(String tenant) {
    return known.stream().filter(rule -> rule.tenant().equals(tenant)).toList();
  }

  @Override
  public Optional<AlertRule> find(String tenant, String id) {
    return list(tenant).stream().filter(rule -> rule.id().equals(id)).findFirst();
  }

  @Override
  public synchronized Optional<AlertRule> replace(String tenant, String id, AlertRule.Spec spec) {
    Optional<AlertRule> before = find(tenant, id);
    before.ifPresent(rule ->
        known.set(
            known.indexOf(rule),
            new AlertRule(
                tenant,
                id,
                rule.version() + 1,
                spec,
                rule.createdAt(),
                rule.updatedAt().plusSeconds(1))));
    return find(tenant, id);
  }

  @Override
  public boolean delete(String tenant, String id) {
    return known.removeIf(rule -> rule.tenant().equals(tenant) && rule.id().equals(id));
  }

  // ---- alerts

  @Override
  public List<Alert> active(String tenant) {
    return current.stream().filter(alert -> alert.tenant().equals(tenant)).toList();
  }

  @Override
  public List<Alert> history(String tenant, HistoryQuery query) {
    lastHistory.set(query);
    return past.stream()
        .filter(alert -> alert.tenant().equals(tenant))
        .limit(query.limit())
        .toList();
  }

  @Override
  public Optional<Alert> resolve(String tenant, String id, String by) {
    lastResolver.set(by);
    if (past.stream().anyMatch(alert -> alert.id().equals(id))) {
      throw new TidegridException(ErrorCode.CONFLICT, "the alert has ended already");
    }
    return active(tenant).stream()
        .filter(alert -> alert.id().equals(id))
        .findFirst()
        .map(alert -> {
          current.remove(alert);
          Alert resolved = resolved(alert, by);
          past.add(resolved);
          return resolved;
        });
  }

  /** Returns an alert of {@code cpu} that fires since a minute before now. */
  static Alert firing(String id, String severity, Map<String, String> labels) {
    Instant start = TestNode.NOW.minusSeconds(60);
    return new Alert(
        id,
        "00000000000000ab",
        "default",
        "rule-1",
        "High CPU",
        "cpu",
        severity,
        labels,
        Map.of("description", "it is hot"),
        "> 80",
        AlertPhase.FIRING,
        81.5,
        80,
        start,
        Optional.of(start),
        Optional.empty(),
        "",
        false);
  }

  static Alert resolved(Alert alert, String by) {
    return new Alert(
        alert.id(),
        alert.fingerprint(),
        alert.tenant(),
        alert.ruleId(),
        alert.ruleName(),
        alert.metric(),
        alert.severity(),
        alert.labels(),
        alert.annotations(),
        alert.condition(),
        AlertPhase.RESOLVED,
        alert.value(),
        alert.threshold(),
        alert.startsAt(),
        alert.firedAt(),
        Optional.of(TestNode.NOW),
        by,
        alert.silenced());
  }

  static Alert pending(Alert alert) {
    return new Alert(
        alert.id(),
        alert.fingerprint(),
        alert.tenant(),
        alert.ruleId(),
        alert.ruleName(),
        alert.metric(),
        alert.severity(),
        alert.labels(),
        alert.annotations(),
        alert.condition(),
        AlertPhase.PENDING,
        alert.value(),
        alert.threshold(),
        alert.startsAt(),
        Optional.empty(),
        Optional.empty(),
        "",
        alert.silenced());
  }

  // ---- silences

  /** Silences in a list. */
  private final class Quiet implements Silences {

    private final List<Silence> known = new CopyOnWriteArrayList<>();

    @Override
    public Silence create(Silence silence) {
      Silence created =
          new Silence(
              "silence-" + nextId++,
              silence.tenant(),
              silence.matchers(),
              silence.startsAt(),
              silence.endsAt(),
              silence.createdBy(),
              silence.comment());
      known.add(created);
      return created;
    }

    @Override
    public List<Silence> list(String tenant) {
      return known.stream().filter(silence -> silence.tenant().equals(tenant)).toList();
    }

    @Override
    public boolean end(String tenant, String id) {
      return known.removeIf(silence -> silence.tenant().equals(tenant) && silence.id().equals(id));
    }
  }

  // ---- announcements

  /** Returns how many streams are open. */
  int open() {
    return receivers.size();
  }

  /** Announces a change of an alert and returns the id of the announcement. */
  String announce(Alert alert) {
    return announce(id -> new AlertEvent.Changed(id, alert));
  }

  /** Announces a breach and returns the id of the announcement. */
  String breach(String ruleId, Labels labels, long timeMs, double value) {
    return announce(id -> new AlertEvent.Breached(id, "default", ruleId, labels, timeMs, value));
  }

  private synchronized String announce(Function<String, AlertEvent> event) {
    AlertEvent made = event.apply("r1-" + ring.size());
    ring.add(made);
    receivers.forEach(to -> {
      if (to.tenant().equals(made.tenant())) {
        to.receiver().deliver(List.of(made));
      }
    });
    return made.id();
  }

  @Override
  public synchronized AlertStream open(String tenant, String last, AlertReceiver receiver) {
    Receiver opened = new Receiver(tenant, receiver);
    if (last.startsWith("r1-")) {
      int from = Integer.parseInt(last.substring("r1-".length())) + 1;
      int kept = Math.max(from, ring.size() - KEPT);
      if (kept > from) {
        receiver.missed((long) kept - from);
      }
      receiver.deliver(
          ring.subList(kept, ring.size()).stream()
              .filter(event -> event.tenant().equals(tenant))
              .toList());
    } else if (!last.isEmpty()) {
      receiver.missed(-1);
    }
    receivers.add(opened);
    return () -> receivers.remove(opened);
  }
}
