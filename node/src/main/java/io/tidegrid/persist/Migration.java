package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Work on a database without a node. Opens one connection for its time. Used by one thread.
 *
 * <p>Methods throw {@link SchemaException} when the schema is newer than this node, or was made
 * from other scripts, and {@link SQLException} when the database cannot be reached or refuses.
 */
public final class Migration implements AutoCloseable {

  private final Connection connection;
  private final SchemaMigrator migrator = new SchemaMigrator();

  private Migration(Connection connection) {
    this.connection = connection;
  }

  /**
   * Connects to the database that the options name.
   *
   * @throws IllegalArgumentException when they name none
   */
  public static Migration open(PersistOptions options) throws SQLException {
    String url =
        options
            .databaseUrl()
            .orElseThrow(() -> new IllegalArgumentException("no database is named"));
    return new Migration(
        DriverManager.getConnection(
            DatabaseUrl.parse(url).jdbcUrl(), Database.connectionProperties(options)));
  }

  /** Returns the names of the schema scripts that were applied, in their order. */
  public List<String> applied() throws SQLException {
    List<String> names = new ArrayList<>(migrator.applied(connection));
    names.addAll(SchemaMigrator.timescale().applied(connection));
    return names;
  }

  /** Returns the names of the schema scripts that are to be applied; changes nothing. */
  public List<String> pending() throws SQLException {
    List<String> names = new ArrayList<>(migrator.pending(connection));
    if (ServerFacts.detect(connection).columnstore()) {
      names.addAll(SchemaMigrator.timescale().pending(connection));
    }
    return names;
  }

  /** Applies what is pending, as a node does when it starts, and returns the version reached. */
  public int apply() throws SQLException {
    int version = migrator.migrate(connection);
    ServerFacts ignored = TimescaleSetup.prepare(connection);
    return version;
  }

  /**
   * Returns what retention would drop now; changes nothing, and finds nothing before the schema is
   * there.
   *
   * @param keep how long samples are kept; zero for ever. Rollups are kept by default
   */
  public RetentionPlan retention(Duration keep, InstantSource clock) throws SQLException {
    return retention(RetentionOptions.ofRaw(keep), clock);
  }

  /** The same, with all that can be said of retention. */
  public RetentionPlan retention(RetentionOptions options, InstantSource clock)
      throws SQLException {
    boolean there;
    boolean columnstore;
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT to_regclass('rollup_dirty') IS NOT NULL, to_regclass('sample_days') IS NOT"
                    + " NULL")) {
      result.next();
      there = result.getBoolean(1);
      columnstore = result.getBoolean(2);
    }
    RetentionLook look =
        new RetentionLook(new CompactedTables(() -> columnstore), new RollupPartitions(), options);
    // Before, nothing goes: the migration first marks what rollups are to be computed of.
    return there
        ? look.plan(connection, clock.instant(), Optional.empty())
        : look.plan(clock.instant(), Optional.empty(), List.of());
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
