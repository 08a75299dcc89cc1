package io.tidegrid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.persist.EmbeddedDatabase;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code migrate}: what it says, what it changes, and its exit codes. */
class MigrateIT {

  private static final String[] SCRIPTS = {
    "V001__samples.sql",
    "V002__blocks.sql",
    "V003__views.sql",
    "V004__rollups.sql",
    "V005__rollup_views.sql",
    "V006__inbox.sql",
    "V007__events.sql",
    "V008__alerts.sql",
    "V009__bulk_views.sql"
  };

  @TempDir private static Path directory;
  private static EmbeddedDatabase server;

  private record Ran(int code, String out, String err) {}

  @BeforeAll
  static void start() throws IOException {
    // Unpacking them takes longer than the tests.
    Path shared = Files.createDirectories(Path.of("target", "postgres-binaries").toAbsolutePath());
    Files.createSymbolicLink(directory.resolve("postgres-binaries"), shared);
    server = EmbeddedDatabase.start(directory, 0, 20, Duration.ofSeconds(20));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aDryRunListsWhatIsPendingAndChangesNothing() throws SQLException {
    create("dry");
    for (int run = 0; run < 2; run++) {
      Ran ran = migrate("dry", "--dry-run");
      assertThat(ran.code()).as(ran.err()).isZero();
      assertThat(ran.err()).isEmpty();
      assertThat(ran.out().lines())
          .startsWith(Stream.of(SCRIPTS).map(script -> "pending  " + script).toArray(String[]::new))
          .hasSize(SCRIPTS.length + 1)
          .last()
          .asString()
          .startsWith("retention would drop nothing");
    }
    assertThat(number("dry", "SELECT count(*) FROM pg_class WHERE relname LIKE 'tidegrid%'"))
        .isZero();
    assertThat(number("dry", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        .isZero();
  }

  @Test
  void appliesWhatIsPendingOnce() throws SQLException {
    create("applied");
    Ran first = migrate("applied");
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.out().lines())
        .startsWith(
            Stream.of(SCRIPTS).map(script -> "applied now  " + script).toArray(String[]::new))
        .hasSize(SCRIPTS.length + 1);
    assertThat(number("applied", "SELECT count(*) FROM tidegrid_schema")).isEqualTo(SCRIPTS.length);
    assertThat(number("applied", "SELECT count(*) FROM metrics")).isZero();

    for (String flag : new String[] {"--dry-run", "--set=http.port=8001"}) {
      Ran again = migrate("applied", flag);
      assertThat(again.code()).as(again.err()).isZero();
      assertThat(again.out().lines())
          .startsWith(Stream.of(SCRIPTS).map(script -> "applied  " + script).toArray(String[]::new))
          .contains("the schema is up to date")
          .hasSize(SCRIPTS.length + 2);
    }
    assertThat(number("applied", "SELECT count(*) FROM tidegrid_schema")).isEqualTo(SCRIPTS.length);
  }

  @Test
  void showsWhatRetentionWouldDropAndLeavesItToANode() throws SQLException {
    create("old");
    assertThat(migrate("old").code()).isZero();
    execute(
        "old",
        "CREATE TABLE blocks_p20200101 PARTITION OF blocks FOR VALUES FROM ('2020-01-01Z') TO"
            + " ('2020-01-02Z')");
    execute(
        "old",
        "INSERT INTO block_days (day, last_write) VALUES ('2020-01-01Z', now() - interval '20"
            + " days')");
    // Written to lately: samples imported with old dates live as long as new ones.
    assertThat(migrate("old", "--dry-run").out()).contains("retention would drop nothing");
    for (String flag : new String[] {"--dry-run", "--set=http.port=8001"}) {
      Ran ran = migrate("old", flag, "--set", "retention.raw=10d");
      assertThat(ran.code()).as(ran.err()).isZero();
      assertThat(ran.out())
          .contains(
              "retention would drop what ended and was last written to before 20",
              "  blocks_p20200101  2020-01-01T00:00:00Z to 2020-01-02T00:00:00Z, about 0 rows,",
              "; a running node drops it");
    }
    Ran forever = migrate("old", "--dry-run", "--set", "retention.raw=0");
    assertThat(forever.out())
        .contains("samples are kept for ever")
        .doesNotContain("blocks_p20200101");
    assertThat(number("old", "SELECT count(*) FROM pg_class WHERE relname = 'blocks_p20200101'"))
        .isEqualTo(1);
    assertThat(number("old", "SELECT count(*) FROM block_days")).isEqualTo(1);
  }

  @Test
  void aSchemaOfANewerVersionFailsAndIsNotTouched() throws SQLException {
    create("newer");
    assertThat(migrate("newer").code()).isZero();
    execute(
        "newer",
        "INSERT INTO tidegrid_schema (version, name, checksum) VALUES (99, 'V099__new.sql', 'x')");
    for (String flag : new String[] {"--dry-run", "--set=http.port=8001"}) {
      Ran ran = migrate("newer", flag);
      assertThat(ran.code()).isEqualTo(Main.FAILED);
      assertThat(ran.out()).isEmpty();
      assertThat(ran.err().lines())
          .singleElement()
          .asString()
          .startsWith("tidegrid: the database has schema version 99, this node knows up to 9");
    }
    assertThat(number("newer", "SELECT count(*) FROM tidegrid_schema")).isEqualTo(10);
  }

  @Test
  void aDatabaseThatCannotBeUsedFailsWithASentence() throws IOException {
    int closed;
    try (ServerSocket socket = new ServerSocket(0)) {
      closed = socket.getLocalPort();
    }
    assertFails(
        run("migrate", "--database-url", "postgresql://a:hidden@127.0.0.1:" + closed + "/d"));
    assertFails(
        run(
            "migrate",
            "--dry-run",
            "--database-url",
            "postgresql://postgres:hidden@127.0.0.1:" + server.port() + "/postgres"));
    assertFails(migrate("missing"));
  }

  private static void assertFails(Ran ran) {
    assertThat(ran.code()).isEqualTo(Main.FAILED);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .startsWith("tidegrid: the database cannot be used: ")
        .doesNotContain("hidden", "\tat ");
  }

  private static Ran migrate(String database, String... more) {
    return run(
        Stream.concat(
                Stream.of(
                    "migrate",
                    "--database-url",
                    server.jdbcUrl(database),
                    "--database-user",
                    EmbeddedDatabase.USER,
                    "--database-password",
                    server.password()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private static Ran run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(err, true));
    int code = commandLine.execute(arguments);
    return new Ran(code, out.toString(), err.toString());
  }

  private static void create(String database) throws SQLException {
    execute(EmbeddedDatabase.DATABASE, "CREATE DATABASE " + database);
  }

  private static Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl(database), EmbeddedDatabase.USER, server.password());
  }

  private static void execute(String database, String sql) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static long number(String database, String query) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement();
        var result = statement.executeQuery(query)) {
      assertThat(result.next()).isTrue();
      return result.getLong(1);
    }
  }
}
