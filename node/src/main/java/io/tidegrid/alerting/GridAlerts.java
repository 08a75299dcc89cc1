package io.tidegrid.alerting;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.HistoryEntry;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertIdentity;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.persist.AlertHistory;
import io.tidegrid.persist.AlertPersistence;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** The alerts of all members. */
final class GridAlerts implements Alerts {

  private static final Comparator<Alert> LAST_FIRST =
      Comparator.comparing(Alert::startsAt).thenComparing(Alert::id).reversed();

  private static final int TRIES = 3;
  private static final long ANSWER_SECONDS = 10;

  private final HazelcastInstance hazelcast;
  private final AlertMaps maps;
  private final Optional<AlertPersistence> database;
  private final Function<AlertState, Alert> rendering;
  private final InstantSource clock;

  GridAlerts(
      HazelcastInstance hazelcast,
      AlertMaps maps,
      Optional<AlertPersistence> database,
      Function<AlertState, Alert> rendering,
      InstantSource clock) {
    this.hazelcast = hazelcast;
    this.maps = maps;
    this.database = database;
    this.rendering = rendering;
    this.clock = clock;
  }

  @Override
  public List<Alert> active(String tenant) {
    return states(tenant).values().stream()
        .filter(state -> state.phase() != AlertPhase.RESOLVED)
        .map(rendering)
        .sorted(LAST_FIRST)
        .toList();
  }

  private Map<AlertKey, AlertState> states(String tenant) {
    Map<AlertKey, AlertState> found = new HashMap<>();
    maps.states()
        .entrySet(new OfTenant(tenant).of())
        .forEach(entry -> {
          if (!entry.getValue().ended()) {
            found.put(entry.getKey(), entry.getValue().state());
          }
        });
    return found;
  }

  @Override
  public List<Alert> history(String tenant, HistoryQuery query) {
    // Memory first: what is committed and leaves it meanwhile is found in the database.
    Map<String, Alert> found = new HashMap<>();
    Map<String, Alert> inMemory = new HashMap<>();
    for (Map.Entry<TenantKey, HistoryEntry> entry :
        maps.history().entrySet(new OfTenant(tenant).of())) {
      inMemory.put(entry.getKey().id(), entry.getValue().alert());
    }
    database.ifPresent(archive ->
        archive
            .find(
                tenant,
                new AlertHistory.Wanted(
                    query.fromMs(),
                    query.toMs(),
                    query.ruleId(),
                    query.severity(),
                    query.phases(),
                    query.limit()))
            .forEach(alert -> found.put(alert.id(), alert)));
    found.putAll(inMemory);
    return found.values().stream()
        .filter(alert -> isWanted(alert, query))
        .sorted(LAST_FIRST)
        .limit(query.limit())
        .toList();
  }

  private static boolean isWanted(Alert alert, HistoryQuery query) {
    long startsMs = alert.startsAt().toEpochMilli();
    return startsMs >= query.fromMs()
        && startsMs < query.toMs()
        && (query.ruleId().isEmpty() || query.ruleId().equals(alert.ruleId()))
        && (query.severity().isEmpty() || query.severity().equals(alert.severity()))
        && (query.phases().isEmpty() || query.phases().contains(alert.phase()));
  }

  @Override
  public Optional<Alert> resolve(String tenant, String id, String by) {
    if (by.isBlank()) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE, "/resolved_by", "say who resolves the alert");
    }
    Optional<Map.Entry<AlertKey, AlertState>> found = find(tenant, id);
    if (found.isEmpty()) {
      if (wasThere(tenant, id)) {
        throw ended(id);
      }
      return Optional.empty();
    }
    AlertState state = found.get().getValue();
    if (state.phase() == AlertPhase.RESOLVED) {
      throw ended(id);
    }
    long now = clock.millis();
    AlertState wanted =
        new AlertState(
            state.tenant(),
            state.ruleId(),
            state.ruleVersion(),
            state.fingerprint(),
            state.labels(),
            AlertPhase.RESOLVED,
            state.pendingSinceMs(),
            state.firedAtMs(),
            Math.max(now, state.pendingSinceMs()),
            state.value(),
            state.lastTimeMs(),
            now,
            by,
            false);
    StateEntry now1 = onOwner(found.get().getKey(), wanted).orElseThrow(() -> ended(id));
    AlertState stands = now1.state();
    if (stands.pendingSinceMs() != wanted.pendingSinceMs() || !stands.resolvedBy().equals(by)) {
      throw ended(id);
    }
    return Optional.of(rendering.apply(stands));
  }

  private Optional<Map.Entry<AlertKey, AlertState>> find(String tenant, String id) {
    Map<AlertKey, AlertState> states = states(tenant);
    for (Map.Entry<AlertKey, AlertState> entry : states.entrySet()) {
      AlertState state = entry.getValue();
      String fingerprint = AlertIdentity.text(state.fingerprint());
      if (id.equals(fingerprint)
          || id.equals(AlertIdentity.instanceId(state.fingerprint(), state.pendingSinceMs()))) {
        return Optional.of(Map.entry(entry.getKey(), state));
      }
      if (id.startsWith(fingerprint + "-")) {
        // An earlier instance of it.
        throw ended(id);
      }
    }
    List<Map.Entry<AlertKey, AlertState>> ofRule =
        states.entrySet().stream().filter(entry -> entry.getValue().ruleId().equals(id)).toList();
    List<Map.Entry<AlertKey, AlertState>> active =
        ofRule.stream().filter(entry -> entry.getValue().phase() != AlertPhase.RESOLVED).toList();
    if (active.size() > 1) {
      throw new TidegridException(
          ErrorCode.CONFLICT,
          "the rule " + id + " has " + active.size() + " active alerts: name one by its id");
    }
    return active.isEmpty() ? ofRule.stream().findFirst() : Optional.of(active.getFirst());
  }

  private boolean wasThere(String tenant, String id) {
    return maps.history().containsKey(new TenantKey(tenant, id))
        || database.map(archive -> archive.isKnown(tenant, id)).orElse(false);
  }

  private static TidegridException ended(String id) {
    return new TidegridException(ErrorCode.CONFLICT, "the alert " + id + " has ended already");
  }

  private Optional<StateEntry> onOwner(AlertKey key, AlertState resolved) {
    Exception last = new IllegalStateException("there is no owner");
    for (int i = 0; i < TRIES; i++) {
      Member owner = hazelcast.getPartitionService().getPartition(key).getOwner();
      try {
        return Optional.ofNullable(
            hazelcast
                .getExecutorService(GridNames.ALERT_EXECUTOR)
                .submitToMember(new ResolveTask(key, resolved), owner)
                .get(ANSWER_SECONDS, TimeUnit.SECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        last = e;
        break;
      } catch (ExecutionException | TimeoutException | RejectedExecutionException e) {
        last = e;
      }
    }
    throw new TidegridException(
        ErrorCode.NOT_READY,
        "the member that judges the alert did not answer: try again",
        List.of(),
        Duration.ofSeconds(1),
        last);
  }
}
