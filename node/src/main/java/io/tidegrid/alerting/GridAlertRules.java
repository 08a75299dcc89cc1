package io.tidegrid.alerting;

import com.hazelcast.map.IMap;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.alert.RuleBook;
import io.tidegrid.grid.RuleEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** The rules in a table that all members share. */
final class GridAlertRules implements AlertRules, RuleBook {

  private static final Comparator<AlertRule> IN_ORDER =
      Comparator.comparing(AlertRule::createdAt).thenComparing(AlertRule::id);

  /** Members that were not told of a rule when it was made know it by then. */
  private static final long REGISTRATION_MINUTES = 10;

  private final SharedTable<RuleEntry> table;
  private final IMap<TenantKey, String> registrations;
  private final int maxRules;
  private final InstantSource clock;
  private final Counter refused;
  private final ReentrantLock building = new ReentrantLock();
  private volatile Snapshot snapshot = new Snapshot(0, List.of());

  /**
   * @param registrations which rule was registered for what, a short while ago
   */
  GridAlertRules(
      SharedTable<RuleEntry> table,
      IMap<TenantKey, String> registrations,
      int maxRules,
      MeterRegistry meters,
      InstantSource clock) {
    this.table = table;
    this.registrations = registrations;
    this.maxRules = maxRules;
    this.clock = clock;
    this.refused =
        Counter.builder("tidegrid.alerts.rules.refused")
            .description("Rules refused because their tenant has as many as it may")
            .register(meters);
    Gauge.builder("tidegrid.alerts.rules", this, rules -> rules.current().rules().size())
        .description("Alert rules of all tenants")
        .register(meters);
    Gauge.builder("tidegrid.alerts.rules.max", () -> maxRules)
        .description("The most alert rules of a tenant")
        .register(meters);
  }

  @Override
  public AlertRule create(String tenant, AlertRule.Spec spec) {
    RuleChecks.check(spec);
    return table.locked(tenant, () -> add(tenant, spec));
  }

  /** Inside the tenant's lock. */
  private AlertRule add(String tenant, AlertRule.Spec spec) {
    if (table.of(tenant).size() >= maxRules) {
      refused.increment();
      throw new TidegridException(
          ErrorCode.RULE_LIMIT,
          "the tenant has "
              + maxRules
              + " rules, the most that alerts.max-rules allows: delete some, or make one"
              + " match more series");
    }
    Instant now = now();
    AlertRule rule = new AlertRule(tenant, UUID.randomUUID().toString(), 1, spec, now, now);
    table.put(new RuleEntry(rule));
    return rule;
  }

  @Override
  public AlertRule findOrCreate(String tenant, AlertRule.Spec spec) {
    RuleChecks.check(spec);
    table.requireLoaded();
    Optional<AlertRule> known = findSame(tenant, spec);
    return known.isPresent()
        ? known.get()
        : table.locked(
            tenant,
            () -> {
              TenantKey registration = new TenantKey(tenant, identity(spec));
              // Who made one before may have been unable to tell this member.
              return findSame(tenant, spec)
                  .or(() ->
                      Optional.ofNullable(registrations.get(registration))
                          .flatMap(id -> table.findInGrid(new TenantKey(tenant, id)))
                          .map(RuleEntry::rule)
                          .filter(rule -> isTheSame(rule.spec(), spec)))
                  .orElseGet(() -> {
                    AlertRule rule = add(tenant, spec);
                    registrations.set(
                        registration, rule.id(), REGISTRATION_MINUTES, TimeUnit.MINUTES);
                    return rule;
                  });
            });
  }

  private Optional<AlertRule> findSame(String tenant, AlertRule.Spec spec) {
    return table.of(tenant).stream()
        .map(RuleEntry::rule)
        .filter(rule -> isTheSame(rule.spec(), spec))
        .min(IN_ORDER);
  }

  /** Others may have given it another name or severity since. */
  private static boolean isTheSame(AlertRule.Spec known, AlertRule.Spec asked) {
    return known.eachSample()
        && known.metric().equals(asked.metric())
        && known.condition().equals(asked.condition())
        && known.matchers().equals(asked.matchers());
  }

  private static String identity(AlertRule.Spec spec) {
    String text =
        String.join(
            "\0",
            spec.metric(),
            AlertConditions.format(spec.condition()),
            spec.matchers().toString());
    return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
  }

  /** To the millisecond, so that it reads back the same from everywhere. */
  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  @Override
  public List<AlertRule> list(String tenant) {
    table.requireLoaded();
    return table.of(tenant).stream().map(RuleEntry::rule).sorted(IN_ORDER).toList();
  }

  @Override
  public Optional<AlertRule> find(String tenant, String id) {
    table.requireLoaded();
    return table.find(new TenantKey(tenant, id)).map(RuleEntry::rule);
  }

  @Override
  public Optional<AlertRule> replace(String tenant, String id, AlertRule.Spec spec) {
    RuleChecks.check(spec);
    return table.locked(
        tenant,
        () ->
            find(tenant, id)
                .map(old -> {
                  AlertRule rule =
                      new AlertRule(tenant, id, old.version() + 1, spec, old.createdAt(), now());
                  table.put(new RuleEntry(rule));
                  return rule;
                }));
  }

  @Override
  public boolean delete(String tenant, String id) {
    return table.locked(
        tenant,
        () -> {
          boolean present = find(tenant, id).isPresent();
          if (present) {
            table.remove(new TenantKey(tenant, id));
          }
          return present;
        });
  }

  /** Returns a rule, also one that was deleted a short while ago. */
  Optional<AlertRule> findLast(String tenant, String id) {
    return table.findLast(new TenantKey(tenant, id)).map(RuleEntry::rule);
  }

  @Override
  public Snapshot current() {
    Snapshot now = snapshot;
    return now.version() == table.changes() ? now : build();
  }

  private Snapshot build() {
    building.lock();
    try {
      // The number is read first: what changes meanwhile is then found by the next look.
      long version = table.changes();
      if (snapshot.version() != version) {
        snapshot = new Snapshot(version, table.all().stream().map(RuleEntry::rule).toList());
      }
      return snapshot;
    } finally {
      building.unlock();
    }
  }
}
