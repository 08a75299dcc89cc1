package io.tidegrid.node;

import io.tidegrid.alert.EvaluationOptions;
import io.tidegrid.alerting.AlertCenterOptions;
import io.tidegrid.events.EventOptions;
import io.tidegrid.http.WebSocketOptions;
import io.tidegrid.ingest.EventLimits;
import io.tidegrid.ingest.IngestOptions;
import io.tidegrid.query.QueryOptions;
import io.tidegrid.rollup.RollupOptions;
import io.tidegrid.store.ReloadOptions;
import io.tidegrid.tier.Tier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The configuration of a node, complete and checked. Immutable.
 *
 * <pre>{@code
 * NodeConfig config = NodeConfig.builder().set("http.port", "0").set("storage", "memory").build();
 * }</pre>
 *
 * <p>{@link ConfigKeys} lists the keys. Where several sources set one, the builder's {@code set}
 * wins over the environment, that over the file, that over the default.
 */
public final class NodeConfig {

  /** Of the heap: a cache of 256 MiB was too small for a million series, which is no rare node. */
  private static final int SERIES_CACHE_SHARE = 10;

  /** The same for ids of events: 3 million of them for each GiB of heap. */
  private static final int EVENT_IDS_SHARE = 20;

  /** Where a value came from, the weakest first. */
  enum Origin {
    DEFAULT,
    FILE,
    ENVIRONMENT,
    FLAG
  }

  /**
   * A value and its story.
   *
   * @param value the parsed value; null when a key has neither value nor default
   * @param text as it was written
   * @param source the flag, variable, or file and line it was written in
   */
  record Setting(Object value, String text, Origin origin, String source) {}

  private final Map<String, Setting> settings;
  private final StorageMode storage;
  private final List<String> warnings;

  NodeConfig(Map<String, Setting> settings, StorageMode storage, List<String> warnings) {
    this.settings = new LinkedHashMap<>(settings);
    this.storage = storage;
    this.warnings = List.copyOf(warnings);
  }

  /** Returns a builder that knows only the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the address that the HTTP API listens on. */
  public String httpHost() {
    return get(ConfigKeys.HTTP_HOST);
  }

  /** Returns the port of the HTTP API; 0 for a free one. */
  public int httpPort() {
    return get(ConfigKeys.HTTP_PORT);
  }

  /** Returns the largest request body as sent, in bytes. */
  public long httpMaxBody() {
    return get(ConfigKeys.HTTP_MAX_BODY);
  }

  /** Returns the largest request body after decompression, in bytes. */
  public long httpMaxDecompressed() {
    return get(ConfigKeys.HTTP_MAX_DECOMPRESSED);
  }

  /** Returns the most HTTP connections open at once. */
  public int httpMaxConnections() {
    return get(ConfigKeys.HTTP_MAX_CONNECTIONS);
  }

  /** Returns how long an HTTP connection may stay without traffic. */
  public Duration httpIdleTimeout() {
    return get(ConfigKeys.HTTP_IDLE_TIMEOUT);
  }

  /** Returns the most bytes of all request bodies held at one time, with 0 worked out. */
  public long httpMaxBuffered() {
    long said = get(ConfigKeys.HTTP_MAX_BUFFERED);
    return said == 0 ? Math.max(256L << 20, Runtime.getRuntime().maxMemory() / 4) : said;
  }

  /** Returns the bytes from which on answers may be compressed; 0 for never. */
  public int httpGzipFrom() {
    return Math.toIntExact(get(ConfigKeys.HTTP_GZIP_FROM));
  }

  /** Returns the origins that browsers may call from; {@code *} for all, empty for none. */
  public List<String> httpCorsOrigins() {
    return get(ConfigKeys.HTTP_CORS_ORIGINS);
  }

  /** Returns the address that other members reach this one at. */
  public String gridHost() {
    return get(ConfigKeys.GRID_HOST);
  }

  /** Returns the port for other members; 0 for a free one. */
  public int gridPort() {
    return get(ConfigKeys.GRID_PORT);
  }

  /** Returns the members to join, each {@code host:port}; empty to start a cluster. */
  public List<String> gridJoin() {
    return get(ConfigKeys.GRID_JOIN);
  }

  /** Returns the name that all members of a cluster share. */
  public String gridClusterName() {
    return get(ConfigKeys.GRID_CLUSTER_NAME);
  }

  /** Returns the number of shards of a cluster. */
  public int gridShards() {
    return get(ConfigKeys.GRID_SHARDS);
  }

  /** Returns the number of synchronous copies of each shard on other members. */
  public int gridBackupCount() {
    return get(ConfigKeys.GRID_BACKUP_COUNT);
  }

  /**
   * Returns where samples are kept beside memory; {@link StorageMode#DATABASE} exactly when {@link
   * #databaseUrl} is present.
   */
  public StorageMode storage() {
    return storage;
  }

