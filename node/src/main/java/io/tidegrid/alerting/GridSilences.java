package io.tidegrid.alerting;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.SilenceEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The silences in a table that all members share. */
final class GridSilences implements Silences {

  private static final int MAX_TEXT = 4_096;
  private static final int MAX_MATCHERS = 64;

  /** Ended ones go a while after, so that clocks that differ do no harm. */
  private static final Duration KEPT = Duration.ofMinutes(5);

  private final SharedTable<SilenceEntry> table;
  private final int maxSilences;
  private final InstantSource clock;
  private final Counter refused;

  GridSilences(
      SharedTable<SilenceEntry> table, int maxSilences, MeterRegistry meters, InstantSource clock) {
    this.table = table;
    this.maxSilences = maxSilences;
    this.clock = clock;
    this.refused =
        Counter.builder("tidegrid.alerts.silences.refused")
            .description("Silences refused because their tenant has as many as it may")
            .register(meters);
    Gauge.builder("tidegrid.alerts.silences", table, silences -> silences.all().size())
        .description("Silences of all tenants")
        .register(meters);
    Gauge.builder("tidegrid.alerts.silences.max", () -> maxSilences)
        .description("The most silences of a tenant")
        .register(meters);
  }

  @Override
  public Silence create(Silence silence) {
    Instant now = clock.instant();
    check(silence, now);
    String tenant = silence.tenant();
    return table.locked(
        tenant,
        () -> {
          if (list(tenant).size() >= maxSilences) {
            refused.increment();
            throw new TidegridException(
                ErrorCode.RULE_LIMIT,
                "the tenant has "
                    + maxSilences
                    + " silences, the most that alerts.max-silences allows: end some first");
          }
          SilenceEntry entry =
              new SilenceEntry(
                  new TenantKey(tenant, UUID.randomUUID().toString()),
                  silence.matchers(),
                  silence.startsAt().truncatedTo(ChronoUnit.MILLIS),
                  silence.endsAt().truncatedTo(ChronoUnit.MILLIS),
                  silence.createdBy(),
                  silence.comment());
          table.put(entry);
          return silence(entry);
        });
  }

  private static void check(Silence silence, Instant now) {
    FieldErrors errors = new FieldErrors();
    errors.check(
        !silence.matchers().isEmpty() && silence.matchers().size() <= MAX_MATCHERS,
        "/matchers",
        "a silence needs 1 to " + MAX_MATCHERS + " conditions on labels");
    errors.check(
        silence.matchers().stream().noneMatch(matcher -> matcher.name().isEmpty()),
        "/matchers",
        "a label name is empty");
    errors.check(
        silence.matchers().isEmpty()
            || silence.matchers().stream().anyMatch(matcher -> !matcher.matchesMissing()),
        "/matchers",
        "the conditions are met by alerts without any of these labels: at least one must ask for"
            + " something");
    errors.check(
        silence.endsAt().isAfter(silence.startsAt()),
        "/ends_at",
        "a silence must end after it starts");
    errors.check(silence.endsAt().isAfter(now), "/ends_at", "a silence must end in the future");
    errors.check(
        silence.createdBy().length() <= MAX_TEXT && silence.comment().length() <= MAX_TEXT,
        "/comment",
        "comment and author can have at most " + MAX_TEXT + " characters");
    errors.throwIfAny("the silence");
  }

  private static Silence silence(SilenceEntry entry) {
    return new Silence(
        entry.key().id(),
        entry.key().tenant(),
        entry.matchers(),
        entry.startsAt(),
        entry.endsAt(),
        entry.createdBy(),
        entry.comment());
  }

  @Override
  public List<Silence> list(String tenant) {
    table.requireLoaded();
    Instant now = clock.instant();
    return table.of(tenant).stream()
        .filter(entry -> entry.endsAt().isAfter(now))
        .map(GridSilences::silence)
        .sorted(Comparator.comparing(Silence::endsAt).thenComparing(Silence::id))
        .toList();
  }

  @Override
  public boolean end(String tenant, String id) {
    return table.locked(
        tenant,
        () -> {
          boolean present = list(tenant).stream().anyMatch(silence -> silence.id().equals(id));
          if (present) {
            table.remove(new TenantKey(tenant, id));
          }
          return present;
        });
  }

  /** Tells whether an alert with these labels is kept from being sent now. */
  boolean isSilenced(String tenant, Map<String, String> labels) {
    Collection<SilenceEntry> silences = table.of(tenant);
    if (silences.isEmpty()) {
      return false;
    }
    Instant now = clock.instant();
    return silences.stream()
        .anyMatch(silence ->
            !silence.startsAt().isAfter(now)
                && silence.endsAt().isAfter(now)
                && meets(silence, labels));
  }

  private static boolean meets(SilenceEntry silence, Map<String, String> labels) {
    for (Matcher matcher : silence.matchers()) {
      if (!matcher.matches(labels.getOrDefault(matcher.name(), ""))) {
        return false;
      }
    }
    return true;
  }

  /** Takes away what ended; called by one member. */
  void dropEnded() {
    Instant before = clock.instant().minus(KEPT);
    for (SilenceEntry entry : table.all()) {
      if (entry.endsAt().isBefore(before)) {
        boolean ignored =
            table.locked(
                entry.key().tenant(),
                () -> {
                  table.remove(entry.key());
                  return true;
                });
      }
    }
  }
}
