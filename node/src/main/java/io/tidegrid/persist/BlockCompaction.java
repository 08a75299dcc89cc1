package io.tidegrid.persist;

import io.tidegrid.persist.CompactionSteps.Step;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.WholeBlocks;
import io.tidegrid.store.WholeBlocks.WholeBlock;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntToLongFunction;

/**
 * Folds the recent rows of one block and shard into compacted ones, in one transaction: writes the
 * series anew and deletes exactly the rows it folded, or does nothing.
 *
 * <p>The transaction is of the isolation REPEATABLE READ. What it deletes is therefore what it saw,
 * whatever is committed meanwhile; and of two that fold the same series at once, on different
 * members or for different numbers of shards, one fails with a serialization failure or a unique
 * violation, and comes again.
 */
final class BlockCompaction {

  /** First half of the advisory lock of a block and shard. */
  private static final int PAIR_LOCK = 0x54674263;

  /** Bounds memory: samples that are sorted, or merged, at a time; some 50 bytes each. */
  static final int MAX_SAMPLES_AT_ONCE = 1 << 20;

  /**
   * With fewer recent samples than this for each series in memory, only the series that have some
   * are written.
   */
  private static final int FEW_SAMPLES = 32;

  /** How a fold ended. */
  enum Outcome {
    /** Nothing was there to fold yet. */
    NOTHING,
    /** Somebody else is at it. */
    BUSY,
    /** Batches may be on their way that come before those that are there: again in some seconds. */
    UNSETTLED,
    FROM_MEMORY,
    FROM_DATABASE
  }

  /**
   * What was done.
   *
   * @param series rows written
   * @param samples in these rows, those included that were compacted before
   * @param recentRows folded and deleted
   * @param recentSamples in these
   * @param highest sequence that is there; for {@link Outcome#UNSETTLED}
   * @param more whether rows are left that can be folded at once
   */
  record Result(
      Outcome outcome,
      int series,
      long samples,
      long recentRows,
      long recentSamples,
      long highest,
      boolean more) {

    static Result of(Outcome outcome) {
      return new Result(outcome, 0, 0, 0, 0, 0, false);
    }
  }

  private final CompactedWriter writer;
  private final WholeBlocks memory;
  private final IntToLongFunction lowestPending;
  private final int shards;
  private final int maxSamplesAtOnce;
  private final CompactionSteps steps;

  /**
   * @param lowestPending for a shard the lowest sequence that is not committed, the greatest number
   *     when all is, 0 when that cannot be said
   * @param shards how many shards there are now
   */
  BlockCompaction(
      CompactedWriter writer,
      WholeBlocks memory,
      IntToLongFunction lowestPending,
      int shards,
      int maxSamplesAtOnce,
      CompactionSteps steps) {
    this.writer = writer;
    this.memory = memory;
    this.lowestPending = lowestPending;
    this.shards = shards;
    this.maxSamplesAtOnce = maxSamplesAtOnce;
    this.steps = steps;
  }

  /** What lies in the table of recent rows. */
  private record Portion(String where, long rows, long samples, long highest) {}

  /**
   * Folds one portion of a pair.
   *
   * @param connection in auto-commit mode; to be given up when this throws
   * @param settled sequence up to which no batch of the shard can be on its way any more
   * @throws SQLException also one that says that another transaction was faster
   * @throws IllegalArgumentException when a recent row cannot be what this system writes
   */
  Result fold(Connection connection, CompactionPair pair, long settled, Instant now)
      throws SQLException {
    writer.prepare(connection, pair.blockMs(), now);
    // Asked before the transaction sees anything: what was committed by then is in what it sees.
    long pending = lowestPending.applyAsLong(pair.shard());
    connection.setAutoCommit(false);
    try {
      Result result = foldInTransaction(connection, pair, Math.min(settled, pending - 1));
      connection.commit();
      steps.reached(Step.COMMITTED, connection);
      connection.setAutoCommit(true);
      return result;
    } catch (SQLException | RuntimeException e) {
      HourPartitions.rollback(connection, e);
      throw e;
    }
  }

