package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Makes use of TimescaleDB where that can be, and says what to do where it cannot. Runs at each
 * start, since the extension may come to an existing database, and go again.
 */
final class TimescaleSetup {

  private static final System.Logger LOG = System.getLogger(TimescaleSetup.class.getName());

  private TimescaleSetup() {}

  /**
   * Creates the extension and the hypertable if that is possible.
   *
   * @param connection in auto-commit mode, the plain schema in place
   * @return what the server is then
   * @throws SchemaException when the database holds samples that it cannot show as it is set up
   */
  static ServerFacts prepare(Connection connection) throws SQLException {
    ServerFacts facts = ServerFacts.detect(connection);
    if (facts.timescaledbState().equals(ServerFacts.AVAILABLE)) {
      createExtension(connection);
      facts = ServerFacts.detect(connection);
    }
    if (facts.columnstore()) {
      int ignored = SchemaMigrator.timescale().migrate(connection);
      warnOfPolicies(connection);
    } else if (hasSamples(connection)) {
      throw new SchemaException(
          "compacted samples lie in TimescaleDB's columnstore, and it is "
              + facts.timescaledbState()
              + " now; start the server with shared_preload_libraries = 'timescaledb' and"
              + " timescaledb.license = 'timescale', as when they were written");
    } else if (facts.timescaledbState().equals(ServerFacts.NOT_PRELOADED)) {
      LOG.log(
          System.Logger.Level.INFO,
          "TimescaleDB is there but not used: to use it, add timescaledb to"
              + " shared_preload_libraries and restart the server");
    }
    return facts;
  }

  private static void createExtension(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION IF NOT EXISTS timescaledb WITH SCHEMA public");
    } catch (SQLException e) {
      if (SqlErrors.remedy(e) == SqlErrors.Remedy.WAIT || connection.isClosed()) {
        throw e;
      }
      LOG.log(
          System.Logger.Level.WARNING,
          "TimescaleDB is there but could not be set up, plain tables are used: {0}. Have somebody"
              + " with the right run CREATE EXTENSION timescaledb in this database, then restart"
              + " this node",
          e.getMessage());
    }
  }

  private static boolean hasSamples(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT to_regclass('sample_days') IS NOT NULL")) {
      result.next();
      return result.getBoolean(1);
    }
  }

  /** Nothing here needs a job of the database; those of others may drop what is to be kept. */
  private static void warnOfPolicies(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                """
                SELECT j.proc_name, j.job_id, j.config::text
                  FROM timescaledb_information.jobs j
                  JOIN pg_class c ON c.oid = to_regclass('samples')
                  JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE j.hypertable_name = c.relname AND j.hypertable_schema = n.nspname
                   AND j.proc_name = 'policy_retention'\
                """)) {
      while (result.next()) {
        LOG.log(
            System.Logger.Level.WARNING,
            "somebody added job {0} ({1}, {2}) to the hypertable samples: it drops samples whatever"
                + " retention.raw says; remove it with SELECT delete_job({0})",
            Integer.toString(result.getInt(2)),
            result.getString(1),
            result.getString(3));
      }
    }
  }
}
