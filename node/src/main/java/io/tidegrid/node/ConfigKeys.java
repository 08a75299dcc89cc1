package io.tidegrid.node;

import io.tidegrid.ingest.Ack;
import io.tidegrid.model.NearestName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Every setting of a node, in the order in which documentation shows them. The configuration file,
 * the environment, the flags and the documentation all follow from this one list.
 */
public final class ConfigKeys {

  private static final Map<String, ConfigKey<?>> BY_NAME = new LinkedHashMap<>();

  private static final Duration ZERO = Duration.ZERO;
  private static final Duration MS = Duration.ofMillis(1);
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration YEAR = Duration.ofDays(365);
  private static final long KIB = 1L << 10;
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final long TIB = 1L << 40;

  static final ConfigKey<String> HTTP_HOST =
      key(
          "http.host",
          ConfigType.TEXT,
          "127.0.0.1",
          "Address that the HTTP API listens on. Any other than a loopback address needs"
              + " `security.mode` to be set.");
  static final ConfigKey<Integer> HTTP_PORT =
      key(
          "http.port",
          ConfigType.integer(0, 65_535),
          "8000",
          "TCP port of the HTTP API. 0 takes a free one.");
  static final ConfigKey<Long> HTTP_MAX_BODY =
      key(
          "http.max-body",
          ConfigType.size(KIB, GIB),
          "32MiB",
          "Largest request body as sent. A larger one is answered with 413.");
  static final ConfigKey<Long> HTTP_MAX_DECOMPRESSED =
      key(
          "http.max-decompressed",
          ConfigType.size(KIB, GIB),
          "128MiB",
          "Largest request body after decompression. A larger one is answered with 413.");
  static final ConfigKey<Integer> HTTP_MAX_CONNECTIONS =
      key(
          "http.max-connections",
          ConfigType.integer(1, 1_000_000),
          "10000",
          "Most HTTP connections open at once; further ones are refused.");
  static final ConfigKey<Duration> HTTP_IDLE_TIMEOUT =
      key(
          "http.idle-timeout",
          ConfigType.duration(Duration.ofSeconds(1), DAY),
          "5m",
          "A connection without traffic for this long is closed.");

  static final ConfigKey<Long> HTTP_MAX_BUFFERED =
      key(
          "http.max-buffered",
          ConfigType.size(0, TIB),
          "0",
          "Most bytes of all request bodies held at one time; beyond it, requests with a body are"
              + " answered with 503 and Retry-After. 0: a quarter of the heap, at least 256MiB.");
  static final ConfigKey<Long> HTTP_GZIP_FROM =
      key(
          "http.gzip-from",
          ConfigType.size(0, GIB),
          "128KiB",
          "Answers of at least this size are compressed for clients that accept gzip; smaller ones"
              + " are sent sooner than compressed. 0: never.");
  static final ConfigKey<List<String>> HTTP_CORS_ORIGINS =
      key(
          "http.cors-origins",
          ConfigType.list(
              "list",
              "origins such as https://app.example, separated by commas",
              Addresses::origin),
          "",
          "Origins that browsers may call the API from, `https://app.example,…`; `*` for all."
              + " Empty: none.");

  static final ConfigKey<Integer> WEBSOCKET_MAX_CONNECTIONS =
      key(
          "websocket.max-connections",
          ConfigType.integer(0, 1_000_000),
          "1000",
          "Most streams open at once, WebSockets and server-sent events, within"
              + " `http.max-connections`; further ones are answered with 503.");
  static final ConfigKey<Duration> WEBSOCKET_HEARTBEAT =
      key(
          "websocket.heartbeat",
          ConfigType.duration(Duration.ofMillis(100), Duration.ofHours(1)),
          "30s",
          "How often the client of a stream is pinged, at most half of `http.idle-timeout`. One"
              + " that reads nothing, or answers no ping, for three times as long is cut.");
  static final ConfigKey<Integer> WEBSOCKET_QUEUE_MESSAGES =
      key(
          "websocket.queue-messages",
          ConfigType.integer(1, 10_000_000),
          "10000",
          "Most samples that wait for one client. Beyond it only the newest sample of each series"
              + " is kept until the client has caught up, and the client is told how many were"
              + " dropped.");
  static final ConfigKey<Long> WEBSOCKET_QUEUE_BYTES =
      key(
          "websocket.queue-bytes",
          ConfigType.size(KIB, GIB),
          "512KiB",
          "The same in bytes of JSON.");
  static final ConfigKey<Integer> WEBSOCKET_MAX_SUBSCRIPTIONS =
      key(
          "websocket.max-subscriptions",
          ConfigType.integer(1, 100_000),
          "100",
          "Most subscriptions of one stream; a further one is answered with an error message.");
  static final ConfigKey<Long> WEBSOCKET_MAX_MESSAGE =
      key(
          "websocket.max-message",
          ConfigType.size(KIB, 16 * MIB),
          "64KiB",
          "Largest message that the client of a stream may send; a larger one closes the stream.");

