package io.tidegrid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class MainTest {

  /** What a command left behind. */
  record Ran(int code, String out, String err) {}

  @TempDir private Path dir;

  @Test
  void versionAndHelpAreDone() {
    assertThat(run("version"))
        .satisfies(ran -> assertThat(ran.code()).isZero())
        .satisfies(ran -> assertThat(ran.out()).startsWith("tidegrid ").contains("Java "));
    assertThat(run("--version").out()).startsWith("tidegrid ");
    assertThat(run("help").code()).isZero();
    assertThat(run("help", "up").out()).contains("--http-port");
  }

  @Test
  void helpListsWhatExistsOnly() {
    assertThat(run("--help").out())
        .contains("up", "generate", "check-config", "migrate", "version", "help")
        .doesNotContain("rehearse", "token");
  }

  @ParameterizedTest
  @CsvSource({
    "'', a command is missing",
    "upp, Did you mean: tidegrid up?",
    "up --http-prot 1, --http-port",
    "up --http-port, Missing required parameter",
    "up --set novalue, --set wants key=value",
    "up --set http.prot=1, did you mean \"http.port\"?",
    "up --http-host 0.0.0.0, security.mode",
    "up --join other:5701, --database-url",
    "up --config /nowhere/tidegrid.yaml, no such configuration file",
    "migrate, migrate needs --database-url",
    "migrate --dry-run --storage embedded, migrate needs --database-url",
    "migrate --database-url mysql://db/d, database.url",
    "migrate --dryrun, --dry-run",
    "check-config --storage disk, one of embedded | database | memory",
    "generate --pattern zigzag, 'expected sine_wave, noise, linear_trend, spike or combined'",
    "generate --duration long, expected seconds or a duration",
    "generate --interval 0, --interval must be longer than 0",
    "generate --duration 1 --interval 5, --duration must be at least --interval",
    "generate --base-url localhost:8000, --base-url wants",
    "generate --series 0, --series must be from 1",
    "generate --start 2025-12-03T12:00:00Z, --start needs --speed fast"
  })
  void wrongUsageSaysWhatToChange(String arguments, String hint) {
    Ran ran = run(arguments.isEmpty() ? new String[0] : arguments.split(" ", -1));

    assertThat(ran.code()).isEqualTo(Main.WRONG_USAGE);
    assertThat(ran.err()).startsWith("tidegrid: ").contains(hint).doesNotContain("\tat ");
  }

  @Test
  void checkConfigShowsWhatUpWouldRunWith() throws IOException {
    Path file = Files.writeString(dir.resolve("t.yaml"), "http.port: 8123\nlog.format: json\n");

    Ran ran =
        run(
            "check-config",
            "--config",
            file.toString(),
            "--set",
            "log.format=console",
            "--join",
            "a:1,b:2",
            "--database-url",
            "postgresql://u:hidden@db/d");

    assertThat(ran.code()).isZero();
    assertThat(ran.out())
        .contains("http.port: 8123", "t.yaml line 1", "log.format: console", "grid.join: a:1,b:2")
        .doesNotContain("hidden");
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
}
