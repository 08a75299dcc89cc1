package io.tidegrid.persist;

import java.time.Instant;
import java.util.Optional;

/**
 * What is known of the database at one moment, without asking it.
 *
 * @param connected whether the database answered when last used, and its schema is in place
 * @param product such as {@code PostgreSQL 18.6}; empty until it was first reached
 * @param timescaledb the version of the TimescaleDB extension when it is installed in this database
 * @param timescaledbState {@code absent}, {@code available} (installable but not installed), {@code
 *     not preloaded}, or {@code installed (licence)}; empty until the database was first reached
 * @param embedded whether it is the node's own PostgreSQL
 * @param active connections in use
 * @param idle connections open and free
 * @param total connections open
 * @param waiting threads waiting for a connection
 * @param pendingSamples samples of owned journal entries not yet committed, as of the last scan
 * @param pendingBytes bytes of owned journal entries
 * @param oldestMs age of the oldest of them in milliseconds, 0 without any
 * @param deadLetters batches that this member put into the dead letters since it started
 * @param persistedSamples samples that this member committed since it started
 * @param schemaVersion version of the schema; 0 until it was first reached
 * @param problem why the database cannot be used or takes no writes, for people; empty when it does
 * @param writable whether it takes what is written
 * @param cause a stable id of the kind of {@code problem}, such as {@code unreachable}, {@code
 *     hanging}, {@code connections}, {@code read-only}, {@code disk-full}, {@code schema}
 * @param since when that began
 * @param maxPendingBytes bytes of owned journal entries from which on samples are refused
 * @param backlogFull whether samples are refused now because too much waits
 */
public record DatabaseStatus(
    boolean connected,
    String product,
    Optional<String> timescaledb,
    String timescaledbState,
    boolean embedded,
    int active,
    int idle,
    int total,
    int waiting,
    long pendingSamples,
    long pendingBytes,
    long oldestMs,
    long deadLetters,
    long persistedSamples,
    int schemaVersion,
    String problem,
    boolean writable,
    Optional<String> cause,
    Optional<Instant> since,
    long maxPendingBytes,
    boolean backlogFull) {}