  static final ConfigKey<String> GRID_HOST =
      key(
          "grid.host",
          ConfigType.TEXT,
          "127.0.0.1",
          "Address that other members reach this one at. The grid port knows neither encryption"
              + " nor a login: never let it be reached from outside the cluster's own network.");
  static final ConfigKey<Integer> GRID_PORT =
      key(
          "grid.port",
          ConfigType.integer(0, 65_535),
          "5701",
          "TCP port for other members. 0 takes a free one.");
  static final ConfigKey<List<String>> GRID_JOIN =
      key(
          "grid.join",
          ConfigType.list("list", "host:port, separated by commas", Addresses::hostAndPort),
          "",
          "Members to join, `host:port,host:port`; without a port 5701 is meant. Empty: start a"
              + " cluster of one's own. Needs `database.url` or `storage: memory`.");
  static final ConfigKey<String> GRID_CLUSTER_NAME =
      key(
          "grid.cluster-name",
          ConfigType.TEXT,
          "tidegrid",
          "Members form a cluster only with members of the same cluster name.");
  static final ConfigKey<Integer> GRID_SHARDS =
      key(
          "grid.shards",
          ConfigType.integer(1, 1_024),
          "64",
          "Number of shards the series are spread over. The same on all members and fixed while a"
              + " cluster lives. More shards spread over more cores and members and cost more for"
              + " each request.");
  static final ConfigKey<Integer> GRID_BACKUP_COUNT =
      key(
          "grid.backup-count",
          ConfigType.integer(0, 6),
          "1",
          "Copies of each shard on other members, kept before a write is acknowledged. A cluster"
              + " survives the loss of that many members at once.");

  static final ConfigKey<StorageMode> STORAGE =
      key(
          "storage",
          ConfigType.choice(StorageMode.class),
          "embedded",
          "Where samples are kept beside memory. `embedded`: a PostgreSQL that the node runs in"
              + " its data directory. `database`: the one named by `database.url`, which implies"
              + " it. `memory`: nowhere; samples older than `memory.retention` are gone.");
  static final ConfigKey<Integer> STORAGE_EMBEDDED_PORT =
      key(
          "storage.embedded.port",
          ConfigType.integer(0, 65_535),
          "0",
          "Loopback port of the embedded PostgreSQL. 0 takes a free one.");
  static final ConfigKey<String> STORAGE_EMBEDDED_PASSWORD =
      secret(
          "storage.embedded.password",
          ConfigType.TEXT,
          "Password of the user `postgres` of the embedded PostgreSQL, taken over at each start."
              + " Not set: the one it has; at first a generated one. Either way it is in"
              + " `postgres.password` in the data directory. Better given by"
              + " `TIDEGRID_STORAGE_EMBEDDED_PASSWORD_FILE`.");
  static final ConfigKey<Path> DATA_DIR =
      key(
          "data-dir",
          ConfigType.of("path", "a path of a directory", Addresses::path),
          "./data",
          "Directory of the embedded PostgreSQL and everything else the node keeps on disk."
              + " Relative to the directory the node is started in.");

