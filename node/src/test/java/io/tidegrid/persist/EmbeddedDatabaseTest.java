package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class EmbeddedDatabaseTest {

  private static final Duration GRACE = Duration.ofSeconds(30);

  /** Run in a process of its own, to be killed. */
  static final class Victim {

    private Victim() {}

    public static void main(String[] args) throws Exception {
      EmbeddedDatabase server = EmbeddedDatabase.start(Path.of(args[0]), 0, 20, GRACE);
      String url = TestServer.url(server, EmbeddedDatabase.DATABASE);
      TestServer.execute(url, "INSERT INTO kept VALUES (2)");
      System.out.println("started");
      Thread.currentThread().join();
    }
  }

  @Test
  void keepsItsDataOverAStopAndOverAHardKill(@TempDir Path directory) throws Exception {
    Path data = directory.resolve("data with space");
    try (EmbeddedDatabase server = EmbeddedDatabase.start(data, 0, 20, GRACE)) {
      String url = TestServer.url(server, EmbeddedDatabase.DATABASE);
      TestServer.execute(url, "CREATE TABLE kept (n int)");
      TestServer.execute(url, "INSERT INTO kept VALUES (1)");
      for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
        assertThat(
                TestServer.number(url, "SELECT (current_setting('" + setting + "') = 'on')::int"))
            .as(setting)
            .isOne();
      }
      assertThat(server.isAlive()).isTrue();

      assertThatThrownBy(() -> EmbeddedDatabase.start(data, 0, 20, GRACE))
          .isInstanceOf(DataDirectoryInUseException.class)
          .hasMessageContaining("another node is using the data directory");
      assertThatThrownBy(() ->
              DriverManager.getConnection(
                  server.jdbcUrl(EmbeddedDatabase.DATABASE), EmbeddedDatabase.USER, "wrong"))
          .isInstanceOf(SQLException.class);
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(data.resolve("postgres.password"))))
          .isEqualTo("rw-------");
    }

    Process victim = startVictim(data);
    long orphan = postmaster(data);
    assertThat(ProcessHandle.of(orphan)).isPresent();
    assertThatThrownBy(() -> EmbeddedDatabase.start(data, 0, 20, GRACE))
        .hasMessageContaining("another node is using the data directory");
    victim.destroyForcibly().waitFor();
    assertThat(ProcessHandle.of(orphan).filter(ProcessHandle::isAlive)).isPresent();

    try (EmbeddedDatabase server = EmbeddedDatabase.start(data, 0, 20, GRACE)) {
      String url = TestServer.url(server, EmbeddedDatabase.DATABASE);
      assertThat(TestServer.number(url, "SELECT sum(n) FROM kept")).isEqualTo(3);
      assertThat(ProcessHandle.of(orphan).filter(ProcessHandle::isAlive)).isEmpty();
    }
    assertThat(data.resolve("postgres/postmaster.pid")).doesNotExist();
  }

  private static Process startVictim(Path data) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Victim.class.getName(),
                data.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    assertThat(out.readLine()).isEqualTo("started");
    return process;
  }

  private static long postmaster(Path data) throws IOException {
    return Long.parseLong(
        Files.readAllLines(data.resolve("postgres/postmaster.pid")).getFirst().strip());
  }

  @Test
  void aStartThatWasCutShortIsBegunAnew(@TempDir Path data) throws Exception {
    Files.createDirectories(data.resolve("postgres/base"));
    Files.writeString(data.resolve("postgres/postgresql.conf"), "");
    try (EmbeddedDatabase server = EmbeddedDatabase.start(data, 0, 20, GRACE)) {
      assertThat(server.isAlive()).isTrue();
    }
  }

  @Test
  void thePasswordIsTheOneThatIsWanted(@TempDir Path data) throws Exception {
    Path file = data.resolve("postgres.password");
    try (EmbeddedDatabase server = start(data, Optional.of("first"))) {
      assertThat(canLogIn(server, "first")).isTrue();
      assertThat(canLogIn(server, "postgres")).isFalse();
    }
    try (EmbeddedDatabase server = start(data, Optional.of("it's \"two\""))) {
      assertThat(server.password()).isEqualTo("it's \"two\"");
      assertThat(canLogIn(server, "it's \"two\"")).isTrue();
      assertThat(canLogIn(server, "first")).isFalse();
      assertThat(file).hasContent("it's \"two\"");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
    try (EmbeddedDatabase server = start(data, Optional.empty())) {
      assertThat(canLogIn(server, "it's \"two\"")).isTrue();
    }
    // Killed after the server had taken over the third password, before the file said so.
    String program;
    try (EmbeddedDatabase server = start(data, Optional.of("third"))) {
      assertThat(canLogIn(server, "third")).isTrue();
      ProcessHandle postmaster = ProcessHandle.of(postmaster(data)).orElseThrow();
      program = postmaster.info().command().orElseThrow();
    }
    Files.writeString(file, "it's \"two\"");
    Files.writeString(data.resolve("postgres.password.changing"), program);
    try (EmbeddedDatabase server = start(data, Optional.of("fourth"))) {
      assertThat(canLogIn(server, "fourth")).isTrue();
      assertThat(data.resolve("postgres.password.changing")).doesNotExist();
    }
    assertThat(Files.readString(data.resolve("postgres.log")))
        .doesNotContain("third")
        .doesNotContain("fourth");
  }

  private static EmbeddedDatabase start(Path data, Optional<String> password) {
    return EmbeddedDatabase.start(data, 0, password, 20, GRACE);
  }

  private static boolean canLogIn(EmbeddedDatabase server, String password) {
    try {
      DriverManager.getConnection(
              server.jdbcUrl(EmbeddedDatabase.DATABASE), EmbeddedDatabase.USER, password)
          .close();
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  @Test
  void aTakenPortIsNamed(@TempDir Path data) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> EmbeddedDatabase.start(data, taken.getLocalPort(), 20, GRACE))
          .hasMessageContaining("port " + taken.getLocalPort())
          .hasMessageContaining("storage.embedded.port");
    }
  }
}