  /** Returns the port of the embedded PostgreSQL; 0 for a free one. */
  public int storageEmbeddedPort() {
    return get(ConfigKeys.STORAGE_EMBEDDED_PORT);
  }

  /**
   * Returns the password that the user of the embedded PostgreSQL shall have; empty to leave it. A
   * secret.
   */
  public Optional<String> storageEmbeddedPassword() {
    return find(ConfigKeys.STORAGE_EMBEDDED_PASSWORD);
  }

  /** Returns the directory for everything on disk; may be relative, need not exist. */
  public Path dataDir() {
    return get(ConfigKeys.DATA_DIR);
  }

  /** Returns the JDBC URL of the database, without user and password. */
  public Optional<String> databaseUrl() {
    return database().map(DatabaseUrl::jdbcUrl);
  }

  /** Returns the database user; empty when the driver's default is meant. */
  public Optional<String> databaseUser() {
    return find(ConfigKeys.DATABASE_USER).or(() -> database().flatMap(DatabaseUrl::user));
  }

  /** Returns the password of the database user. A secret. */
  public Optional<String> databasePassword() {
    return find(ConfigKeys.DATABASE_PASSWORD).or(() -> database().flatMap(DatabaseUrl::password));
  }

  /** Returns the most connections to the database. */
  public int databasePoolSize() {
    return get(ConfigKeys.DATABASE_POOL_SIZE);
  }

  /** Returns after how long the database gives up a statement. */
  public Duration databaseStatementTimeout() {
    return get(ConfigKeys.DATABASE_STATEMENT_TIMEOUT);
  }

  /** Returns how far back memory holds samples. */
  public Duration memoryRetention() {
    return get(ConfigKeys.MEMORY_RETENTION);
  }

  /** Returns the most bytes of heap that shards may take; 0 for a share of the heap. */
  public long memoryMax() {
    return get(ConfigKeys.MEMORY_MAX);
  }

  /** Returns when blocks that memory gave up are read back from the database. */
  public ReloadOptions reloadOptions() {
    return new ReloadOptions(
        get(ConfigKeys.MEMORY_RELOAD_ASKS), get(ConfigKeys.MEMORY_RELOAD_WINDOW));
  }

  private long seriesCacheBytes() {
    long bytes = get(ConfigKeys.INGEST_SERIES_CACHE);
    return bytes == 0 ? Runtime.getRuntime().maxMemory() / SERIES_CACHE_SHARE : bytes;
  }

  /** Returns the limits of ingest. */
  public IngestOptions ingestOptions() {
    return new IngestOptions(
        get(ConfigKeys.INGEST_ACK),
        get(ConfigKeys.INGEST_MAX_FUTURE),
        get(ConfigKeys.INGEST_MAX_LABELS),
        Math.toIntExact(get(ConfigKeys.INGEST_MAX_NAME)),
        Math.toIntExact(get(ConfigKeys.INGEST_MAX_VALUE)),
        httpMaxDecompressed(),
        seriesCacheBytes());
  }

  /** Returns the limits of queries, with the number of threads worked out. */
  public QueryOptions queryOptions() {
    int threads = get(ConfigKeys.QUERY_THREADS);
    return new QueryOptions(
        get(ConfigKeys.QUERY_TIMEOUT),
        get(ConfigKeys.QUERY_MAX_SAMPLES),
        get(ConfigKeys.QUERY_MAX_SERIES),
        QueryOptions.DEFAULT_MAX_BUCKETS,
        get(ConfigKeys.QUERY_ROLLUP_CACHE),
        threads == 0 ? Math.max(2, Runtime.getRuntime().availableProcessors()) : threads);
  }

  /** Returns the limits of WebSocket streams. */
  public WebSocketOptions webSocketOptions() {
    return new WebSocketOptions(
        get(ConfigKeys.WEBSOCKET_MAX_CONNECTIONS),
        get(ConfigKeys.WEBSOCKET_HEARTBEAT),
        get(ConfigKeys.WEBSOCKET_QUEUE_MESSAGES),
        get(ConfigKeys.WEBSOCKET_QUEUE_BYTES),
        get(ConfigKeys.WEBSOCKET_MAX_SUBSCRIPTIONS),
        Math.toIntExact(get(ConfigKeys.WEBSOCKET_MAX_MESSAGE)));
  }

  /** Returns the most bytes that may wait for the database. */
  public long persistMaxPending() {
    return get(ConfigKeys.PERSIST_MAX_PENDING);
  }

  /** Returns the longest time that data may wait for the database. */
  public Duration persistMaxPendingAge() {
    return get(ConfigKeys.PERSIST_MAX_PENDING_AGE);
  }