  static final ConfigKey<DatabaseUrl> DATABASE_URL =
      secret(
          "database.url",
          ConfigType.of(
              "URL",
              "jdbc:postgresql://host:port/database or postgresql://user:password@host/database",
              DatabaseUrl::parse),
          "PostgreSQL 14 or newer, TimescaleDB or not: `jdbc:postgresql://host:port/database` or"
              + " `postgresql://user:password@host:port/database`, with driver options after `?`."
              + " Shared by all members of a cluster.");
  static final ConfigKey<String> DATABASE_USER =
      key("database.user", ConfigType.TEXT, "", "Database user; wins over one in the URL.");
  static final ConfigKey<String> DATABASE_PASSWORD =
      secret(
          "database.password",
          ConfigType.TEXT,
          "Password of the database user; wins over one in the URL. Better given by"
              + " `TIDEGRID_DATABASE_PASSWORD_FILE`.");
  static final ConfigKey<Integer> DATABASE_POOL_SIZE =
      key(
          "database.pool-size",
          ConfigType.integer(3, 500),
          "20",
          "Most connections to the database, per member.");

  static final ConfigKey<Duration> DATABASE_STATEMENT_TIMEOUT =
      key(
          "database.statement-timeout",
          ConfigType.duration(Duration.ofSeconds(1), DAY),
          "60s",
          "After this long the database gives up a statement.");

  static final ConfigKey<Duration> MEMORY_RETENTION =
      key(
          "memory.retention",
          ConfigType.duration(Duration.ofMinutes(1), YEAR),
          "3d",
          "How far back memory holds samples. Older ones are read from the database; with"
              + " `storage: memory` they are gone, and writing them is refused.");

  static final ConfigKey<Long> MEMORY_MAX =
      key(
          "memory.max",
          ConfigType.size(0, TIB),
          "0",
          "Most heap that samples and series may take on a member, its copies of other members'"
              + " data included. Above it the oldest blocks leave memory before"
              + " `memory.retention`, as soon as they are committed. 0: 45 % of the maximum heap.");

  static final ConfigKey<Integer> MEMORY_RELOAD_ASKS =
      key(
          "memory.reload.asks",
          ConfigType.integer(0, 1_000),
          "4",
          "So many queries within `memory.reload.window` for samples of the same two hours and"
              + " shard, which only the database has, bring these back into memory, if there is"
              + " room. 0: never.");

  static final ConfigKey<Duration> MEMORY_RELOAD_WINDOW =
      key(
          "memory.reload.window",
          ConfigType.duration(Duration.ofSeconds(1), DAY),
          "5m",
          "How long a query counts for `memory.reload.asks`.");

  static final ConfigKey<Ack> INGEST_ACK =
      key(
          "ingest.ack",
          ConfigType.choice(Ack.class),
          "replicated",
          "What a write waits for. `replicated`: the owner and its backups hold it. `durable`:"
              + " the database has committed it. The request header `X-Tidegrid-Ack` overrides"
              + " it.");
  static final ConfigKey<Duration> INGEST_MAX_FUTURE =
      key(
          "ingest.max-future",
          ConfigType.duration(ZERO, YEAR),
          "10m",
          "How far after now the time of a sample may lie.");
  static final ConfigKey<Integer> INGEST_MAX_LABELS =
      key(
          "ingest.max-labels",
          ConfigType.integer(1, 1_024),
          "64",
          "Most labels of a series, the metric name not counted.");
  static final ConfigKey<Long> INGEST_MAX_NAME =
      key(
          "ingest.max-name",
          ConfigType.size(1, 64 * KIB),
          "512B",
          "Longest metric or label name, in bytes of UTF-8.");
  static final ConfigKey<Long> INGEST_MAX_VALUE =
      key(
          "ingest.max-value",
          ConfigType.size(1, 64 * KIB),
          "4KiB",
          "Longest label value, in bytes of UTF-8.");
  static final ConfigKey<Long> INGEST_SERIES_CACHE =
      key(
          "ingest.series-cache",
          ConfigType.size(0, TIB),
          "0",
          "Memory for recognizing series that were seen before, per member: about 300 bytes a"
              + " series that is written to. With less each sample of the others has its labels"
              + " parsed and looked up again. 0: 10 % of the maximum heap.");

