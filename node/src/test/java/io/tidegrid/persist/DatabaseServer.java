package io.tidegrid.persist;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The servers that tests know. Each is started when it is first used, and ends with the JVM. */
final class DatabaseServer {

  /** Names a database, with credentials that may create databases there, or at least schemas. */
  private static final String VARIABLE = "TIDEGRID_TEST_DATABASE_URL";

  private static final String INSUFFICIENT_PRIVILEGE = "42501";

  /**
   * The one that a node without a database URL runs, with the node's settings, but without waiting
   * for the disk: what that is for is tested by {@link EmbeddedDatabaseTest}.
   */
  static final DatabaseServer EMBEDDED =
      new DatabaseServer("embedded", Optional.of(DatabaseServer::startEmbedded));

  /** A PostgreSQL 15 with the settings it comes with. */
  static final DatabaseServer PLAIN =
      new DatabaseServer("plain", plainBinaries().map(binaries -> () -> startPlain(binaries)));

  /** The one that the environment names, if it does. */
  static final DatabaseServer GIVEN = new DatabaseServer("given", given().map(url -> () -> url));

  /** Starts a server, or finds it, and gives its URL. */
  private interface Start {
    String url() throws IOException;
  }

  private final String name;
  private final Optional<Start> start;
  private final List<String> undo = new ArrayList<>();
  private Optional<String> started = Optional.empty();

  private DatabaseServer(String name, Optional<Start> start) {
    this.name = name;
    this.start = start;
  }

  /** Returns those that tests can run on here. */
  static List<DatabaseServer> available() {
    return Stream.of(EMBEDDED, PLAIN, GIVEN).filter(server -> server.start.isPresent()).toList();
  }

  private static Optional<String> given() {
    return Optional.ofNullable(System.getenv(VARIABLE))
        .filter(url -> !url.isBlank())
        .map(DatabaseServer::forDriver);
  }

  /** The driver alone knows neither the forms that a node takes nor credentials before the host. */
  private static String forDriver(String text) {
    DatabaseUrl url = DatabaseUrl.parse(text);
    Map<String, String> parameters = new TreeMap<>();
    url.parameters().forEach((name, value) -> parameters.put((String) name, (String) value));
    url.user().ifPresent(user -> parameters.put("user", user));
    url.password().ifPresent(password -> parameters.put("password", password));
    return parameters.entrySet().stream()
        .map(pair -> pair.getKey() + "=" + URLEncoder.encode(pair.getValue(), UTF_8))
        .collect(Collectors.joining("&", url.jdbcUrl() + "?", ""));
  }

  private static String startEmbedded() throws IOException {
    Path directory = directory();
    EmbeddedPostgres.Builder builder = builder(directory);
    EmbeddedDatabase.serverConfig(100).forEach(builder::setServerConfig);
    return url(builder.setServerConfig("fsync", "off").start());
  }

  private static Optional<Path> plainBinaries() {
    Path directory = Path.of(System.getProperty("tidegrid.test.plain-postgres", "missing"));
    if (!Files.isDirectory(directory)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".txz")).findFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String startPlain(Path binaries) throws IOException {
    Path directory = directory();
    return url(
        builder(directory)
            .setPgBinaryResolver((system, machine) -> Files.newInputStream(binaries))
            .start());
  }

  private static EmbeddedPostgres.Builder builder(Path directory) {
    ProcessBuilder.Redirect log =
        ProcessBuilder.Redirect.appendTo(directory.resolve("postgres.log").toFile());
    return EmbeddedPostgres.builder()
        .setOverrideWorkingDirectory(directory.resolve("binaries").toFile())
        .setDataDirectory(directory.resolve("data"))
        .setErrorRedirector(log)
        .setOutputRedirector(log);
  }

  private static String url(EmbeddedPostgres server) {
    return server.getJdbcUrl("postgres", "postgres");
  }

  private static Path directory() throws IOException {
    return Files.createTempDirectory(Path.of("target").toAbsolutePath(), "postgres");
  }

  private String adminUrl() {
    if (started.isEmpty()) {
      try {
        started = Optional.of(start.orElseThrow().url());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return started.get();
  }

  /** Creates an empty database, or where that is not allowed a schema; returns its URL. */
  synchronized String newDatabase() {
    String database = "tidegrid_test_" + UUID.randomUUID().toString().replace('-', '_');
    String admin = adminUrl();
    if (this == GIVEN && undo.isEmpty()) {
      // The other servers end with the tests.
      Runtime.getRuntime().addShutdownHook(new Thread(this::clean));
    }
    try (Connection connection = TestServer.connect(admin);
        Statement statement = connection.createStatement()) {
      try {
        statement.execute("CREATE DATABASE " + database + " STRATEGY file_copy");
        undo.add("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)");
        return withDatabase(admin, database);
      } catch (SQLException e) {
        if (!INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
          throw e;
        }
        statement.execute("CREATE SCHEMA " + database);
        undo.add("DROP SCHEMA IF EXISTS " + database + " CASCADE");
        return admin + (admin.contains("?") ? "&" : "?") + "currentSchema=" + database + ",public";
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String withDatabase(String url, String database) {
    int end = url.indexOf('?') < 0 ? url.length() : url.indexOf('?');
    return url.substring(0, url.lastIndexOf('/', end) + 1) + database + url.substring(end);
  }

  /** Drops what {@link #newDatabase} created. */
  private synchronized void clean() {
    try (Connection connection = TestServer.connect(adminUrl());
        Statement statement = connection.createStatement()) {
      for (String sql : undo) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
