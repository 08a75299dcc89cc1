package io.tidegrid.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The part of the launcher that chooses a JDK. */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {

  private static final Path LIBRARY = Path.of("../bin/lib.sh").toAbsolutePath().normalize();

  @TempDir private Path dir;

  @Test
  void anOldJdkIsPassedOver() throws Exception {
    Path old = jdk("old", "17.0.12", true);
    Path current = jdk("current", "25.0.1", true);

    assertThat(shell("JAVA_HOME=%s; candidates='%s %s'".formatted(old, old, current)))
        .isEqualTo(current.toString());
  }

  @Test
  void aRuntimeWithoutACompilerIsPassedOver() throws Exception {
    Path runtime = jdk("runtime", "26", false);
    Path current = jdk("current", "25-ea", true);

    assertThat(shell("candidates='%s %s'".formatted(runtime, current)))
        .isEqualTo(current.toString());
  }

  @Test
  void javaEightIsNotTakenForANewerOne() throws Exception {
    Path eight = jdk("eight", "1.8.0_412", true);

    assertThat(shell("candidates='%s'".formatted(eight)))
        .contains("no JDK 25 or newer was found")
        .contains("Java 8")
        .contains("apt-get install")
        .endsWith("code 2");
  }

  /** Lets the library choose among {@code $candidates} and returns its choice or its words. */
  private String shell(String setUp) throws IOException, InterruptedException {
    String script =
        ". '%s'; %s; tidegrid_jdk_candidates() { printf '%%s\\n' $candidates; };"
                .formatted(LIBRARY, setUp)
            + " if tidegrid_find_jdk; then echo \"$JAVA_HOME\"; else echo \"code $?\"; fi";
    Process process = new ProcessBuilder("bash", "-c", script).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, SECONDS)).isTrue();
    return said.strip();
  }

  private Path jdk(String name, String version, boolean withCompiler) throws IOException {
    Path home = dir.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    executable(home.resolve("bin/java"));
    if (withCompiler) {
      executable(home.resolve("bin/javac"));
    }
    return home;
  }

  private static void executable(Path file) throws IOException {
    Files.writeString(file, "#!/bin/sh\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
