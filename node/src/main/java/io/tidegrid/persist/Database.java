package io.tidegrid.persist;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The way to the database: starts the embedded one, keeps a pool of connections, brings the schema
 * up when the database first answers, and watches it. All of that happens on a thread of its own,
 * so that a database that is down delays nothing but what needs it. Safe for use by many threads.
 */
final class Database implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Database.class.getName());

  private static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);
  private static final int CONNECT_TIMEOUT_SECONDS = 3;

  /** An embedded server takes the pool, dedicated connections, and a person's psql. */
  private static final int SPARE_CONNECTIONS = 12;

  private final PersistOptions options;
  private final MeterRegistry meters;
  private final Thread watcher;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private volatile Optional<EmbeddedDatabase> embedded = Optional.empty();
  private volatile Optional<HikariDataSource> pool = Optional.empty();
  private volatile boolean migrated;
  private volatile boolean connected;
  private volatile boolean closed;
  private volatile int schemaVersion;
  private volatile ServerFacts facts = ServerFacts.UNKNOWN;
  private volatile String problem = "starting";
  private volatile Optional<DataDirectoryInUseException> occupied = Optional.empty();

  Database(PersistOptions options, MeterRegistry meters) {
    this.options = options;
    this.meters = meters;
    // Fails here rather than on the watcher: a URL that cannot be read never mends itself.
    options.databaseUrl().ifPresent(DatabaseUrl::parse);
    this.watcher = Thread.ofPlatform().name("tidegrid-database").daemon().unstarted(this::watch);
  }

  void start() {
    watcher.start();
  }

  private void watch() {
    while (!closed) {
      try {
        step();
      } catch (SQLException e) {
        away(e.getMessage(), e);
      } catch (DataDirectoryInUseException e) {
        away(e.getMessage(), e);
        occupied(e);
      } catch (RuntimeException e) {
        away(e.getMessage(), e);
      }
      pause(connected ? WATCH_INTERVAL : WATCH_INTERVAL.dividedBy(2));
    }
  }

  private void step() throws SQLException {
    if (options.databaseUrl().isEmpty() && embedded.filter(EmbeddedDatabase::isAlive).isEmpty()) {
      restartEmbedded();
    }
    if (pool.isEmpty()) {
      pool = Optional.of(newPool());
    }
    HikariDataSource current = pool.orElseThrow();
    if (!migrated) {
      // A script that moves samples takes longer than the pool's limits allow.
      try (Connection connection = unlimitedConnection()) {
        schemaVersion = new SchemaMigrator().migrate(connection);
      }
    }
    try (Connection connection = current.getConnection()) {
      if (!migrated) {
        facts = TimescaleSetup.prepare(connection);
        migrated = true;
        LOG.log(
            System.Logger.Level.INFO,
            "database: {0}, schema version {1}, TimescaleDB {2}",
            facts.product(),
            schemaVersion,
            facts.timescaledbState());
      } else if (!connection.isValid(CONNECT_TIMEOUT_SECONDS)) {
        throw new SQLTransientConnectionException("the database does not answer", "08006");
      }
    }
    if (!connected) {
      lock.lock();
      try {
        connected = true;
        problem = "";
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      LOG.log(System.Logger.Level.INFO, "the database is there");
    }
  }

  private void restartEmbedded() {
    connected = false;
    pool.ifPresent(HikariDataSource::close);
    pool = Optional.empty();
    embedded.ifPresent(dead -> {
      LOG.log(System.Logger.Level.ERROR, "the embedded PostgreSQL ended; starting it again");
      dead.close();
    });
    embedded = Optional.empty();
    EmbeddedDatabase started =
        EmbeddedDatabase.start(
            options.dataDirectory(),
            options.embeddedPort(),
            options.poolSize() + SPARE_CONNECTIONS,
            options.shutdownGrace());
    lock.lock();
    try {
      if (closed) {
        started.close();
        throw new IllegalStateException("closing");
      }
      embedded = Optional.of(started);
    } finally {
      lock.unlock();
    }
  }

  private void away(String message, Exception cause) {
    String text = message == null ? cause.getClass().getSimpleName() : message;
    boolean news = connected || !text.equals(problem);
    connected = false;
    problem = text;
    if (news && !closed) {
      LOG.log(System.Logger.Level.WARNING, "the database cannot be used now: {0}", text);
      LOG.log(System.Logger.Level.DEBUG, "the database cannot be used now", cause);
    }
  }

  private void occupied(DataDirectoryInUseException e) {
    lock.lock();
    try {
      occupied = Optional.of(e);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void pause(Duration duration) {
    lock.lock();
    try {
      long left = duration.toNanos();
      while (!closed && left > 0) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closed = true;
    } finally {
      lock.unlock();
    }
  }

  private HikariDataSource newPool() {
    HikariConfig config = new HikariConfig();
    config.setPoolName("tidegrid");
    config.setJdbcUrl(jdbcUrl());
    Properties properties = connectionProperties();
    long socketTimeout = options.statementTimeout().plusSeconds(15).toSeconds();
    properties.setProperty("socketTimeout", Long.toString(socketTimeout));
    config.setDataSourceProperties(properties);
    config.setMaximumPoolSize(options.poolSize());
    config.setMinimumIdle(Math.min(2, options.poolSize()));
    // Start without a database, and say so, rather than fail.
    config.setInitializationFailTimeout(-1);
    config.setConnectionTimeout(Duration.ofSeconds(CONNECT_TIMEOUT_SECONDS + 2L).toMillis());
    // Plans kept from when a table was empty would scan it whole once it is not.
    config.setConnectionInitSql(
        "SET statement_timeout = "
            + options.statementTimeout().toMillis()
            + "; SET plan_cache_mode = force_custom_plan");
    config.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(meters));
    return new HikariDataSource(config);
  }

  private String jdbcUrl() {
    return embedded
        .map(server -> server.jdbcUrl(EmbeddedDatabase.DATABASE))
        .orElseGet(() -> DatabaseUrl.parse(options.databaseUrl().orElseThrow()).jdbcUrl());
  }

  private Properties connectionProperties() {
    if (embedded.isEmpty()) {
      return connectionProperties(options);
    }
    Properties properties = new Properties();
    properties.setProperty("user", EmbeddedDatabase.USER);
    properties.setProperty("password", embedded.get().password());
    // It is on loopback and has no certificate: asking for encryption would be a round trip each.
    properties.setProperty("sslmode", "disable");
    properties.setProperty("gssEncMode", "disable");
    return withDefaults(properties);
  }

  /** Returns what to connect with to the database that the options name. */
  static Properties connectionProperties(PersistOptions options) {
    DatabaseUrl url = DatabaseUrl.parse(options.databaseUrl().orElseThrow());
    Properties properties = new Properties();
    properties.putAll(url.parameters());
    options.databaseUser().or(url::user).ifPresent(u -> properties.setProperty("user", u));
    options
        .databasePassword()
        .or(url::password)
        .ifPresent(p -> properties.setProperty("password", p));
    return withDefaults(properties);
  }

  private static Properties withDefaults(Properties properties) {
    properties.putIfAbsent("connectTimeout", Integer.toString(CONNECT_TIMEOUT_SECONDS));
    properties.putIfAbsent("loginTimeout", Integer.toString(CONNECT_TIMEOUT_SECONDS + 2));
    properties.putIfAbsent("tcpKeepAlive", "true");
    properties.putIfAbsent("ApplicationName", "tidegrid");
    return properties;
  }

  /**
   * Returns a connection of the pool, its schema in place.
   *
   * @throws SQLException of class 08 when the database is away
   */
  Connection connection() throws SQLException {
    Optional<HikariDataSource> current = pool;
    if (closed || !migrated || current.isEmpty()) {
      throw new SQLTransientConnectionException("the database is not there yet", "08001");
    }
    return current.get().getConnection();
  }

  /** Returns a connection outside the pool and without time limits, for work that takes long. */
  Connection dedicatedConnection() throws SQLException {
    if (closed || !migrated) {
      throw new SQLTransientConnectionException("the database is not there yet", "08001");
    }
    return unlimitedConnection();
  }

  private Connection unlimitedConnection() throws SQLException {
    return DriverManager.getConnection(jdbcUrl(), connectionProperties());
  }

  /** Drops a connection from the pool whose state is not known. */
  void discard(Connection connection) {
    pool.ifPresent(p -> p.evictConnection(connection));
  }

  /** Tells whether the database answered last time and has its schema. */
  boolean isConnected() {
    return connected;
  }

  /**
   * Waits until the database can be used; tells whether it can.
   *
   * @throws DataDirectoryInUseException when another node keeps its database in the directory
   */
  boolean awaitConnected(Duration within) throws InterruptedException {
    long left = within.toNanos();
    lock.lock();
    try {
      while (!connected && !closed && occupied.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
      if (!connected && occupied.isPresent()) {
        throw occupied.get();
      }
      return connected;
    } finally {
      lock.unlock();
    }
  }

  String problem() {
    return problem;
  }

  ServerFacts facts() {
    return facts;
  }

  int schemaVersion() {
    return schemaVersion;
  }

  Optional<HikariPoolMXBean> poolFigures() {
    return pool.map(HikariDataSource::getHikariPoolMXBean);
  }

  Optional<EmbeddedDatabase> embedded() {
    return embedded;
  }

  /** Closes the pool and stops the embedded server. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      connected = false;
      problem = "closed";
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      watcher.join(options.shutdownGrace());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    pool.ifPresent(HikariDataSource::close);
    embedded.ifPresent(EmbeddedDatabase::close);
  }
}
