package io.tidegrid.persist;

import com.sun.security.auth.module.UnixSystem;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/**
 * A PostgreSQL of the node's own: durable, on loopback only, with its files in {@code
 * <data-dir>/postgres}, its binaries unpacked below {@code <data-dir>/postgres-binaries}, its log
 * in {@code <data-dir>/postgres.log} and the password of its only user in {@code
 * <data-dir>/postgres.password} (readable by the owner alone). Its data is there after a restart,
 * also after a hard kill of the node. Safe for use by many threads.
 */
public final class EmbeddedDatabase implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(EmbeddedDatabase.class.getName());

  /** The only user. */
  public static final String USER = "postgres";

  /** The database the node uses. */
  public static final String DATABASE = "postgres";

  /** Long, because recovery after a hard kill replays up to max_wal_size. */
  private static final Duration STARTUP_WAIT = Duration.ofMinutes(3);

  private static final long MAX_LOG_BYTES = 16L << 20;

  private final Path postgresDirectory;
  private final FileChannel lockChannel;
  private volatile String password;
  private final Duration stopGrace;
  private final EmbeddedPostgres postgres;
  private boolean closed;

  private EmbeddedDatabase(
      Path postgresDirectory,
      FileChannel lockChannel,
      String password,
      Duration stopGrace,
      EmbeddedPostgres postgres) {
    this.postgresDirectory = postgresDirectory;
    this.lockChannel = lockChannel;
    this.password = password;
    this.stopGrace = stopGrace;
    this.postgres = postgres;
  }

  /**
   * Starts PostgreSQL, initializing its files the first time, and returns when it takes
   * connections. A server that a killed node left behind is stopped first.
   *
   * @param dataDirectory the node's data directory; created when missing
   * @param port TCP port on 127.0.0.1; 0 takes a free one
   * @param maxConnections the most connections it accepts
   * @param stopGrace how long stopping may take
   * @throws IllegalStateException with a message for people when another node uses the directory,
   *     the port is taken, or PostgreSQL cannot run here
   */
  public static EmbeddedDatabase start(
      Path dataDirectory, int port, int maxConnections, Duration stopGrace) {
    return start(dataDirectory, port, Optional.empty(), maxConnections, stopGrace);
  }

  /**
   * The same with a password of one's own.
   *
   * @param password what the password of {@link #USER} shall be from now on; empty leaves it, the
   *     first time generates one
   */
  public static EmbeddedDatabase start(
      Path dataDirectory,
      int port,
      Optional<String> password,
      int maxConnections,
      Duration stopGrace) {
    Path absolute = dataDirectory.toAbsolutePath().normalize();
    try {
      Files.createDirectories(absolute);
      FileChannel lock = lock(absolute);
      try {
        return start(absolute, port, password, maxConnections, stopGrace, lock);
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw new IllegalStateException(
          "the embedded PostgreSQL in " + absolute + " did not start: " + e.getMessage(), e);
    }
  }

  private static EmbeddedDatabase start(
      Path dataDirectory,
      int port,
      Optional<String> wantedPassword,
      int maxConnections,
      Duration stopGrace,
      FileChannel lock)
      throws IOException {
    checkUser();
    Path files = dataDirectory.resolve("postgres");
    stopOrphan(files, stopGrace);
    if (port != 0) {
      checkFree(port);
    }
    Path ready = dataDirectory.resolve("postgres.ready");
    if (!Files.exists(ready)) {
      // A first start that was cut short: nothing was ever acknowledged from these files.
      deleteTree(files);
    }
    EmbeddedPassword password = new EmbeddedPassword(dataDirectory, wantedPassword);
    password.repair(files);
    File log = logFile(dataDirectory);
    Path binaries = dataDirectory.resolve("postgres-binaries");
    UnpackedBinaries.copyTo(binaries);
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(files)
            .setOverrideWorkingDirectory(binaries.toFile())
            .setCleanDataDirectory(false)
            .setRegisterShutdownHook(false)
            .setPGStartupWait(STARTUP_WAIT)
            .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log))
            .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log))
            .setPort(port)
            // These reach initdb as --auth-host and so on, and override its "trust".
            .setLocaleConfig("auth-host", "scram-sha-256")
            .setLocaleConfig("auth-local", "scram-sha-256")
            .setLocaleConfig("pwfile", password.file().toString())
            .setLocaleConfig("locale", "C")
            .setConnectConfig("password", password.current());
    serverConfig(maxConnections).forEach(builder::setServerConfig);
    EmbeddedPostgres postgres;
    try {
      postgres = builder.start();
    } catch (IOException | RuntimeException e) {
      throw new IllegalStateException(
          "the embedded PostgreSQL did not start; its log is " + log + ": " + e.getMessage(), e);
    }
    if (!Files.exists(ready)) {
      Files.createFile(ready);
      UnpackedBinaries.leave(binaries);
    }
    EmbeddedDatabase database =
        new EmbeddedDatabase(files, lock, password.current(), stopGrace, postgres);
    try {
      String program = postmaster(files).flatMap(p -> p.info().command()).orElse("postgres");
      password.apply(database.jdbcUrl(DATABASE), program);
    } catch (IOException e) {
      database.close();
      throw e;
    }
    database.password = password.current();
    return database;
  }

  /** Returns the server's settings. */
  static Map<String, String> serverConfig(int maxConnections) {
    return Map.ofEntries(
        // The library switches both off; what is committed must survive a power cut.
        Map.entry("fsync", "on"),
        Map.entry("synchronous_commit", "on"),
        Map.entry("listen_addresses", "127.0.0.1"),
        Map.entry("unix_socket_directories", ""),
        Map.entry("max_connections", Integer.toString(maxConnections)),
        // No replicas are fed from it, so the log need only serve recovery.
        Map.entry("wal_level", "minimal"),
        Map.entry("max_wal_senders", "0"),
        // Appending at full rate writes gigabytes of log; checkpoints by volume would come every
        // few seconds with the default of 1 GB, each followed by full-page images.
        Map.entry("max_wal_size", "4GB"),
        Map.entry("min_wal_size", "256MB"),
        Map.entry("checkpoint_timeout", "15min"),
        Map.entry("wal_compression", "on"),
        Map.entry("wal_buffers", "16MB"),
        // Rows are written once and read by whole hours, which a larger cache of its own does not
        // help; memory is better left to the node and to the file system's cache.
        Map.entry("shared_buffers", "128MB"),
        // COPY writes its pages from a ring of buffers of its own, so there is little to clean
        // ahead.
        Map.entry("bgwriter_lru_maxpages", "0"),
        Map.entry("jit", "off"),
        // What is read is in memory or on flash.
        Map.entry("random_page_cost", "1.1"),
        // Reads are scans that the planner cannot make faster with more processes than two.
        Map.entry("max_parallel_workers_per_gather", "1"),
        Map.entry("max_worker_processes", "4"),
        Map.entry("password_encryption", "scram-sha-256"),
        Map.entry("log_min_messages", "warning"),
        Map.entry("log_checkpoints", "off"));
  }

  private static FileChannel lock(Path dataDirectory) throws IOException {
    Path file = dataDirectory.resolve("postgres.lock");
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    Optional<FileLock> lock;
    try {
      lock = Optional.ofNullable(channel.tryLock());
    } catch (OverlappingFileLockException e) {
      lock = Optional.empty();
    }
    if (lock.isEmpty()) {
      channel.close();
      throw new DataDirectoryInUseException(
          "another node is using the data directory "
              + dataDirectory
              + "; give each node its own --data-dir, or one shared --database-url");
    }
    return channel;
  }

  /**
   * PostgreSQL refuses to run as root; as root it runs in a user namespace, if there may be one.
   */
  private static void checkUser() {
    boolean linux = System.getProperty("os.name", "").startsWith("Linux");
    if (linux && new UnixSystem().getUid() == 0 && !LinuxUtils.isUnshareAvailable()) {
      throw new IllegalStateException(
          "PostgreSQL refuses to run as root, and \"unshare -U\", which gives it a user namespace of"
              + " its own, is missing or forbidden here; run the node as another user, allow user"
              + " namespaces, or name a database with --database-url");
    }
  }

  private static void checkFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw new IllegalStateException(
          "port "
              + port
              + " for the embedded PostgreSQL is taken; set storage.embedded.port to a free one, or"
              + " to 0",
          e);
    }
  }

  private static File logFile(Path dataDirectory) throws IOException {
    Path log = dataDirectory.resolve("postgres.log");
    if (Files.exists(log) && Files.size(log) > MAX_LOG_BYTES) {
      Files.move(
          log,
          dataDirectory.resolve("postgres.log.1"),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
    return log.toFile();
  }

  /**
   * Stops a server that a killed node left running on these files. It is stopped rather than
   * adopted, so that the settings of this start hold and there is one way to run.
   */
  private static void stopOrphan(Path files, Duration grace) throws IOException {
    Optional<ProcessHandle> orphan = postmaster(files);
    if (orphan.isPresent()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "stopping the PostgreSQL (process {0}) that an earlier run left behind in {1}",
          Long.toString(orphan.get().pid()),
          files);
      stop(orphan.get(), grace);
    }
    // Of a server that is gone; a reused process id would make the next start refuse.
    Files.deleteIfExists(files.resolve("postmaster.pid"));
    // The library's own lock file is no obstacle: its lock died with the process that held it.
  }

  private static Optional<ProcessHandle> postmaster(Path files) throws IOException {
    Path pidFile = files.resolve("postmaster.pid");
    if (!Files.exists(pidFile)) {
      return Optional.empty();
    }
    List<String> lines = Files.readAllLines(pidFile);
    if (lines.isEmpty() || !lines.getFirst().strip().matches("[0-9]+")) {
      return Optional.empty();
    }
    // The id may since belong to any process, so its command has to be a postgres on these files.
    return ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
        .filter(ProcessHandle::isAlive)
        .filter(handle -> {
          String command = handle.info().commandLine().orElse("");
          return command.contains("postgres") && command.contains(files.toString());
        });
  }

  private static void stop(ProcessHandle postmaster, Duration grace) {
    // One that somebody stopped would not even see the signals that end it.
    signal(postmaster, "CONT");
    // SIGINT is PostgreSQL's fast shutdown: clients are cut off, a checkpoint is written.
    signal(postmaster, "INT");
    if (!exited(postmaster, grace)) {
      // Immediate shutdown: nothing committed is lost, the next start recovers from the log.
      signal(postmaster, "QUIT");
      if (!exited(postmaster, Duration.ofSeconds(10))) {
        throw new IllegalStateException(
            "the PostgreSQL of an earlier run (process " + postmaster.pid() + ") does not stop");
      }
    }
  }

  private static void signal(ProcessHandle process, String name) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
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

  private static boolean exited(ProcessHandle process, Duration within) {
    try {
      process.onExit().get(Math.max(within.toMillis(), 1), TimeUnit.MILLISECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return !process.isAlive();
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      return !process.isAlive();
    }
  }

  static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, IOException e) throws IOException {
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Returns the address of a database of this server, without credentials. */
  public String jdbcUrl(String database) {
    return "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/" + database;
  }

  /** Returns the password of {@link #USER}; it must not be logged. */
  public String password() {
    return password;
  }

  /** Returns the TCP port on 127.0.0.1. */
  public int port() {
    return postgres.getPort();
  }

  /** Tells whether the server process runs. */
  public boolean isAlive() {
    try {
      return postmaster(postgresDirectory).isPresent();
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Stops the server, writing a checkpoint so that the next start need not recover, and releases
   * the data directory. Calling it again does nothing.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    checkpoint();
    try {
      Optional<ProcessHandle> postmaster = postmaster(postgresDirectory);
      if (postmaster.isPresent()) {
        stop(postmaster.get(), stopGrace);
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "the embedded PostgreSQL did not stop", e);
    } finally {
      release();
    }
  }

  /** Before stopping, because the stop would hold up clients that are still at work. */
  private void checkpoint() {
    if (!isAlive()) {
      return;
    }
    Properties properties = new Properties();
    properties.setProperty("user", USER);
    properties.setProperty("password", password);
    properties.setProperty("sslmode", "disable");
    properties.setProperty("gssEncMode", "disable");
    String seconds = Long.toString(Math.max(stopGrace.toSeconds(), 1));
    properties.setProperty("socketTimeout", seconds);
    try (Connection connection = DriverManager.getConnection(jdbcUrl(DATABASE), properties);
        Statement statement = connection.createStatement()) {
      statement.execute("CHECKPOINT");
    } catch (SQLException e) {
      LOG.log(System.Logger.Level.DEBUG, "no checkpoint before the stop", e);
    }
  }

  /** Has the library give up its lock; that it finds no server to stop any more is no error. */
  private void release() {
    java.util.logging.Logger library =
        java.util.logging.Logger.getLogger(EmbeddedPostgres.class.getName());
    java.util.logging.Level before = library.getLevel();
    library.setLevel(java.util.logging.Level.OFF);
    try {
      postgres.close();
      lockChannel.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "releasing the data directory", e);
    } finally {
      library.setLevel(before);
    }
  }
}
