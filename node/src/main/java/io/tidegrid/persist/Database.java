package io.tidegrid.persist;

import com.zaxxer.hikari.HikariPoolMXBean;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
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

  private static final Duration WATCH_INTERVAL = Duration.ofMillis(250);
  private static final Duration RETRY_INTERVAL = Duration.ofMillis(500);

  /**
   * How long the watcher waits for an answer. Together with its interval it is how long a query may
   * hang on a server that stopped.
   */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(2);

  /**
   * After this long without an answer, transactions that hang are cut too. Later than queries: a
   * server that is merely slow must not have its work thrown away again and again.
   */
  private static final Duration WRITERS_PATIENCE = Duration.ofSeconds(10);

  /** An embedded server takes the pool, dedicated connections, and a person's psql. */
  private static final int SPARE_CONNECTIONS = 12;

  private final PersistOptions options;
  private final MeterRegistry meters;
  private final StorageHealth health;
  private final Thread watcher;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private volatile Optional<EmbeddedDatabase> embedded = Optional.empty();
  private volatile Optional<ConnectionPool> pool = Optional.empty();
  private volatile boolean closed;
  private volatile int schemaVersion;
  private volatile ServerFacts facts = ServerFacts.UNKNOWN;
  private volatile Runnable reconnected = () -> {};

  /** Whether one try to reach the database is over, and what it found that nothing will mend. */
  private volatile boolean tried;

  private volatile Optional<RuntimeException> hopeless = Optional.empty();

  /** Of the watcher alone: what it asks through, and since when nothing answers. */
  private Optional<Connection> probe = Optional.empty();

  private long silentSinceNanos;
  private boolean writersCut;

  Database(PersistOptions options, MeterRegistry meters) {
    this(options, meters, InstantSource.system());
  }

  Database(PersistOptions options, MeterRegistry meters, InstantSource clock) {
    this.options = options;
    this.meters = meters;
    this.health = new StorageHealth(clock, meters);
    // Fails here rather than on the watcher: a URL that cannot be read never mends itself.
    options.databaseUrl().ifPresent(DatabaseUrl::parse);
    this.watcher = Thread.ofPlatform().name("tidegrid-database").daemon().unstarted(this::watch);
  }

  void start() {
    watcher.start();
  }

  /** Sets what is done each time the database has come back, before anybody may use it. */
  void onReconnected(Runnable action) {
    Runnable others = reconnected;
    reconnected =
        () -> {
          others.run();
          action.run();
        };
  }

  private void watch() {
    while (!closed) {
      try {
        step();
      } catch (SQLException e) {
        away(StorageHealth.causeOf(e), StorageHealth.message(e), e);
      } catch (SchemaException e) {
        hopeless = Optional.of(e);
        away(StorageHealth.Cause.SCHEMA, e.getMessage(), e);
      } catch (DataDirectoryInUseException e) {
        hopeless = Optional.of(e);
        away(StorageHealth.Cause.EMBEDDED, e.getMessage(), e);
      } catch (RuntimeException e) {
        away(StorageHealth.Cause.EMBEDDED, String.valueOf(e.getMessage()), e);
      }
      pause(isConnected() ? WATCH_INTERVAL : RETRY_INTERVAL);
    }
    closeProbe();
  }

  private void step() throws SQLException {
    if (options.databaseUrl().isEmpty() && embedded.filter(EmbeddedDatabase::isAlive).isEmpty()) {
      restartEmbedded();
    }
    if (pool.isEmpty()) {
      pool = Optional.of(newPool());
    }
    if (probe.isEmpty()) {
      probe = Optional.of(pool.orElseThrow().openSingle(ANSWER_TIMEOUT));
    }
    Connection connection = probe.orElseThrow();
    if (!isConnected()) {
      prepare(connection);
    }
    boolean takesWrites = isConnected() ? askPatiently(connection) : ask(connection);
    if (!isConnected()) {
      reconnected.run();
    }
    lock.lock();
    try {
      if (!closed) {
        hopeless = Optional.empty();
        health.reached(takesWrites);
      }
      tried = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Brings the schema up. Each time the database comes back, since it may be another one by then:
   * restored from a backup, a new primary, or upgraded together with a newer node.
   */
  private void prepare(Connection connection) throws SQLException {
    int before = schemaVersion;
    // A script that moves samples takes as long as it takes.
    limit(connection, before == 0 ? Duration.ZERO : socketTimeout());
    schemaVersion = new SchemaMigrator().migrate(connection);
    facts = TimescaleSetup.prepare(connection);
    limit(connection, ANSWER_TIMEOUT);
    if (before != schemaVersion) {
      LOG.log(
          System.Logger.Level.INFO,
          "database: {0}, schema version {1}, TimescaleDB {2}",
          facts.product(),
          schemaVersion,
          facts.timescaledbState());
    }
  }

  private static void limit(Connection connection, Duration answerTimeout) throws SQLException {
    connection.setNetworkTimeout(Runnable::run, Math.toIntExact(answerTimeout.toMillis()));
  }

  /** One connection that was ended, by a person or a proxy, says nothing of the database. */
  private boolean askPatiently(Connection connection) throws SQLException {
    try {
      return ask(connection);
    } catch (SQLException e) {
      if (StorageHealth.causeOf(e) != StorageHealth.Cause.UNREACHABLE) {
        throw e;
      }
      closeProbe();
      Connection another = pool.orElseThrow().openSingle(ANSWER_TIMEOUT);
      probe = Optional.of(another);
      return ask(another);
    }
  }

  /** Asks whether transactions may write, and that the schema is still the one this node knows. */
  private boolean ask(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT current_setting('transaction_read_only') = 'off', (SELECT max(version) FROM"
                    + " tidegrid_schema)")) {
      result.next();
      if (result.getInt(2) != schemaVersion) {
        // Says what is wrong when it is a newer one.
        schemaVersion = new SchemaMigrator().migrate(connection);
      }
      return result.getBoolean(1);
    }
  }

  private void restartEmbedded() {
    embedded.ifPresent(dead -> {
      away(
          StorageHealth.Cause.EMBEDDED,
          "the embedded PostgreSQL ended and is started again",
          new IllegalStateException("no postmaster"));
      closePool();
      dead.close();
    });
    embedded = Optional.empty();
    EmbeddedDatabase started =
        EmbeddedDatabase.start(
            options.dataDirectory(),
            options.embeddedPort(),
            options.embeddedPassword(),
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

  private void away(StorageHealth.Cause cause, String reason, Exception thrown) {
    closeProbe();
    lock.lock();
    try {
      if (closed) {
        return;
      }
      if (health.isConnected() || silentSinceNanos == 0) {
        silentSinceNanos = System.nanoTime();
        writersCut = false;
      }
      health.lost(cause, reason);
      tried = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    LOG.log(System.Logger.Level.DEBUG, "the database cannot be used", thrown);
    pool.ifPresent(open -> {
      open.cut(ConnectionPool.Use.READING);
      if (!writersCut && System.nanoTime() - silentSinceNanos >= WRITERS_PATIENCE.toNanos()) {
        writersCut = true;
        open.cut(ConnectionPool.Use.WRITING);
      }
    });
  }

  private void closeProbe() {
    probe.ifPresent(connection -> {
      try {
        // Without a farewell, which could hang as well.
        connection.abort(Runnable::run);
      } catch (SQLException e) {
        LOG.log(System.Logger.Level.DEBUG, "closing the watcher's connection", e);
      }
    });
    probe = Optional.empty();
  }

  private void closePool() {
    pool.ifPresent(ConnectionPool::close);
    pool = Optional.empty();
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

  private ConnectionPool newPool() {
    return new ConnectionPool(
        jdbcUrl(),
        connectionProperties(),
        options.poolSize(),
        socketTimeout(),
        // Plans kept from when a table was empty would scan it whole once it is not.
        "SET statement_timeout = "
            + options.statementTimeout().toMillis()
            + "; SET plan_cache_mode = force_custom_plan",
        this::awaitConnected,
        meters);
  }

  /** Longer than the server's own limit, which leaves the connection whole. */
  private Duration socketTimeout() {
    return options.statementTimeout().plusSeconds(15);
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
    return properties;
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
    properties.putIfAbsent("connectTimeout", "10");
    properties.putIfAbsent("tcpKeepAlive", "true");
    properties.putIfAbsent("ApplicationName", "tidegrid");
    return properties;
  }

  /**
   * Returns a connection of the pool, its schema in place, for work that is done again when it
   * fails. Waits for a free one, but not long.
   *
   * @throws SQLException of class 08 when the database is away
   */
  Connection connection() throws SQLException {
    return usable().take(ConnectionPool.Use.WRITING);
  }

  /**
   * As {@link #connection}, for a caller who waits for what is read: when the database stops
   * answering, the connection is cut within some two seconds.
   */
  Connection readConnection() throws SQLException {
    return usable().take(ConnectionPool.Use.READING);
  }

  /** Returns a connection outside the pool and without time limits, for work that takes long. */
  Connection dedicatedConnection() throws SQLException {
    return usable().openSingle(Duration.ZERO);
  }

  private ConnectionPool usable() throws SQLException {
    Optional<ConnectionPool> current = pool;
    if (closed || current.isEmpty() || !isConnected()) {
      throw new SQLTransientConnectionException("the database is not there: " + problem(), "08001");
    }
    return current.get();
  }

  /** Drops a connection from the pool whose state is not known. */
  void discard(Connection connection) {
    pool.ifPresent(p -> p.discard(connection));
  }

  /** Tells whether the database answered last time and has its schema. */
  boolean isConnected() {
    return !closed && health.isConnected();
  }

  /** Returns what is told of transactions and tells how the database is. */
  StorageHealth health() {
    return health;
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
      while (!isConnected() && !closed && left > 0) {
        if (hopeless.orElse(null) instanceof DataDirectoryInUseException inUse) {
          throw inUse;
        }
        left = changed.awaitNanos(left);
      }
      return isConnected();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the database can be used, or, when it is not the embedded one, until it is known
   * that it cannot be used now; tells whether it can.
   *
   * @throws DataDirectoryInUseException when another node keeps its database in the directory
   * @throws SchemaException when the database holds a schema that this node must not touch
   */
  boolean awaitFirstTry(Duration within) throws InterruptedException {
    long left = within.toNanos();
    lock.lock();
    try {
      while (!isConnected() && !closed && left > 0) {
        if (hopeless.isPresent()) {
          throw hopeless.get();
        }
        // A server that is just starting will be there before anybody has read a warning.
        if (tried && options.databaseUrl().isPresent() && !isStarting()) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return isConnected();
    } finally {
      lock.unlock();
    }
  }

  private boolean isStarting() {
    return health.fault().map(StorageHealth.Fault::reason).orElse("").contains("starting up");
  }

  /** Returns why the database cannot be used, for people; empty when it can. */
  String problem() {
    if (closed) {
      return "closed";
    }
    return health
        .fault()
        .map(StorageHealth.Fault::text)
        .orElse(health.isConnected() ? "" : "starting");
  }

  ServerFacts facts() {
    return facts;
  }

  int schemaVersion() {
    return schemaVersion;
  }

  Optional<HikariPoolMXBean> poolFigures() {
    return pool.map(ConnectionPool::figures);
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
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    // Whoever still waits on a connection fails now, the watcher too.
    closePool();
    try {
      watcher.join(options.shutdownGrace());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closePool();
    embedded.ifPresent(EmbeddedDatabase::close);
  }
}
