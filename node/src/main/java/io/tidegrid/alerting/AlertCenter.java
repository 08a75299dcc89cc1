package io.tidegrid.alerting;

import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.alert.AlertControl;
import io.tidegrid.alert.AlertLedger;
import io.tidegrid.alert.RuleBook;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.RuleEntry;
import io.tidegrid.grid.SilenceEntry;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.grid.TenantEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertState;
import io.tidegrid.persist.AlertPersistence;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;

/**
 * A member's part in keeping alerts: rules, silences, how alerts stand, the ring, and the receivers
 * outside. Evaluation is done by others, with {@link #ruleBook} and {@link #ledger}. Safe for use
 * by many threads.
 */
public final class AlertCenter implements AutoCloseable {

  private static final String CONTEXT_KEY = "io.tidegrid.alerting.center";

  private final HazelcastInstance hazelcast;
  private final SharedTable<RuleEntry> ruleTable;
  private final SharedTable<SilenceEntry> silenceTable;
  private final GridAlertRules rules;
  private final GridSilences silences;
  private final AlertMaps maps;
  private final EventRing ring;
  private final Notifiers notifiers;
  private final GridLedger ledger;
  private final GridAlerts alerts;
  private final Upkeep upkeep;
  private volatile AlertControl control = (shard, now) -> {};

  private AlertCenter(
      HazelcastInstance hazelcast,
      IntUnaryOperator partitionKey,
      Optional<AlertPersistence> database,
      AlertCenterOptions options,
      MeterRegistry meters,
      InstantSource clock) {
    this.hazelcast = hazelcast;
    this.maps = AlertMaps.of(hazelcast);
    this.ruleTable =
        new SharedTable<>(
            hazelcast, GridNames.RULES, RuleEntry.class, database.map(AlertPersistence::rules));
    this.silenceTable =
        new SharedTable<>(
            hazelcast,
            GridNames.SILENCES,
            SilenceEntry.class,
            database.map(AlertPersistence::silences));
    this.rules =
        new GridAlertRules(
            ruleTable,
            hazelcast.getMap(GridNames.RULE_REGISTRATIONS),
            options.maxRules(),
            meters,
            clock);
    this.silences = new GridSilences(silenceTable, options.maxSilences(), meters, clock);
    this.ring = new EventRing(hazelcast, clock);
    this.notifiers = new Notifiers(hazelcast, maps.states(), silences, options, meters, clock);
    this.ledger = new GridLedger(maps, partitionKey, database, ring, new LedgerContext(), clock);
    this.alerts = new GridAlerts(hazelcast, maps, database, this::render, clock);
    this.upkeep =
        new Upkeep(
            hazelcast,
            partitionKey,
            new Upkeep.Parts(ruleTable, silenceTable, silences, ledger, maps.states(), notifiers),
            this::render,
            options,
            meters,
            clock);
  }

  /**
   * Adds to a member's configuration what alerts need. To be called before the member starts.
   *
   * @param database where alerts are kept beside the grid; empty for nowhere
   */
  public static void configure(
      Config config, int backupCount, Optional<AlertPersistence> database) {
    AlertMaps.configure(config, backupCount, database);
  }

  /**
   * Starts the part of a member that was set up by {@link #configure}. Rules are loaded as soon as
   * they can be; until then nothing is evaluated, and who asks for them is told to come again.
   *
   * @param partitionKey the key whose partition a shard is
   * @param database the same as in the configuration, attached
   */
  public static AlertCenter start(
      HazelcastInstance hazelcast,
      IntUnaryOperator partitionKey,
      Optional<AlertPersistence> database,
      AlertCenterOptions options,
      MeterRegistry meters,
      InstantSource clock) {
    AlertCenter center = new AlertCenter(hazelcast, partitionKey, database, options, meters, clock);
    // First reachable for others, then reading what they wrote: nothing falls in between.
    hazelcast.getUserContext().put(CONTEXT_KEY, center);
    hazelcast
        .getCluster()
        .addMembershipListener(
            new MembershipAdapter() {
              @Override
              public void memberRemoved(MembershipEvent event) {
                center.upkeep.repairSoon();
              }
            });
    hazelcast
        .getPartitionService()
        .addPartitionLostListener(event -> {
          center.ruleTable.partitionLost();
          center.silenceTable.partitionLost();
          center.upkeep.repairSoon();
        });
    center.ring.start();
    center.upkeep.start();
    return center;
  }

  static Optional<AlertCenter> of(HazelcastInstance hazelcast) {
    return Optional.ofNullable(hazelcast.getUserContext().get(CONTEXT_KEY))
        .map(AlertCenter.class::cast);
  }

  /** Waits until rules and silences are known, so that they can be changed; tells whether so. */
  public boolean awaitLoaded(Duration within) throws InterruptedException {
    return upkeep.awaitLoaded(within);
  }

  /** Returns what others may do with alerts. */
  public AlertDoors doors() {
    return new AlertDoors(rules, alerts, silences, ring);
  }

  /** Returns the rules, for evaluation. */
  public RuleBook ruleBook() {
    return rules;
  }

  /** Returns where evaluation records what it finds. */
  public AlertLedger ledger() {
    return ledger;
  }

  /** Sets what is told of alerts of this member's shards that others changed. */
  public void evaluation(AlertControl told) {
    control = told;
  }

  /**
   * Returns how many alerts of this member's shards fire, by severity. As of a second ago; never
   * blocks.
   */
  public Map<String, Long> firing() {
    return upkeep.firing();
  }

  void changed(String table, TenantKey key, Optional<TenantEntry> value) {
    if (table.equals(ruleTable.name())) {
      ruleTable.changed(key, value);
    } else if (table.equals(silenceTable.name())) {
      silenceTable.changed(key, value);
    }
  }

  /** Ends an alert by hand, and has it known; called on the member that judges it. */
  Optional<StateEntry> resolveHere(AlertKey key, AlertState resolved) {
    StateEntry now =
        maps.states().executeOnKey(key, StateChange.resolve(resolved, resolved.changedAtMs()));
    if (now == null || !now.state().equals(resolved)) {
      return Optional.ofNullable(now);
    }
    control.changedElsewhere(key.shard(), now.state());
    if (resolved.firedAtMs() != AlertState.NEVER) {
      ledger.announce(Map.of(key, now), List.of());
    }
    return Optional.of(now);
  }

  private Alert render(AlertState state) {
    return AlertRendering.render(
        state,
        rules.findLast(state.tenant(), state.ruleId()),
        labels -> silences.isSilenced(state.tenant(), labels));
  }

  private final class LedgerContext implements GridLedger.Context {
    @Override
    public boolean isReady() {
      return ruleTable.isLoaded() && silenceTable.isLoaded();
    }

    @Override
    public Alert render(AlertState state) {
      return AlertCenter.this.render(state);
    }

    @Override
    public void tell(List<GridLedger.Known> changes) {
      notifiers.tell(changes);
    }

    @Override
    public boolean isAwaited(StateEntry entry) {
      return notifiers.isAwaited(entry);
    }
  }

  /** Takes no more part. To be called when evaluation has ended here. */
  @Override
  public void close() {
    if (hazelcast.getLifecycleService().isRunning()) {
      boolean ignored = hazelcast.getUserContext().remove(CONTEXT_KEY, this);
    }
    upkeep.close();
    notifiers.close();
    ring.close();
  }
}
