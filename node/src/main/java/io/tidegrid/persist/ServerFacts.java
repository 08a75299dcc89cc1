package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * What the server is.
 *
 * @param product such as {@code PostgreSQL 18.6}
 * @param timescaledb the version of the extension when it is installed in this database
 * @param timescaledbState as in {@link DatabaseStatus#timescaledbState}
 */
record ServerFacts(String product, Optional<String> timescaledb, String timescaledbState) {

  static final ServerFacts UNKNOWN = new ServerFacts("", Optional.empty(), "");

  /** Asks only catalogs and settings: creating the extension where it is not preloaded is fatal. */
  static ServerFacts detect(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      String version = one(statement, "SHOW server_version").orElse("");
      int space = version.indexOf(' ');
      String product = "PostgreSQL " + (space < 0 ? version : version.substring(0, space));
      Optional<String> installed =
          one(statement, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'");
      if (installed.isPresent()) {
        String licence =
            one(statement, "SELECT current_setting('timescaledb.license', true)").orElse("unknown");
        return new ServerFacts(product, installed, "installed (" + licence + ")");
      }
      boolean available =
          one(statement, "SELECT name FROM pg_available_extensions WHERE name = 'timescaledb'")
              .isPresent();
      if (!available) {
        return new ServerFacts(product, Optional.empty(), "absent");
      }
      // Not every role may see the setting; then it reads as empty.
      boolean preloaded =
          one(statement, "SELECT current_setting('shared_preload_libraries', true)")
              .orElse("")
              .contains("timescaledb");
      return new ServerFacts(product, Optional.empty(), preloaded ? "available" : "not preloaded");
    }
  }

  private static Optional<String> one(Statement statement, String sql) throws SQLException {
    try (ResultSet result = statement.executeQuery(sql)) {
      return result.next() ? Optional.ofNullable(result.getString(1)) : Optional.empty();
    }
  }
}
