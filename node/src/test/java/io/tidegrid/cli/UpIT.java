package io.tidegrid.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code up} as a process of its own: what it prints and how it ends. */
class UpIT {

  @TempDir private Path dir;
  private Process process;

  @AfterEach
  void end() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  @Test
  void aSignalEndsANodeWithCodeZero() throws Exception {
    start("up", "--storage", "memory", "--http-port", "0", "--grid-port", "0");
    await().atMost(Duration.ofSeconds(60)).until(() -> out().contains("http://"));
    assertThat(out().strip().lines()).hasSizeLessThan(10);

    // SIGTERM, as docker stop and Kubernetes send it.
    process.destroy();

    assertThat(process.waitFor(60, SECONDS)).isTrue();
    assertThat(process.exitValue()).as(err()).isZero();
  }

  @Test
  void jsonLogsHoldNothingElse() throws Exception {
    start(
        "up",
        "--storage",
        "memory",
        "--http-port",
        "0",
        "--grid-port",
        "0",
        "--set",
        "log.format=json");
    await().atMost(Duration.ofSeconds(60)).until(() -> err().contains("http://"));
    process.destroy();
    assertThat(process.waitFor(60, SECONDS)).isTrue();

    assertThat(out()).isEmpty();
    assertThat(err().lines())
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).startsWith("{\"timestamp\":").endsWith("}"));
  }

  @Test
  void aWrongConfigurationEndsWithCodeTwo() throws Exception {
    start("up", "--http-host", "0.0.0.0");

    assertThat(process.waitFor(30, SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(2);
    assertThat(err()).startsWith("tidegrid: http.host (--http-host)");
  }

  private void start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    // The flags of the test JVM are those of the launcher.
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("--") || flag.startsWith("-Djava.util.concurrent"))
        .forEach(command::add);
    command.addAll(List.of("-Xmx512m", "-cp", System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    process =
        new ProcessBuilder(command)
            .directory(dir.toFile())
            .redirectOutput(dir.resolve("out").toFile())
            .redirectError(dir.resolve("err").toFile())
            .start();
  }

  private String out() throws IOException {
    return Files.readString(dir.resolve("out"));
  }

  private String err() throws IOException {
    return Files.readString(dir.resolve("err"));
  }
}