  static final ConfigKey<Duration> QUERY_TIMEOUT =
      key(
          "query.timeout",
          ConfigType.duration(MS, DAY),
          "30s",
          "Longest time a query may take; then it is answered with 503. Also how long the body of a"
              + " request may take to arrive.");
  static final ConfigKey<Long> QUERY_MAX_SAMPLES =
      key(
          "query.max-samples",
          ConfigType.number(1, 1_000_000_000_000L),
          "50000000",
          "Most samples a query may read; one that needs more is answered with 422.");
  static final ConfigKey<Integer> QUERY_MAX_SERIES =
      key(
          "query.max-series",
          ConfigType.integer(1, 1_000_000_000),
          "1000000",
          "Most series a query may touch; one that needs more is answered with 422.");
  static final ConfigKey<Long> QUERY_ROLLUP_CACHE =
      key(
          "query.rollup-cache",
          ConfigType.size(0, TIB),
          "64MiB",
          "Memory for stored windows of an hour that were read lately, per member, so that a"
              + " dashboard that asks again does not have the database read them again: about 2.5"
              + " KiB a series and day. 0: none.");
  static final ConfigKey<Integer> QUERY_THREADS =
      key(
          "query.threads",
          ConfigType.integer(0, 1_024),
          "0",
          "Threads that read shards, per member. 0: as many as CPUs, at least 2.");

  static final ConfigKey<Long> PERSIST_MAX_PENDING =
      key(
          "persist.max-pending",
          ConfigType.size(MIB, TIB),
          "512MiB",
          "Most bytes a member holds that the database has not committed; at the bound, writes"
              + " are answered with 503 and Retry-After.");
  static final ConfigKey<Duration> PERSIST_MAX_PENDING_AGE =
      key(
          "persist.max-pending-age",
          ConfigType.duration(Duration.ofSeconds(1), YEAR),
          "1d",
          "Longest time that data may wait for the database; when the oldest waits longer, writes"
              + " are answered with 503 and Retry-After.");
  static final ConfigKey<Duration> PERSIST_WRITE_DELAY =
      key(
          "persist.write-delay",
          ConfigType.duration(Duration.ofSeconds(1), Duration.ofMinutes(1)),
          "1s",
          "How long written data is gathered before it goes to the database, in whole seconds. On"
              + " the loss of a lone node at most about this much more than a commit takes is"
              + " lost, unless writes wait for `durable`.");

  static final ConfigKey<Duration> PERSIST_COMMIT_TIMEOUT =
      key(
          "persist.commit-timeout",
          ConfigType.duration(MS, DAY),
          "5s",
          "How long a write that asked for `durable` waits for its commit; then it is answered with"
              + " 503 and committed later.");

  static final ConfigKey<Duration> COMPACTION_DELAY =
      key(
          "compaction.delay",
          ConfigType.duration(ZERO, DAY),
          "15m",
          "How long after the end of a block of two hours its samples are compacted in the"
              + " database. Samples that come later are folded in after a third of it.");
  static final ConfigKey<Integer> COMPACTION_SHARE =
      key(
          "compaction.share",
          ConfigType.integer(1, 100),
          "50",
          "Most of its time, in percent, that a member spends compacting, on one connection; a"
              + " tenth of it while writers are held back because the database is slow.");

  static final ConfigKey<Boolean> ROLLUP_ENABLED =
      key(
          "rollup.enabled",
          ConfigType.BOOLEAN,
          "true",
          "Whether this member computes windows of 1m, 5m, 1h and 1d ahead and stores them. Without"
              + " them long ranges are computed from samples when they are asked for. Nothing is"
              + " stored with `storage: memory`.");
  static final ConfigKey<Duration> ROLLUP_GRACE =
      key(
          "rollup.grace",
          ConfigType.duration(ZERO, DAY),
          "30s",
          "How long after the end of a block of two hours its windows are computed and stored; the"
              + " shards take turns over the minute that follows. Until then they are computed when"
              + " they are asked for, so answers do not depend on it.");
  static final ConfigKey<Duration> ROLLUP_QUIET =
      key(
          "rollup.quiet",
          ConfigType.duration(MS, Duration.ofMinutes(15)),
          "5s",
          "How long a block that samples came late to must be quiet before its windows are computed"
              + " anew. Doubled, up to 15m, each time the same block is.");
  static final ConfigKey<Long> ROLLUP_MAX_PENDING =
      key(
          "rollup.max-pending",
          ConfigType.size(MIB, TIB),
          "64MiB",
          "Most bytes of computed windows a member holds that the database has not committed; at"
              + " the bound, computing waits.");

