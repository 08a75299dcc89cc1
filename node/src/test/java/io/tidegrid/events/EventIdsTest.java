package io.tidegrid.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class EventIdsTest {

  private static final UUID ALIVE = new UUID(0, 1);
  private static final UUID DEAD = new UUID(0, 2);
  private static final Set<UUID> MEMBERS = Set.of(ALIVE);
  private static final long NONE = Long.MIN_VALUE;

  private final EventIds ids = new EventIds(new Origin(1, 1, 0, 0, true));

  private byte judge(long token, long id, long body, long nowMs) {
    return ids.judge(token, new long[] {id}, new long[] {body}, nowMs, MEMBERS)[0];
  }

  private void hold(UUID caller, long token, long id, long body, long nowMs) {
    ids.hold(caller, token, new long[] {id}, new long[] {body}, nowMs);
  }

  private boolean commit(long token, long operation, long id, long body, long latestMs) {
    BitSet taken = ids.takeable(token, new long[] {id}, new long[] {body});
    EventIds.Written done =
        new EventIds.Written(operation, ids.nextNumber(), taken, operation * 1_000);
    ids.commit(done, new long[] {id}, new long[0], latestMs, NONE, EventIds.Turn.NONE);
    return taken.get(0);
  }

  @Test
  void anIdIsItsCallersUntilItIsTakenOrGivenUp() {
    hold(ALIVE, 10, 7, 70, 0);
    assertThat(judge(10, 7, 70, 0)).isEqualTo(EventIds.RESERVED);
    assertThat(judge(11, 7, 70, 1_000)).isEqualTo(EventIds.BUSY);
    ids.release(10, new long[] {7});
    assertThat(judge(11, 7, 70, 1_000)).isEqualTo(EventIds.RESERVED);
    hold(ALIVE, 11, 7, 70, 1_000);
    assertThat(commit(11, 1, 7, 70, 0)).isTrue();
    assertThat(judge(12, 7, 70, 2_000)).isEqualTo(EventIds.DUPLICATE);
  }

  @Test
  void whatADeadOrSlowCallerHoldsIsTakenOver() {
    hold(DEAD, 10, 7, 70, 0);
    assertThat(judge(11, 7, 71, 1)).isEqualTo(EventIds.RESERVED);
    hold(ALIVE, 10, 8, 80, 0);
    assertThat(judge(11, 8, 80, 3_000)).as("the same").isEqualTo(EventIds.RESERVED);
    assertThat(judge(11, 8, 81, 3_000)).as("another").isEqualTo(EventIds.BUSY);
    assertThat(judge(11, 8, 81, 11_000)).as("another").isEqualTo(EventIds.RESERVED);
  }

  @Test
  void ofTwoCallersWithTheSameEventOneTakesIt() {
    hold(ALIVE, 10, 7, 70, 0);
    hold(ALIVE, 11, 7, 70, 3_000);
    assertThat(commit(10, 1, 7, 70, 0)).isTrue();
    assertThat(commit(11, 2, 7, 70, 0)).isFalse();
  }

  @Test
  void ofTwoCallersWithTwoEventsTheHolderTakesIt() {
    hold(ALIVE, 10, 7, 70, 0);
    hold(ALIVE, 11, 7, 71, 11_000);
    assertThat(commit(10, 1, 7, 70, 0)).isFalse();
    assertThat(commit(11, 2, 7, 71, 0)).isTrue();
  }

  @Test
  void aWriteSentTwiceIsRememberedWithWhatCameOfIt() {
    hold(ALIVE, 10, 7, 70, 0);
    assertThat(commit(10, 1, 7, 70, 0)).isTrue();
    EventIds.Written known = ids.written(1);
    assertThat(known.stored().get(0)).isTrue();
    ids.commit(known, new long[] {7}, new long[0], 0, NONE, EventIds.Turn.NONE);
    assertThat(ids.size()).isEqualTo(1);
    assertThat(ids.nextNumber()).isEqualTo(2);
  }

  @Test
  void theOldestGenerationGoesAndTheDatabaseDecidesForItsTime() {
    long operation = 1;
    for (int i = 1; i <= 100; i++) {
      EventIds.Turn turn = ids.turn(i * 2_000L, 1_000_000_000, 80, () -> Integer.MAX_VALUE);
      BitSet one = new BitSet();
      one.set(0);
      EventIds.Written done = new EventIds.Written(operation++, ids.nextNumber(), one, i * 2_000L);
      ids.commit(done, new long[] {i}, new long[0], i * 100L, NONE, turn);
    }
    assertThat(ids.size()).isBetween(70L, 90L);
    assertThat(judge(5, 1, 0, 0)).isEqualTo(EventIds.RESERVED);
    assertThat(judge(5, 100, 0, 0)).isEqualTo(EventIds.DUPLICATE);
    long forgotten = 100 - ids.size();
    assertThat(ids.origin().decidesFromMs()).isEqualTo(forgotten * 100);
  }

  @Test
  void idsOfEventsThatAreNotPersistedAreKept() {
    hold(ALIVE, 10, 7, 70, 0);
    assertThat(commit(10, 1, 7, 70, 0)).isTrue();
    ids.commit(
        new EventIds.Written(2, 2, new BitSet(), 2_000),
        new long[0],
        new long[0],
        0,
        NONE,
        new EventIds.Turn(true, 0));
    assertThat(ids.turn(1_000_000, 1_000, 100, () -> 1).forget()).isZero();
    assertThat(ids.turn(2_000_000, 1_000, 100, () -> 3).forget()).isOne();
  }

  @Test
  void aTableHoldsWhatWasAddedInAFewBytesEach() {
    IdTable table = new IdTable();
    SplittableRandom random = new SplittableRandom(1);
    long[] added = random.longs(100_000).toArray();
    for (long id : added) {
      table.add(id);
      table.add(id);
    }
    table.add(0);
    assertThat(table.size()).isEqualTo(added.length + 1);
    for (long id : added) {
      assertThat(table.contains(id)).isTrue();
    }
    assertThat(random.longs(1_000).noneMatch(table::contains)).isTrue();
    assertThat(table.bytes()).isLessThan(17L * table.size());
  }
}
