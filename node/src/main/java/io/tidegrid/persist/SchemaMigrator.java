package io.tidegrid.persist;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Brings the schema to the version this node knows, script by script, each in a transaction of its
 * own with its row in the version table. Nodes that start together wait for each other.
 */
final class SchemaMigrator {

  private static final System.Logger LOG = System.getLogger(SchemaMigrator.class.getName());

  /** In the order of their numbers; a released script is never changed. */
  private static final List<String> SCRIPTS =
      List.of(
          "V001__samples.sql",
          "V002__blocks.sql",
          ShardHashes.SCRIPT,
          "V004__rollups.sql",
          "V005__rollup_views.sql",
          "V006__inbox.sql",
          "V007__events.sql",
          "V008__alerts.sql",
          "V009__bulk_views.sql");

  /** Those that need TimescaleDB; they have numbers and a version table of their own. */
  private static final List<String> TIMESCALE_SCRIPTS = List.of("T001__samples.sql");

  /** Any number that no other program takes in the same database. */
  private static final long LOCK = 0x7469646567726964L;

  private final SortedMap<Integer, Script> scripts = new TreeMap<>();

  private record Script(String name, String sql, String checksum) {}

  private final String versionTable;

  /** Migrates what every database has. */
  SchemaMigrator() {
    this("tidegrid_schema", SCRIPTS);
  }

  private SchemaMigrator(String versionTable, List<String> names) {
    this.versionTable = versionTable;
    for (String name : names) {
      String sql = resource(name);
      scripts.put(Integer.parseInt(name.substring(1, 4)), new Script(name, sql, checksum(sql)));
    }
  }

  /** Migrates what databases with TimescaleDB have besides. */
  static SchemaMigrator timescale() {
    return new SchemaMigrator("tidegrid_timescale_schema", TIMESCALE_SCRIPTS);
  }

  private static String resource(String name) {
    try (InputStream in = SchemaMigrator.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the schema script " + name + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String checksum(String sql) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(sql.replace("\r\n", "\n").getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Applies what is missing and returns the version reached.
   *
   * @throws SchemaException when the schema is newer than this node, or was made from other scripts
   */
  int migrate(Connection connection) throws SQLException {
    connection.setAutoCommit(true);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(" + LOCK + ")");
      try {
        return migrateLocked(connection, statement);
      } finally {
        if (!connection.isClosed()) {
          connection.setAutoCommit(true);
          statement.execute("SELECT pg_advisory_unlock(" + LOCK + ")");
        }
      }
    }
  }

  /** Returns the names of the scripts that were applied, in their order; changes nothing. */
  List<String> applied(Connection connection) throws SQLException {
    return scripts.headMap(current(connection) + 1).values().stream().map(Script::name).toList();
  }

  /** Returns the names of the scripts that are to be applied; changes nothing. */
  List<String> pending(Connection connection) throws SQLException {
    return scripts.tailMap(current(connection) + 1).values().stream().map(Script::name).toList();
  }

  private int current(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return exists(statement) ? check(statement) : 0;
    }
  }

  // Asked for first, because CREATE TABLE needs rights that a node on a finished schema may lack.
  private boolean exists(Statement statement) throws SQLException {
    try (ResultSet result =
        statement.executeQuery("SELECT to_regclass('" + versionTable + "') IS NOT NULL")) {
      result.next();
      return result.getBoolean(1);
    }
  }

  private int migrateLocked(Connection connection, Statement statement) throws SQLException {
    if (!exists(statement)) {
      statement.execute(
          "CREATE TABLE "
              + versionTable
              + " (version integer PRIMARY KEY, name text NOT NULL, checksum"
              + " text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    }
    int current = check(statement);
    connection.setAutoCommit(false);
    for (var entry : scripts.tailMap(current + 1).entrySet()) {
      Script script = entry.getValue();
      try {
        statement.execute(script.sql());
        if (script.name().equals(ShardHashes.SCRIPT)) {
          ShardHashes.fill(connection);
        }
        try (PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO " + versionTable + " (version, name, checksum) VALUES (?, ?, ?)")) {
          insert.setInt(1, entry.getKey());
          insert.setString(2, script.name());
          insert.setString(3, script.checksum());
          insert.executeUpdate();
        }
        connection.commit();
      } catch (SQLException e) {
        if (!connection.isClosed()) {
          connection.rollback();
        }
        throw e;
      }
      current = entry.getKey();
      LOG.log(System.Logger.Level.INFO, "applied schema script {0}", script.name());
    }
    connection.setAutoCommit(true);
    return current;
  }

  private int check(Statement statement) throws SQLException {
    int current = 0;
    try (ResultSet result =
        statement.executeQuery(
            "SELECT version, name, checksum FROM " + versionTable + " ORDER BY version")) {
      while (result.next()) {
        current = result.getInt(1);
        Script known = scripts.get(current);
        if (known == null) {
          throw new SchemaException(
              "the database has schema version "
                  + current
                  + ", this node knows up to "
                  + scripts.lastKey()
                  + "; run a node of the version that made it, or a newer one");
        }
        if (!known.checksum().equals(result.getString(3))) {
          throw new SchemaException(
              "schema version "
                  + current
                  + " in the database ("
                  + result.getString(2)
                  + ", checksum "
                  + result.getString(3)
                  + ") was not made by this node's script (checksum "
                  + known.checksum()
                  + "); use another database, or the node that made this one");
        }
      }
    }
    return current;
  }
}
