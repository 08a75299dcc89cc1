package io.tidegrid.persist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** One PostgreSQL for all test classes of the JVM; each takes a database of its own. */
final class TestServer {

  private static final EmbeddedDatabase SERVER = start();
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private TestServer() {}

  private static EmbeddedDatabase start() {
    try {
      Path directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "postgres");
      EmbeddedDatabase server = EmbeddedDatabase.start(directory, 0, 100, Duration.ofSeconds(30));
      Runtime.getRuntime().addShutdownHook(new Thread(server::close));
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Creates an empty database and returns its URL with credentials. */
  static String newDatabase() {
    String name = "test" + NUMBER.incrementAndGet();
    try (Connection connection = connect(url(EmbeddedDatabase.DATABASE));
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name + " STRATEGY file_copy");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return url(name);
  }

  private static String url(String database) {
    return url(SERVER, database);
  }

  static String url(EmbeddedDatabase server, String database) {
    return server.jdbcUrl(database)
        + "?user="
        + EmbeddedDatabase.USER
        + "&password="
        + server.password();
  }

  static Connection connect(String url) throws SQLException {
    return DriverManager.getConnection(url);
  }

  /** Returns the one number that a query gives. */
  static long number(String url, String query) {
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement();
        var result = statement.executeQuery(query)) {
      result.next();
      return result.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns how many samples the recent rows hold, those of one series and time together once. */
  static long samples(String url) {
    return number(
        url,
        "SELECT count(*) FROM (SELECT DISTINCT u.id, u.time FROM recent, unnest(ids, times) AS"
            + " u (id, time)) AS keys");
  }

  /** Returns how many samples the recent rows hold. */
  static long written(String url) {
    return number(url, "SELECT coalesce(sum(cardinality(ids)), 0) FROM recent");
  }

  static void execute(String url, String sql) {
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
