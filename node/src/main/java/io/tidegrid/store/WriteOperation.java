package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.exception.RetryableHazelcastException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/**
 * Appends a batch to a shard and puts it into the journal, on the owner: one message and one turn
 * of the shard's thread for what would be two of each. Both steps are the maps' own operations, run
 * in place, each with its own backups and replica versions, so that a replica that missed one of
 * them is found and mended as ever. Answers when the backups of both have confirmed.
 */
final class WriteOperation extends LateAnswerOperation {

  private ShardBatch batch;

  /** For deserialization. */
  WriteOperation() {
    this(new ShardBatch());
  }

  WriteOperation(ShardBatch batch) {
    this.batch = batch;
  }

  @Override
  public void run() {
    ShardWrites writes = ShardWrites.of(getNodeEngine().getHazelcastInstance());
    int shard = getPartitionId();
    AppendProcessor processor = new AppendProcessor(shard, batch);
    if (writes.tap().isOpen()) {
      processor.show();
    }
    CompletableFuture<Object> appended = writes.appendHere(shard, processor);
    if (!processor.hasRun()) {
      answerWhen(
          appended.thenApply(ignored -> {
            throw new RetryableHazelcastException("the append could not be run in place");
          }));
      return;
    }
    AppendOutcome outcome = processor.outcome();
    if (outcome.status() != AppendOutcome.Status.APPENDED) {
      answerWhen(appended.thenApply(ignored -> outcome));
      return;
    }
    CompletableFuture<Object> journaled =
        writes.journalHere(shard, outcome.epoch(), outcome.counter(), processor.journalBatch());
    if (isDone(appended) && isDone(journaled)) {
      sendResponse(outcome);
      show(writes, processor);
    } else {
      answerWhen(appended.thenCombine(journaled, (first, second) -> outcome));
      // Also when a backup did not answer: the sender tries again then, and what it sends is no
      // longer new to the shard. But what is too old for memory is new to it each time.
      var _ =
          CompletableFuture.allOf(appended, journaled)
              .whenCompleteAsync(
                  (ignored, error) -> {
                    if (error == null || !batch.old()) {
                      show(writes, processor);
                    }
                  },
                  Runnable::run);
    }
  }

  private static void show(ShardWrites writes, AppendProcessor processor) {
    processor.shown().ifPresent(writes.tap()::appended);
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.WRITE;
  }

  @Override
  protected void writeInternal(ObjectDataOutput out) throws IOException {
    super.writeInternal(out);
    batch.writeData(out);
  }

  @Override
  protected void readInternal(ObjectDataInput in) throws IOException {
    super.readInternal(in);
    batch = new ShardBatch();
    batch.readData(in);
  }
}