  private Result foldInTransaction(Connection connection, CompactionPair pair, long through)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // A fold that a crash undoes is done again. Without statistics a scan would look cheap.
      statement.execute(
          "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL synchronous_commit = off; SET LOCAL jit = off; SET LOCAL enable_seqscan ="
              + " off; SET LOCAL max_parallel_workers_per_gather = 0");
    }
    if (!writer.lock(connection, pair.blockMs()) || !lock(connection, pair)) {
      return Result.of(Outcome.BUSY);
    }
    steps.reached(Step.BEGUN, connection);
    String ofPair =
        "block = '"
            + Instant.ofEpochMilli(pair.blockMs())
            + "'::timestamptz AND shard = "
            + pair.shard();
    // Those first, because they are older than all that this cluster wrote.
    Portion others =
        portion(connection, ofPair + " AND (shards < " + shards + " OR shards > " + shards + ")");
    Portion own = portion(connection, ofPair + " AND shards = " + shards);
    if (others.rows > 0) {
      return fromDatabase(connection, pair, others, own.rows > 0);
    }
    if (own.rows == 0) {
      return Result.of(Outcome.NOTHING);
    }
    // What memory holds and is committed only later is folded once more, to no other effect.
    Optional<WholeBlock> whole = memory.find(pair.shard(), pair.blockMs());
    if (whole.isPresent()) {
      Portion held = upTo(connection, own, whole.get().throughSequence());
      if (held.rows > 0) {
        return fromMemory(connection, pair, held, whole.get());
      }
    }
    Portion settled = upTo(connection, own, through);
    if (settled.rows == 0) {
      return new Result(Outcome.UNSETTLED, 0, 0, 0, 0, own.highest, false);
    }
    return fromDatabase(connection, pair, settled, false);
  }

  private static boolean lock(Connection connection, CompactionPair pair) throws SQLException {
    int name = Long.hashCode(pair.blockMs() * 31 + pair.shard());
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT pg_try_advisory_xact_lock(" + PAIR_LOCK + ", " + name + ")")) {
      result.next();
      return result.getBoolean(1);
    }
  }

  private static Portion upTo(Connection connection, Portion portion, long sequence)
      throws SQLException {
    return portion.highest <= sequence
        ? portion
        : portion(connection, portion.where + " AND seq <= " + sequence);
  }

  /**
   * Counts samples by the size of a column, which lies uncompressed and need not be read: 8 bytes
   * for each element, and 20 out of line, in line 21 or 24.
   */
  private static Portion portion(Connection connection, String where) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT count(*), sum(greatest(pg_column_size(ids) - 20, 0) / 8), max(seq) FROM"
                    + " recent WHERE "
                    + where)) {
      result.next();
      return new Portion(where, result.getLong(1), result.getLong(2), result.getLong(3));
    }
  }

  private Result fromMemory(
      Connection connection, CompactionPair pair, Portion portion, WholeBlock block)
      throws SQLException {
    long[] all = new long[block.series()];
    int[] size = new int[1];
    block.forEach((id, samples) -> all[size[0]++] = id);
    boolean few = portion.samples < (long) FEW_SAMPLES * size[0];
    long[] ids = few ? idsIn(connection, portion) : Arrays.copyOf(all, size[0]);
    steps.reached(Step.READ, connection);
    writer.delete(connection, pair.blockMs(), ids, 0, ids.length);
    steps.reached(Step.DELETED, connection);
    long samples;
    int[] series = new int[1];
    try (CompactedWriter.Rows rows = writer.write(connection, pair.blockMs())) {
      block.forEach((id, buffer) -> {
        if (!few || Arrays.binarySearch(ids, id) >= 0) {
          write(rows, id, block.throughSequence(), buffer);
          series[0]++;
        }
      });
      samples = rows.finish();
    } catch (Unwritten e) {
      throw e.cause;
    }
    if (few && series[0] != ids.length) {
      throw new IllegalArgumentException(
          "memory holds " + pair + " whole, but lacks " + (ids.length - series[0]) + " series");
    }
    steps.reached(Step.WRITTEN, connection);
    consume(connection, portion);
    return new Result(
        Outcome.FROM_MEMORY, series[0], samples, portion.rows, portion.samples, 0, false);
  }

  /** Carries an error out of a callback that may throw none. */
  private static final class Unwritten extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final SQLException cause;

    Unwritten(SQLException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  private static void write(
      CompactedWriter.Rows rows, long id, long sequence, SampleBuffer samples) {
    try {
      rows.write(id, sequence, samples.times(), samples.values(), 0, samples.size());
    } catch (SQLException e) {
      throw new Unwritten(e);
    }
  }

  private static long[] idsIn(Connection connection, Portion portion) throws SQLException {
    SeriesNumbers seen = new SeriesNumbers();
    long[][] ids = {new long[64]};
    long ignored =
        CopyRows.read(
            connection,
            "SELECT ids FROM recent WHERE " + portion.where,
            row -> {
              int length = row.length(0);
              for (int i = 0; i < length; i++) {
                long id = row.longAt(0, i);
                if (seen.get(id) < 0 && id != 0) {
                  int number = seen.size();
                  seen.put(id, number);
                  if (number == ids[0].length) {
                    ids[0] = Arrays.copyOf(ids[0], number * 2);
                  }
                  ids[0][number] = id;
                }
              }
            });
    long[] sorted = Arrays.copyOf(ids[0], seen.size());
    Arrays.sort(sorted);
    return sorted;
  }

  /** In passes over ranges of ids when there is more than memory should hold. */
  private Result fromDatabase(
      Connection connection, CompactionPair pair, Portion portion, boolean more)
      throws SQLException {
    long passes = Math.max(1, Math.ceilDiv(portion.samples, (long) maxSamplesAtOnce));
    DatabaseFold fold = new DatabaseFold(writer, connection, pair.blockMs(), maxSamplesAtOnce);
    // Ids are hashes, so that equal ranges hold about as many each.
    long width = passes == 1 ? 0 : Long.divideUnsigned(-1L, passes) + 1;
    for (long pass = 0; pass < passes; pass++) {
      long from = pass == 0 ? Long.MIN_VALUE : Long.MIN_VALUE + pass * width;
      long to = pass == passes - 1 ? Long.MAX_VALUE : Long.MIN_VALUE + (pass + 1) * width - 1;
      FoldedSamples recent =
          read(connection, pair, portion, from, to, (int) Math.ceilDiv(portion.samples, passes));
      steps.reached(Step.READ, connection);
      fold.write(recent, portion.highest, steps);
    }
    steps.reached(Step.WRITTEN, connection);
    consume(connection, portion);
    return new Result(
        Outcome.FROM_DATABASE,
        fold.series(),
        fold.samples(),
        portion.rows,
        portion.samples,
        0,
        more);
  }

  private static FoldedSamples read(
      Connection connection,
      CompactionPair pair,
      Portion portion,
      long fromId,
      long toId,
      int expected)
      throws SQLException {
    FoldedSamples recent = new FoldedSamples(pair.blockMs(), expected + expected / 8);
    long rows =
        CopyRows.read(
            connection,
            "SELECT seq, ids, times, samples FROM recent WHERE " + portion.where + " ORDER BY seq",
            row -> {
              int length = row.length(1);
              if (row.length(2) != length || row.length(3) != length) {
                throw new IllegalArgumentException(
                    "a recent row of the " + pair + " has arrays of different lengths");
              }
              for (int i = 0; i < length; i++) {
                long id = row.longAt(1, i);
                if (id >= fromId && id <= toId) {
                  recent.add(id, row.timeAt(2, i), row.doubleAt(3, i));
                }
              }
              recent.endRow(row.getLong(0));
            });
    if (rows != portion.rows) {
      throw new IllegalStateException("read " + rows + " rows of " + portion.rows);
    }
    return recent;
  }

  private void consume(Connection connection, Portion portion) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      long deleted = statement.executeLargeUpdate("DELETE FROM recent WHERE " + portion.where);
      if (deleted != portion.rows) {
        throw new IllegalStateException("folded " + portion.rows + " rows, deleted " + deleted);
      }
    }
    steps.reached(Step.CONSUMED, connection);
  }
}
