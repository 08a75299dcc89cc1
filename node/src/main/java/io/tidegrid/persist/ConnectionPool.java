package io.tidegrid.persist;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/**
 * Connections to one server: a pool, and single ones beside it. All are known, so that those on
 * which a thread waits for a server that no longer answers can be cut. Safe for use by many
 * threads.
 */
final class ConnectionPool implements AutoCloseable {

  /** What a connection is used for. */
  enum Use {
    /** Somebody waits for the answer: better an error in time. */
    READING,
    /** Work that goes on when the server does, and is done again when it is cut. */
    WRITING
  }

  /** How long the server may take to accept a connection, and to answer each step of a login. */
  static final Duration LOGIN_TIMEOUT = Duration.ofSeconds(3);

  /** How long a caller waits for a free connection. */
  private static final Duration CHECKOUT_TIMEOUT = Duration.ofMillis(2_500);

  private static final Duration VALIDATION_TIMEOUT = Duration.ofSeconds(1);

  private static final Duration REACHABLE_POLL = Duration.ofSeconds(1);

  /** Waits until the database can be used. */
  @FunctionalInterface
  interface Reachability {
    boolean await(Duration within) throws InterruptedException;
  }

  private final String jdbcUrl;
  private final Properties properties;
  private final Duration socketTimeout;
  private final Reachability reachability;
  private final HikariDataSource pool;
  private final Map<Connection, Use> open = new ConcurrentHashMap<>();
  private volatile boolean closing;

  /**
   * @param properties of each connection: user, password, driver options
   * @param socketTimeout how long a pooled connection waits for an answer at most
   * @param initSql run on each new pooled connection
   * @param reachability asked before a pooled connection is opened
   */
  ConnectionPool(
      String jdbcUrl,
      Properties properties,
      int size,
      Duration socketTimeout,
      String initSql,
      Reachability reachability,
      MeterRegistry meters) {
    this.jdbcUrl = jdbcUrl;
    this.properties = new Properties();
    this.properties.putAll(properties);
    this.properties.putIfAbsent("connectTimeout", Long.toString(LOGIN_TIMEOUT.toSeconds()));
    this.properties.putIfAbsent("sslResponseTimeout", Long.toString(LOGIN_TIMEOUT.toMillis()));
    // Bounds the login too, without the thread for each attempt that the driver's own limit takes.
    this.properties.put("socketTimeout", Long.toString(LOGIN_TIMEOUT.toSeconds()));
    this.properties.putIfAbsent("tcpKeepAlive", "true");
    this.properties.putIfAbsent("ApplicationName", "tidegrid");
    this.socketTimeout = socketTimeout;
    this.reachability = reachability;
    HikariConfig config = new HikariConfig();
    config.setPoolName("tidegrid");
    config.setDataSource(new Source());
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(Math.min(2, size));
    // Start without a database, and say so, rather than fail.
    config.setInitializationFailTimeout(-1);
    config.setConnectionTimeout(CHECKOUT_TIMEOUT.toMillis());
    config.setValidationTimeout(VALIDATION_TIMEOUT.toMillis());
    config.setConnectionInitSql(initSql);
    config.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(meters));
    this.pool = new HikariDataSource(config);
  }

  /** Takes a connection of the pool; waits for a free one, but not long. */
  Connection take(Use use) throws SQLException {
    Connection connection = pool.getConnection();
    open.replace(physical(connection), use);
    return connection;
  }

  /**
   * Opens a connection beside the pool.
   *
   * @param answerTimeout how long to wait for each answer on it; zero for as long as it takes
   */
  Connection openSingle(Duration answerTimeout) throws SQLException {
    open.keySet().removeIf(ConnectionPool::isClosed);
    Connection connection = DriverManager.getConnection(jdbcUrl, properties);
    try {
      connection.setNetworkTimeout(Runnable::run, Math.toIntExact(answerTimeout.toMillis()));
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    open.put(connection, Use.WRITING);
    return connection;
  }

  /** Drops a connection of the pool whose state is not known. */
  void discard(Connection connection) {
    pool.evictConnection(connection);
  }

  /**
   * Cuts connections of a use, whatever waits on them then fails at once. A server that goes on
   * later rolls back what it has not committed.
   */
  void cut(Use use) {
    cut(present -> present == use);
    pool.getHikariPoolMXBean().softEvictConnections();
  }

  private void cut(Predicate<Use> which) {
    open.forEach((connection, use) -> {
      if (which.test(use)) {
        try {
          // Closes the socket alone, and needs no lock that a waiting thread holds.
          connection.abort(Runnable::run);
        } catch (SQLException e) {
          // It was closed already.
        }
        open.remove(connection);
      }
    });
  }

  HikariPoolMXBean figures() {
    return pool.getHikariPoolMXBean();
  }

  @Override
  public void close() {
    closing = true;
    cut(use -> true);
    pool.close();
  }

  private static Connection physical(Connection pooled) throws SQLException {
    return (Connection) pooled.unwrap(PGConnection.class);
  }

  private static boolean isClosed(Connection connection) {
    try {
      return connection.isClosed();
    } catch (SQLException e) {
      return true;
    }
  }

  /** Where the pool gets its connections. */
  private final class Source implements DataSource {

    @Override
    public Connection getConnection() throws SQLException {
      try {
        // Rather than fail: after failures the pool waits up to ten seconds before the next try,
        // which would hold up everything when the database is back.
        while (!reachability.await(REACHABLE_POLL)) {
          if (closing) {
            throw new SQLTransientConnectionException("closing", "08003");
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SQLTransientConnectionException("closing", "08003", e);
      }
      return openSingle(socketTimeout);
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      throw new SQLFeatureNotSupportedException();
    }

    @Override
    public PrintWriter getLogWriter() {
      return new PrintWriter(PrintWriter.nullWriter());
    }

    @Override
    public void setLogWriter(PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
      return Math.toIntExact(LOGIN_TIMEOUT.toSeconds());
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
      throw new SQLFeatureNotSupportedException();
    }

    @Override
    public <T> T unwrap(Class<T> kind) throws SQLException {
      throw new SQLException("not a wrapper");
    }

    @Override
    public boolean isWrapperFor(Class<?> kind) {
      return false;
    }
  }
}
