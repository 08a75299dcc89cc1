package io.tidegrid.persist;

import io.tidegrid.store.CommitWatermark;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What is committed, told from the journal: exactly the batches in it are not. Safe for use by many
 * threads.
 *
 * <p>"Committed" is only ever said of a sequence for which a look at the journal was taken after
 * the question, or before: a sequence that was once committed stays so while its partition stays,
 * because later batches have higher ones. So that answer is kept without a limit, and "not
 * committed" for {@link #PENDING_LIVES_NANOS}, after which it can only have turned to the better. A
 * look is one pass over the keys of one partition, on its thread; without questions there is none.
 *
 * <p>A batch enters the journal a moment after it was numbered. Who asks for a sequence must
 * therefore let some seconds pass since it was given, lest the batch is in neither place yet.
 */
final class JournalWatermark implements CommitWatermark {

  private static final long PENDING_LIVES_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * What the last look at a partition told.
   *
   * @param version of the partition
   * @param through up to this sequence nothing was pending
   * @param lowest the lowest pending sequence, {@link Long#MAX_VALUE} when there was none
   */
  private record Look(int version, long through, long lowest, long atNanos) {}

  private final LocalJournal journal;
  private final AtomicReferenceArray<Look> looks;

  JournalWatermark(LocalJournal journal) {
    this.journal = journal;
    this.looks = new AtomicReferenceArray<>(journal.partitions());
  }

  @Override
  public boolean isCommitted(int shard, long sequence) {
    int version = journal.version(shard);
    Look last = looks.get(shard);
    if (last != null && last.version == version && journal.isOwned(shard)) {
      if (Long.compareUnsigned(sequence, last.through) <= 0) {
        return true;
      }
      if (Long.compareUnsigned(last.lowest, sequence) <= 0
          && System.nanoTime() - last.atNanos < PENDING_LIVES_NANOS) {
        return false;
      }
    }
    OptionalLong lowest = journal.lowestSequence(shard);
    if (lowest.isEmpty() || journal.version(shard) != version) {
      return false;
    }
    boolean committed = Long.compareUnsigned(sequence, lowest.getAsLong()) < 0;
    long through = last != null && last.version == version ? last.through : 0;
    if (committed && Long.compareUnsigned(sequence, through) > 0) {
      through = sequence;
    }
    looks.set(shard, new Look(version, through, lowest.getAsLong(), System.nanoTime()));
    return committed;
  }

  /**
   * Returns the lowest sequence of the shard that is not committed, by a look at the journal taken
   * now; {@link Long#MAX_VALUE} when none is pending, 0 when this member does not own the shard and
   * therefore cannot say that anything is committed.
   */
  long lowestPending(int shard) {
    return journal.lowestSequence(shard).orElse(0);
  }
}
