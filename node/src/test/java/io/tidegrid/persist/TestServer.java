package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * The PostgreSQL that tests run on: the embedded one, or the one that {@link OnEachServer} chose.
 * Each test takes a database of its own. Test classes of one JVM run one after the other.
 */
final class TestServer {

  private static volatile DatabaseServer current = DatabaseServer.EMBEDDED;

  private TestServer() {}

  static void use(DatabaseServer server) {
    current = server;
  }

  static DatabaseServer current() {
    return current;
  }

  /** Creates an empty database and returns its URL with credentials. */
  static String newDatabase() {
    return current.newDatabase();
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