  /** Returns how long written data is gathered before it goes to the database. */
  public Duration persistWriteDelay() {
    return get(ConfigKeys.PERSIST_WRITE_DELAY);
  }

  /** Returns how long a durable write waits for its commit. */
  public Duration persistCommitTimeout() {
    return get(ConfigKeys.PERSIST_COMMIT_TIMEOUT);
  }

  /** Returns how long after its end a block is compacted. */
  public Duration compactionDelay() {
    return get(ConfigKeys.COMPACTION_DELAY);
  }

  /** Returns the most of its time that a member spends on compaction, in percent. */
  public int compactionShare() {
    return get(ConfigKeys.COMPACTION_SHARE);
  }

  /** Returns how long the database keeps samples; zero for ever. */
  public Duration retentionRaw() {
    return get(ConfigKeys.RETENTION_RAW);
  }

  /**
   * Returns how long the database keeps the windows of a tier; zero for ever.
   *
   * @param tier any
   */
  public Duration retention(Tier tier) {
    return get(
        switch (tier) {
          case ONE_MINUTE -> ConfigKeys.RETENTION_1M;
          case FIVE_MINUTES -> ConfigKeys.RETENTION_5M;
          case ONE_HOUR -> ConfigKeys.RETENTION_1H;
          case ONE_DAY -> ConfigKeys.RETENTION_1D;
        });
  }

  /**
   * Returns how long the database keeps the samples of the tenants that do not go by {@link
   * #retentionRaw}; zero for ever.
   */
  public Map<String, Duration> retentionTenants() {
    return get(ConfigKeys.RETENTION_TENANTS);
  }

  /** Returns whether windows are computed ahead and stored: said so, and there is a database. */
  public boolean rollupEnabled() {
    return get(ConfigKeys.ROLLUP_ENABLED) && storage != StorageMode.MEMORY;
  }

  /** Returns when windows are computed. */
  public RollupOptions rollupOptions() {
    return RollupOptions.DEFAULT.with(get(ConfigKeys.ROLLUP_GRACE), get(ConfigKeys.ROLLUP_QUIET));
  }

  /** Returns the most bytes of computed windows that may wait for the database. */
  public long rollupMaxPending() {
    return get(ConfigKeys.ROLLUP_MAX_PENDING);
  }

  /** Returns how alerts are kept and sent. */
  public AlertCenterOptions alertCenterOptions() {
    return new AlertCenterOptions(
        get(AlertConfigKeys.MAX_RULES),
        get(AlertConfigKeys.MAX_SILENCES),
        find(AlertConfigKeys.WEBHOOK_URL),
        find(AlertConfigKeys.ALERTMANAGER_URL),
        get(AlertConfigKeys.RESEND_INTERVAL),
        get(AlertConfigKeys.NOTIFY_TIMEOUT));
  }

  /** Returns how alerts are evaluated. */
  public EvaluationOptions evaluationOptions() {
    EvaluationOptions base = EvaluationOptions.DEFAULT;
    return new EvaluationOptions(
        get(AlertConfigKeys.STALE_AFTER),
        base.resolvedKept(),
        base.maxWaitingSamples(),
        get(AlertConfigKeys.MAX_WINDOW_MEMORY));
  }

  /** Returns how long the database keeps alerts that ended; zero for ever. */
  public Duration retentionAlerts() {
    return get(AlertConfigKeys.RETENTION_ALERTS);
  }

  /** Returns the limits of memory for events, with 0 worked out. */
  public EventOptions eventOptions() {
    long dedup = get(EventConfigKeys.DEDUP_MEMORY);
    return new EventOptions(
        get(EventConfigKeys.DEDUP_WINDOW),
        dedup == 0 ? Runtime.getRuntime().maxMemory() / EVENT_IDS_SHARE : dedup,
        get(ConfigKeys.INGEST_MAX_FUTURE),
        memoryRetention(),
        get(EventConfigKeys.MEMORY_MAX));
  }

  /** Returns what an event may hold. */
  public EventLimits eventLimits() {
    return new EventLimits(
        get(EventConfigKeys.MAX_ID),
        get(EventConfigKeys.MAX_METRICS),
        get(EventConfigKeys.MAX_TAGS),
        get(EventConfigKeys.MAX_TAG),
        get(EventConfigKeys.MAX_BATCH));
  }

  /** Returns the most events that an answer may hold. */
  public int eventsMaxLimit() {
    return get(EventConfigKeys.MAX_LIMIT);
  }

  /** Returns the most bytes of events that may wait for the database. */
  public long eventsMaxPending() {
    return get(EventConfigKeys.MAX_PENDING);
  }

  /** Returns how long the database keeps events; zero for ever. */
  public Duration retentionEvents() {
    return get(EventConfigKeys.RETENTION);
  }

