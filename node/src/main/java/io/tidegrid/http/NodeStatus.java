package io.tidegrid.http;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the health and status paths say of the node. Safe for use by many threads; never blocks. */
public interface NodeStatus {

  /** Tells whether the node can take and answer requests now. */
  boolean ready();

  /** Tells whether the process is worth keeping; false asks for a restart. */
  boolean live();

  /** Returns the version of the node. */
  String version();

  /** Returns how long the node has been up. */
  Duration uptime();

  /** Returns the addresses of the members of the cluster, this one first. */
  List<String> members();

  /** Returns the state of each component, in the order to show them. */
  List<Component> components();

  /** Returns the state of the database. */
  Database database();

  /** Returns the node's memory figures. */
  Memory memory();

  /**
   * The state of a part of the node.
   *
   * @param name such as {@code database}, {@code grid}, {@code journal}
   * @param healthy whether it works
   * @param detail a sentence for people; empty when there is nothing to say
   */
  record Component(String name, boolean healthy, String detail) {}

  /**
   * The state of the database.
   *
   * @param connected whether it can be reached
   * @param database its name and version, such as {@code PostgreSQL 18.6}; empty when unknown or
   *     when the node runs without one
   * @param timescaledb the version of TimescaleDB; empty when it is not there
   * @param pool figures of the connection pool, such as {@code active}, {@code idle}, {@code max}
   * @param pendingSamples acknowledged samples not yet committed
   * @param oldestMs the age of the oldest of them in milliseconds; 0 when there are none
   * @param writable whether it takes what is written; false while it is read-only, full, or away
   * @param cause a stable id of what is wrong, such as {@code unreachable}; empty when nothing is
   * @param problem the same for people, with what to do; empty when nothing is
   * @param since when that began
   * @param pendingBytes bytes of what is not yet committed
   * @param maxPendingBytes bytes from which on writes are refused
   * @param full whether writes are refused now
   * @param deadLetters batches refused by the database since the start, kept in a table of their
   *     own
   */
  record Database(
      boolean connected,
      String database,
      Optional<String> timescaledb,
      Map<String, Long> pool,
      long pendingSamples,
      long oldestMs,
      boolean writable,
      Optional<String> cause,
      String problem,
      Optional<Instant> since,
      long pendingBytes,
      long maxPendingBytes,
      boolean full,
      long deadLetters) {

    /** The state of a node that runs without a database. */
    public static Database none() {
      return new Database(
          false,
          "none (storage: memory)",
          Optional.empty(),
          Map.of(),
          0,
          0,
          false,
          Optional.empty(),
          "",
          Optional.empty(),
          0,
          0,
          false,
          0);
    }
  }

  /**
   * Memory figures in bytes.
   *
   * @param heapUsed bytes of the heap in use
   * @param heapMax bytes the heap may grow to
   * @param samples samples held in memory
   * @param sampleBytes bytes they take
   * @param series series held in memory
   */
  record Memory(long heapUsed, long heapMax, long samples, long sampleBytes, long series) {}
}
