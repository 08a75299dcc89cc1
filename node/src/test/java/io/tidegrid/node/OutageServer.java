package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.persist.EmbeddedDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A PostgreSQL server on a fixed port that can be stopped, frozen, started again, and spoilt. */
final class OutageServer implements AutoCloseable {

  /** The role that nodes log in as; not a superuser, so that limits hold for it. */
  private static final String ROLE = "tide";

  private static final Duration GRACE = Duration.ofSeconds(20);
  private static final int MAX_CONNECTIONS = 60;

  private final Path directory;
  private final int port = NodeProcess.freePort();
  private EmbeddedDatabase server;

  OutageServer(Path directory) {
    this.directory = directory;
    shareBinaries(directory);
    start();
    sql("postgres", "CREATE ROLE " + ROLE + " LOGIN PASSWORD 'tide'");
  }

  /** Unpacking them takes longer than most tests. */
  static void shareBinaries(Path dataDirectory) {
    try {
      Path shared =
          Files.createDirectories(Path.of("target", "postgres-binaries").toAbsolutePath());
      Files.createDirectories(dataDirectory);
      Files.createSymbolicLink(dataDirectory.resolve("postgres-binaries"), shared);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void start() {
    server = EmbeddedDatabase.start(directory, port, MAX_CONNECTIONS, GRACE);
  }

  boolean isRunning() {
    return server.isAlive();
  }

  /** Stops it as {@code pg_ctl stop -m fast} does. */
  void stop() {
    server.close();
  }

  /** Stops it as {@code pg_ctl stop -m immediate} does: nothing is written any more. */
  void stopAtOnce() {
    signal("QUIT", postmaster(directory));
    Awaitility.await()
        .atMost(GRACE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> !server.isAlive());
    server.close();
  }

  /** Freezes all its processes: connections are accepted by the kernel and never answered. */
  void freeze() {
    freeze(directory);
  }

  void thaw() {
    thaw(directory);
  }

  static void freeze(Path dataDirectory) {
    signalAll("STOP", dataDirectory);
  }

  static void thaw(Path dataDirectory) {
    signalAll("CONT", dataDirectory);
  }

  private static void signalAll(String signal, Path dataDirectory) {
    ProcessHandle postmaster = postmaster(dataDirectory);
    signal(signal, postmaster);
    postmaster.descendants().forEach(child -> signal(signal, child));
  }

  static ProcessHandle postmaster(Path dataDirectory) {
    try {
      Path file = dataDirectory.resolve("postgres/postmaster.pid");
      return ProcessHandle.of(Long.parseLong(Files.readAllLines(file).getFirst().strip()))
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void signal(String signal, ProcessHandle process) {
    try {
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Creates an empty database that the node's role owns. */
  void create(String database) {
    sql("postgres", "CREATE DATABASE " + database + " OWNER " + ROLE + " STRATEGY file_copy");
  }

  /** Returns the flags of a node that uses a database of this server. */
  String[] flags(String database, String... more) {
    return Stream.concat(
            Stream.of(
                "--database-url",
                "jdbc:postgresql://127.0.0.1:"
                    + port
                    + "/"
                    + database
                    + "?user="
                    + ROLE
                    + "&password=tide"),
            Stream.of(more))
        .toArray(String[]::new);
  }

  /** Runs statements as superuser. */
  void sql(String database, String... statements) {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      for (String text : statements) {
        statement.execute(text);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  Connection connect(String database) throws SQLException {
    return connect(server, database);
  }

  private static Connection connect(EmbeddedDatabase server, String database) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl(database) + "?sslmode=disable&gssEncMode=disable",
        EmbeddedDatabase.USER,
        server.password());
  }

  /** How many connections the node's role may have; -1 for any number. */
  void limitConnections(int limit) {
    sql("postgres", "ALTER ROLE " + ROLE + " CONNECTION LIMIT " + limit);
  }

  void endAllConnections() {
    sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + ROLE + "'");
  }

  void readOnly(boolean on) {
    sql(
        "postgres",
        "ALTER SYSTEM SET default_transaction_read_only = " + (on ? "on" : "off"),
        "SELECT pg_reload_conf()");
  }

  /**
   * From now on the table of samples refuses rows.
   *
   * @param state the SQLSTATE to refuse them with
   * @param onlyWith refuse only rows that hold this value; empty refuses all
   */
  void refuseSamples(String database, String state, String onlyWith) {
    String condition =
        onlyWith.isEmpty() ? "true" : DatabaseSamples.HOLDS_VALUE.formatted(onlyWith);
    sql(
        database,
        """
        CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF %s THEN RAISE EXCEPTION 'refused by the test' USING ERRCODE = '%s'; END IF;
          RETURN NEW;
        END $$\
        """
            .formatted(condition, state),
        "CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON "
            + DatabaseSamples.TABLE
            + " FOR EACH ROW EXECUTE FUNCTION refuse()");
  }

  void takeSamples(String database) {
    sql(database, "DROP TRIGGER refuse ON " + DatabaseSamples.TABLE);
  }

  long number(String database, String query) {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement();
        var result = statement.executeQuery(query)) {
      assertThat(result.next()).isTrue();
      return result.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Fails unless the database holds each sample of the batches once. */
  void assertStoredOnce(String database, List<SampleWriter> writers) {
    try (Connection connection = connect(database)) {
      for (SampleWriter writer : writers) {
        DatabaseSamples.assertEachOnce(connection, writer);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    if (server.isAlive()) {
      thaw();
    }
    server.close();
  }
}