  /** Returns who may use the HTTP API; empty: everybody, on a loopback address. */
  public Optional<SecurityMode> securityMode() {
    return find(ConfigKeys.SECURITY_MODE);
  }

  /** Returns how long a node that is told to stop may take. */
  public Duration shutdownGrace() {
    return get(ConfigKeys.SHUTDOWN_GRACE);
  }

  /** Returns how log lines look. */
  public LogFormat logFormat() {
    return get(ConfigKeys.LOG_FORMAT);
  }

  /** Returns the least important messages that are logged. */
  public LogLevel logLevel() {
    return get(ConfigKeys.LOG_LEVEL);
  }

  /** Returns what is odd but usable, for the log: unknown variables, settings without effect. */
  public List<String> warnings() {
    return warnings;
  }

  /**
   * Returns every key with its value and where it was set, one line each, in YAML that a
   * configuration file may hold. Secrets are hidden.
   */
  public String describe() {
    StringBuilder text = new StringBuilder();
    for (ConfigKey<?> key : ConfigKeys.all()) {
      String shown = shown(key);
      text.append(key.name()).append(": ").append(shown);
      text.append(" ".repeat(Math.max(1, 48 - key.name().length() - shown.length())));
      text.append("# ").append(source(key)).append('\n');
    }
    return text.toString();
  }

  /** Never shows secrets. */
  @Override
  public String toString() {
    return describe();
  }

  private String shown(ConfigKey<?> key) {
    Optional<String> value;
    if (key.equals(ConfigKeys.STORAGE)) {
      value = Optional.of(storage.name().toLowerCase(Locale.ROOT));
    } else if (key.equals(ConfigKeys.DATABASE_URL)) {
      value = databaseUrl();
    } else if (key.equals(ConfigKeys.DATABASE_USER)) {
      value = databaseUser();
    } else if (key.equals(ConfigKeys.DATABASE_PASSWORD)) {
      value = databasePassword().map(password -> "\"***\"");
    } else if (key.equals(ConfigKeys.STORAGE_EMBEDDED_PASSWORD)) {
      value = storageEmbeddedPassword().map(password -> "\"***\"");
    } else if (key.secret()) {
      value =
          Optional.of(settings.get(key.name()).text()).map(text -> text.isEmpty() ? "" : "\"***\"");
    } else {
      value = Optional.of(settings.get(key.name()).text());
    }
    return value.filter(text -> !text.isEmpty()).orElse("\"\"");
  }

  /** What the database's URL says of other keys comes from where the URL was written. */
  private String source(ConfigKey<?> key) {
    boolean ofUrl =
        key.equals(ConfigKeys.STORAGE)
            || (key.equals(ConfigKeys.DATABASE_USER) && databaseUser().isPresent())
            || (key.equals(ConfigKeys.DATABASE_PASSWORD) && databasePassword().isPresent());
    Setting own = settings.get(key.name());
    boolean silent = own.origin() == Origin.DEFAULT;
    return storage == StorageMode.DATABASE && ofUrl && silent
        ? settings.get(ConfigKeys.DATABASE_URL.name()).source()
        : own.source();
  }

  private Optional<DatabaseUrl> database() {
    return storage == StorageMode.DATABASE ? find(ConfigKeys.DATABASE_URL) : Optional.empty();
  }

  private <T> T get(ConfigKey<T> key) {
    return find(key).orElseThrow();
  }

  // The builder parsed the value with the key's own type.
  @SuppressWarnings("unchecked")
  private <T> Optional<T> find(ConfigKey<T> key) {
    return Optional.ofNullable((T) settings.get(key.name()).value());
  }

  /** Gathers settings. Not safe for use by many threads. */
  public static final class Builder {

    private final List<ConfigReader.Written> flags = new ArrayList<>();
    private Map<String, String> environment = Map.of();
    private Optional<Path> file = Optional.empty();

    private Builder() {}

    /**
     * Sets a key to what one would write in a file. Later calls win.
     *
     * @param value an empty one leaves the key to the weaker sources
     */
    public Builder set(String key, String value) {
      return set(key, value, "set(\"" + key + "\")");
    }

    /** Sets a key, naming in messages where the value was written, such as {@code --http-port}. */
    public Builder set(String key, String value, String source) {
      flags.add(new ConfigReader.Written(key, value, Origin.FLAG, source));
      return this;
    }

    /** Takes the variables that concern a node, such as those of {@link System#getenv()}. */
    public Builder environment(Map<String, String> variables) {
      environment = Map.copyOf(variables);
      return this;
    }

    /** Takes a YAML file. */
    public Builder file(Path yaml) {
      file = Optional.of(yaml);
      return this;
    }

    /**
     * Reads all sources and checks them.
     *
     * @throws ConfigException naming every problem
     */
    public NodeConfig build() {
      return ConfigReader.read(file, environment, flags);
    }
  }
}
