package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.exception.RetryableHazelcastException;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.model.Event;
import io.tidegrid.store.LateAnswerOperation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Puts events into memory and remembers their ids, on the owner, in one turn of the shard's thread.
 * The events go first: a crash in between leaves an event whose id is still reserved, which whoever
 * sends it again takes over; the other way round it would leave an id without its event. Backups
 * hear of both in that order too. Answers when the backups of both have confirmed.
 */
final class EventWriteOperation extends LateAnswerOperation {

  private ShardWrite write;

  /** For deserialization. */
  EventWriteOperation() {
    this(
        new ShardWrite(
            0, 0, 0, new long[0], new long[0], new long[0], 0, Long.MIN_VALUE, new EventBatch()));
  }

  EventWriteOperation(ShardWrite write) {
    this.write = write;
  }

  @Override
  public void run() {
    LocalEventIds local = LocalEventIds.of(getNodeEngine().getHazelcastInstance());
    int shard = getPartitionId();
    EventIds state = local.find(shard).orElse(null);
    if (state == null || state.origin().seed() != write.seed()) {
      sendResponse(new WriteOutcome());
      return;
    }
    Origin origin = state.origin();
    EventIds.Written done = state.written(write.operation());
    boolean repeated = done != null;
    if (!repeated) {
      done =
          new EventIds.Written(
              write.operation(),
              state.nextNumber(),
              state.takeable(write.token(), write.ids(), write.bodies()),
              local.nowMs());
    }
    EventCalls calls = local.calls();
    CompletableFuture<Object> put =
        done.stored().isEmpty()
            ? CompletableFuture.completedFuture(null)
            : calls.putHere(shard, origin.epoch(), done.number(), taken(done.stored()));
    CommitProcessor commit =
        new CommitProcessor(
            origin,
            done,
            write.ids(),
            write.known(),
            write.latestMs(),
            write.decidesFromMs(),
            repeated ? EventIds.Turn.NONE : local.turn(shard, state));
    CompletableFuture<Object> committed = calls.commitHere(shard, commit);
    WriteOutcome outcome = new WriteOutcome(origin.epoch(), done.number(), done.stored());
    if (!commit.hasRun()) {
      answerWhen(
          CompletableFuture.allOf(put, committed)
              .thenApply(ignored -> {
                throw new RetryableHazelcastException("the write could not be run in place");
              }));
    } else if (isDone(put) && isDone(committed)) {
      sendResponse(outcome);
    } else {
      answerWhen(put.thenCombine(committed, (first, second) -> outcome));
    }
  }

  private EventBatch taken(BitSet stored) {
    EventBatch all = write.batch();
    if (stored.cardinality() == all.events().size()) {
      return all;
    }
    List<Event> some = new ArrayList<>();
    for (int i = stored.nextSetBit(0); i >= 0; i = stored.nextSetBit(i + 1)) {
      some.add(all.events().get(i));
    }
    return new EventBatch(all.tenant(), all.receivedMs(), some);
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.WRITE;
  }

  @Override
  protected void writeInternal(ObjectDataOutput out) throws IOException {
    super.writeInternal(out);
    write.writeData(out);
  }

  @Override
  protected void readInternal(ObjectDataInput in) throws IOException {
    super.readInternal(in);
    write = ShardWrite.readData(in);
  }
}