  static final ConfigKey<Duration> RETENTION_RAW =
      key(
          "retention.raw",
          ConfigType.duration(ZERO, Duration.ofDays(36_500)),
          "30d",
          "How long the database keeps samples. A day goes when both its end and the last write"
              + " to it are older. 0: for ever.");

  static final ConfigKey<Duration> RETENTION_1M =
      key(
          "retention.1m",
          ConfigType.duration(ZERO, Duration.ofDays(36_500)),
          "90d",
          "How long the database keeps windows of one minute. 0: for ever.");
  static final ConfigKey<Duration> RETENTION_5M =
      key(
          "retention.5m",
          ConfigType.duration(ZERO, Duration.ofDays(36_500)),
          "90d",
          "How long the database keeps windows of five minutes. 0: for ever.");
  static final ConfigKey<Duration> RETENTION_1H =
      key(
          "retention.1h",
          ConfigType.duration(ZERO, Duration.ofDays(36_500)),
          "0",
          "How long the database keeps windows of one hour. 0: for ever.");
  static final ConfigKey<Duration> RETENTION_1D =
      key(
          "retention.1d",
          ConfigType.duration(ZERO, Duration.ofDays(36_500)),
          "0",
          "How long the database keeps windows of one day. 0: for ever.");
  static final ConfigKey<Map<String, Duration>> RETENTION_TENANTS =
      key(
          "retention.tenants",
          ConfigType.of(
              "list",
              "tenant=duration, separated by commas, each tenant once, such as acme=90d,beta=7d",
              TenantDurations::parse),
          "",
          "How long the database keeps samples of single tenants instead of `retention.raw`:"
              + " `acme=90d,beta=7d`. 0: for ever. Empty: all alike.");

  static {
    AlertConfigKeys.register();
    EventConfigKeys.register();
  }

  static final ConfigKey<SecurityMode> SECURITY_MODE =
      key(
          "security.mode",
          ConfigType.choice(SecurityMode.class),
          "",
          "Who may use the HTTP API. `none`: everybody who reaches the port. Not set: as `none`,"
              + " but `http.host` must be a loopback address.");

  static final ConfigKey<Duration> SHUTDOWN_GRACE =
      key(
          "shutdown.grace",
          ConfigType.duration(ZERO, DAY),
          "60s",
          "How long a node that is told to stop waits for running requests and for the database"
              + " to take what is not committed.");

  static final ConfigKey<LogFormat> LOG_FORMAT =
      key(
          "log.format",
          ConfigType.choice(LogFormat.class),
          "console",
          "`console`: short lines for people. `json`: one object a line.");
  static final ConfigKey<LogLevel> LOG_LEVEL =
      key(
          "log.level",
          ConfigType.choice(LogLevel.class),
          "info",
          "The least important messages that are logged.");

  private ConfigKeys() {}

  /** Returns every key, in the order of the documentation. */
  public static List<ConfigKey<?>> all() {
    return List.copyOf(BY_NAME.values());
  }

  /** Returns the key of that name. */
  public static Optional<ConfigKey<?>> of(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /** Returns the known key that looks most like the given one; empty when none is near. */
  public static Optional<String> nearest(String name) {
    return NearestName.of(name, BY_NAME.keySet());
  }

  static <T> ConfigKey<T> key(String name, ConfigType<T> type, String defaultText, String doc) {
    return register(new ConfigKey<>(name, type, defaultText, doc, false));
  }

  static <T> ConfigKey<T> secret(String name, ConfigType<T> type, String doc) {
    return register(new ConfigKey<>(name, type, "", doc, true));
  }

  private static <T> ConfigKey<T> register(ConfigKey<T> key) {
    if (BY_NAME.put(key.name(), key) != null) {
      throw new IllegalStateException("two keys are named " + key.name());
    }
    return key;
  }
}
