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
 * @param columnstore whether the extension is installed and may compress what is copied in
 */
record ServerFacts(
    String product, Optional<String> timescaledb, String timescaledbState, boolean columnstore) {

  static final ServerFacts UNKNOWN = new ServerFacts("", Optional.empty(), "", false);

  /** The server has no such extension. */
  static final String ABSENT = "absent";

  /** There, but the server was not started with it: creating it would be fatal. */
  static final String NOT_PRELOADED = "not preloaded";

  /** There and preloaded, but not created in this database. */
  static final String AVAILABLE = "available";

  /** Asks only catalogs and settings: creating the extension where it is not preloaded is fatal. */
  static ServerFacts detect(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      String version = one(statement, "SHOW server_version").orElse("");
      int space = version.indexOf(' ');
      String product = "PostgreSQL " + (space < 0 ? version : version.substring(0, space));
      Optional<String> installed =
          one(statement, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'");
      // Not every role may see shared_preload_libraries, but all see this setting of the library.
      boolean preloaded =
          one(statement, "SELECT name FROM pg_settings WHERE name = 'timescaledb.disable_load'")
              .isPresent();
      if (installed.isPresent()) {
        return preloaded
            ? installed(statement, product, installed)
            : new ServerFacts(product, installed, NOT_PRELOADED, false);
      }
      boolean available =
          one(statement, "SELECT name FROM pg_available_extensions WHERE name = 'timescaledb'")
              .isPresent();
      String state = !available ? ABSENT : preloaded ? AVAILABLE : NOT_PRELOADED;
      return new ServerFacts(product, Optional.empty(), state, false);
    }
  }

  private static ServerFacts installed(
      Statement statement, String product, Optional<String> installed) throws SQLException {
    String licence =
        one(statement, "SELECT current_setting('timescaledb.license', true)").orElse("unknown");
    boolean compressesCopies =
        one(
                statement,
                "SELECT name FROM pg_settings WHERE name ="
                    + " 'timescaledb.enable_direct_compress_copy_client_sorted'")
            .isPresent();
    boolean timescale = licence.equals("timescale");
    String state =
        "installed (" + licence + (timescale && !compressesCopies ? ", too old" : "") + ")";
    return new ServerFacts(product, installed, state, timescale && compressesCopies);
  }

  private static Optional<String> one(Statement statement, String sql) throws SQLException {
    try (ResultSet result = statement.executeQuery(sql)) {
      return result.next() ? Optional.ofNullable(result.getString(1)) : Optional.empty();
    }
  }
}
