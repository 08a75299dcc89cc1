package io.tidegrid.persist;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a node persists samples. {@link #embedded} and {@link #remote} fill in the defaults named
 * here; the {@code with…} methods change single ones.
 *
 * @param databaseUrl the database to use; empty runs an embedded PostgreSQL in the data directory
 * @param databaseUser overrides the user in the URL
 * @param databasePassword overrides the password in the URL; never logged
 * @param dataDirectory where the embedded PostgreSQL keeps its files; must exist or be creatable
 * @param embeddedPort TCP port of the embedded PostgreSQL on loopback; 0 (default) takes a free one
 * @param poolSize the most connections held, default 20
 * @param maxPendingBytes bytes of journal entries owned by this member from which on it refuses
 *     samples, default 512 MiB
 * @param maxPendingAge age of the oldest journal entry from which on it refuses samples, default 10
 *     minutes
 * @param writeDelay how long a batch waits in the write-behind queue, whole seconds, default 1 s
 * @param sweepAge age from which on the owner stores a journal entry that no queue holds, default 5
 *     s
 * @param commitTimeout how long a durable commit waits for the database, default 5 s
 * @param statementTimeout after which the database cancels a statement, default 60 s
 * @param memoryRetention how far back a cold start replays samples into memory, default 3 days
 * @param shutdownGrace how long the embedded PostgreSQL may take to stop, default 60 s
 * @param embeddedPassword the password that the user of the embedded PostgreSQL shall have; empty
 *     (default) leaves it, or generates one; never logged
 */
public record PersistOptions(
    Optional<String> databaseUrl,
    Optional<String> databaseUser,
    Optional<String> databasePassword,
    Path dataDirectory,
    int embeddedPort,
    int poolSize,
    long maxPendingBytes,
    Duration maxPendingAge,
    Duration writeDelay,
    Duration sweepAge,
    Duration commitTimeout,
    Duration statementTimeout,
    Duration memoryRetention,
    Duration shutdownGrace,
    Optional<String> embeddedPassword) {

  /**
   * @throws IllegalArgumentException when a number or duration is out of its range
   */
  public PersistOptions {
    require(embeddedPort >= 0 && embeddedPort < 65_536, "the embedded port must be 0 to 65535");
    require(poolSize >= 3, "the pool needs at least 3 connections");
    require(maxPendingBytes > 0, "max pending bytes must be positive");
    require(writeDelay.toSeconds() >= 1, "the write delay must be at least 1 s");
    require(!maxPendingAge.isNegative() && !maxPendingAge.isZero(), "max pending age must be > 0");
    require(!statementTimeout.isNegative() && !statementTimeout.isZero(), "statement timeout > 0");
    require(!sweepAge.isNegative(), "the sweep age must not be negative");
    require(!commitTimeout.isNegative(), "the commit timeout must not be negative");
    require(!memoryRetention.isNegative(), "the memory retention must not be negative");
    require(!shutdownGrace.isNegative(), "the shutdown grace must not be negative");
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  /** Returns the defaults with an embedded PostgreSQL in the given directory. */
  public static PersistOptions embedded(Path dataDirectory) {
    return new PersistOptions(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        dataDirectory,
        0,
        20,
        512L << 20,
        Duration.ofMinutes(10),
        Duration.ofSeconds(1),
        Duration.ofSeconds(5),
        Duration.ofSeconds(5),
        Duration.ofSeconds(60),
        Duration.ofDays(3),
        Duration.ofSeconds(60),
        Optional.empty());
  }

  /** Returns the defaults with the database at the given URL, see {@link DatabaseUrl#parse}. */
  public static PersistOptions remote(String databaseUrl, Path dataDirectory) {
    PersistOptions o = embedded(dataDirectory);
    return o.withDatabase(Optional.of(databaseUrl), Optional.empty(), Optional.empty());
  }

  /** Returns a copy with another database; an empty URL means the embedded one. */
  public PersistOptions withDatabase(
      Optional<String> url, Optional<String> user, Optional<String> password) {
    return new PersistOptions(
        url,
        user,
        password,
        dataDirectory,
        embeddedPort,
        poolSize,
        maxPendingBytes,
        maxPendingAge,
        writeDelay,
        sweepAge,
        commitTimeout,
        statementTimeout,
        memoryRetention,
        shutdownGrace,
        embeddedPassword);
  }

  /** Returns a copy with other bounds on what may wait to be persisted. */
  public PersistOptions withMaxPending(long bytes, Duration age) {
    return new PersistOptions(
        databaseUrl,
        databaseUser,
        databasePassword,
        dataDirectory,
        embeddedPort,
        poolSize,
        bytes,
        age,
        writeDelay,
        sweepAge,
        commitTimeout,
        statementTimeout,
        memoryRetention,
        shutdownGrace,
        embeddedPassword);
  }

  /** Returns a copy with another reach of the replay at a cold start. */
  public PersistOptions withMemoryRetention(Duration retention) {
    return new PersistOptions(
        databaseUrl,
        databaseUser,
        databasePassword,
        dataDirectory,
        embeddedPort,
        poolSize,
        maxPendingBytes,
        maxPendingAge,
        writeDelay,
        sweepAge,
        commitTimeout,
        statementTimeout,
        retention,
        shutdownGrace,
        embeddedPassword);
  }

  /** Shows no password and no URL, which may hold one. */
  @Override
  public String toString() {
    return "PersistOptions["
        + (databaseUrl.isPresent() ? "remote database" : "embedded in " + dataDirectory)
        + ", pool "
        + poolSize
        + ", max pending "
        + maxPendingBytes
        + " bytes or "
        + maxPendingAge
        + "]";
  }
}
