package io.tidegrid.grid;

/** The names of the distributed maps and executors. */
public final class GridNames {

  /** Shard number to shard: directory and open blocks. */
  public static final String SHARDS = "shards";

  /** {@link JournalKey} to {@link JournalBatch}: exactly what is not yet committed. */
  public static final String JOURNAL = "journal";

  /** {@link RollupKey} to {@link RollupBlock}: computed figures on their way to the database. */
  public static final String ROLLUPS = "rollups";

  /** {@link JournalKey} to {@link EventBatch}: accepted events that are not yet committed. */
  public static final String EVENTS = "events";

  /** Shard number to the ids of events that its devices sent. */
  public static final String EVENT_IDS = "event-ids";

  /** The executor on which members look through their events. */
  public static final String EVENT_EXECUTOR = "events";

  /** Tenant and metric to its metadata. */
  public static final String METADATA = "metadata";

  /** Tenant and rule id to rule. */
  public static final String RULES = "rules";

  /** Tenant and silence id to silence. */
  public static final String SILENCES = "silences";

  /** Shard, tenant, rule and fingerprint to how that alert stands. */
  public static final String ALERT_STATE = "alert-state";

  /** Instances of alerts on their way to the database. */
  public static final String ALERT_HISTORY = "alert-history";

  /** Of which shards the map of states holds all, by a key of the shard without a rule. */
  public static final String ALERT_SHARDS = "alert-shards";

  /** The ring of announcements. */
  public static final String ALERT_EVENTS = "alert-events";

  /** What of alerts is loaded, and the name of the ring, in the partition of the ring itself. */
  public static final String ALERT_META = "alert-meta";

  /** Which rule was registered for what a client asked for, a short while ago. */
  public static final String RULE_REGISTRATIONS = "rule-registrations";

  /** The executor on which members tell each other of rules and silences. */
  public static final String ALERT_EXECUTOR = "alerting";

  /** The executor on which members answer each other's queries. */
  public static final String QUERY_EXECUTOR = "query";

  private GridNames() {}
}
