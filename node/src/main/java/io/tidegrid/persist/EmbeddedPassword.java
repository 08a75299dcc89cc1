package io.tidegrid.persist;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;

/**
 * The password of the embedded PostgreSQL's only user: in {@code postgres.password} of the data
 * directory, readable by its owner alone. While it is changed another file says so; after a change
 * that was cut short, the server gets what {@code postgres.password} says before it starts again.
 */
final class EmbeddedPassword {

  private static final System.Logger LOG = System.getLogger(EmbeddedPassword.class.getName());

  private static final long REPAIR_TIMEOUT_SECONDS = 180;

  private final Path file;

  /** While the password is changed: which program the server is. */
  private final Path changing;

  private final Optional<String> wanted;
  private String current;

  /**
   * Reads the password, or makes one when there is none.
   *
   * @param wanted what it shall be; empty to leave it
   */
  EmbeddedPassword(Path dataDirectory, Optional<String> wanted) throws IOException {
    this.file = dataDirectory.resolve("postgres.password");
    this.changing = dataDirectory.resolve("postgres.password.changing");
    this.wanted = wanted;
    String stored = Files.exists(file) ? Files.readString(file).strip() : "";
    if (stored.isEmpty()) {
      this.current = wanted.orElseGet(EmbeddedPassword::generate);
      write(file, current);
    } else {
      this.current = stored;
    }
  }

  private static String generate() {
    byte[] random = new byte[24];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  private static void write(Path target, String password) throws IOException {
    Path file = target.resolveSibling(target.getFileName() + ".new");
    Files.deleteIfExists(file);
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(file, password);
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Returns the file that holds the password. */
  Path file() {
    return file;
  }

  /** Returns the password that holds now; it must not be logged. */
  String current() {
    return current;
  }

  /**
   * Mends what a change that was cut short left. To be called while no server runs on the files.
   */
  void repair(Path files) throws IOException {
    if (!Files.exists(changing)) {
      return;
    }
    if (Files.exists(files.resolve("PG_VERSION"))) {
      alone(
          files,
          "ALTER ROLE %s PASSWORD '%s';\n"
              .formatted(EmbeddedDatabase.USER, current.replace("'", "''")));
    }
    Files.delete(changing);
  }

  /** Runs a statement in a PostgreSQL that nobody can connect to. */
  private void alone(Path files, String sql) throws IOException {
    List<String> command = new ArrayList<>();
    if (new UnixSystem().getUid() == 0) {
      command.addAll(List.of("unshare", "-U"));
    }
    command.addAll(
        List.of(
            Files.readString(changing),
            "--single",
            "-D",
            files.toString(),
            EmbeddedDatabase.DATABASE));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (var in = process.getOutputStream()) {
      in.write(sql.getBytes(StandardCharsets.UTF_8));
    }
    try {
      if (!process.waitFor(REPAIR_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      if (process.waitFor() != 0) {
        throw new IOException("the password could not be reset after a change of it was cut short");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /**
   * Brings the server to the password that is wanted.
   *
   * @param program the server's program
   */
  void apply(String jdbcUrl, String program) throws IOException {
    if (wanted.isEmpty() || wanted.get().equals(current)) {
      return;
    }
    Files.writeString(changing, program);
    Properties properties = new Properties();
    properties.setProperty("user", EmbeddedDatabase.USER);
    properties.setProperty("password", current);
    properties.setProperty("sslmode", "disable");
    properties.setProperty("gssEncMode", "disable");
    try (Connection connection = DriverManager.getConnection(jdbcUrl, properties)) {
      // What is sent is a verifier, so that no log of the server can hold the password.
      connection
          .unwrap(PGConnection.class)
          .alterUserPassword(EmbeddedDatabase.USER, wanted.get().toCharArray(), "scram-sha-256");
    } catch (SQLException e) {
      throw new IOException("the password could not be changed: " + e.getMessage(), e);
    }
    write(file, wanted.get());
    Files.delete(changing);
    current = wanted.get();
    LOG.log(
        System.Logger.Level.INFO,
        "the user {0} of the embedded PostgreSQL has the password of storage.embedded.password",
        EmbeddedDatabase.USER);
  }
}
