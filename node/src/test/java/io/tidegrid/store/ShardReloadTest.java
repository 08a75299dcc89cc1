package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import io.tidegrid.grid.Birth;
import io.tidegrid.model.SeriesKey;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A copy of a shard never takes a block for whole of which it missed something. */
class ShardReloadTest {

  private static final long BLOCK = BlockSpan.LENGTH_MS;
  private static final long START = BlockSpan.startOf(1_790_000_000_000L);
  private static final UUID MEMBER = new UUID(1, 2);

  private final SeriesKey key = TestShards.series(0, 1, 0);
  private final Shard shard = new Shard(START + 10 * BLOCK, false, 77);

  private void restored() {
    long[] ignored = shard.enter(List.of(new Birth(key.id(), key.tenant(), key.labels())));
    shard.directoryRestored();
    shard.restoredFrom(START + 5 * BLOCK);
  }

  private ShardBatch samples(long... times) {
    return TestShards.batch(key, true, times).resolved(ids(times.length), List.of());
  }

  private long[] ids(int size) {
    long[] ids = new long[size];
    java.util.Arrays.fill(ids, key.id());
    return ids;
  }

  private Optional<Coverage.Gap> lacks(long fromMs, long toMs) {
    return shard.coverage().lacking(fromMs, toMs);
  }

  @Test
  void onlyAllPartsInTheirOrderMakeABlockWhole() {
    assertThat(shard.beginReload(START, 1, 0)).as("not restored").isEmpty();
    restored();
    assertThat(shard.beginReload(START + 5 * BLOCK, 1, 0)).as("whole").isEmpty();
    assertThat(shard.beginReload(START, 1, 0)).isPresent();
    assertThat(shard.beginReload(START, 2, 0)).as("on its way").isEmpty();
    assertThat(shard.reload(START, 2, 0, samples(START))).as("another's").isFalse();
    assertThat(shard.reload(START, 1, 1, samples(START))).as("the second first").isFalse();
    assertThat(shard.reload(START, 1, 0, samples(START))).isTrue();
    assertThat(shard.reload(START, 1, 0, samples(START + 9))).as("again").isTrue();
    ShardBatch unknown =
        new ShardBatch(
            0, false, 1, new long[] {1}, new long[] {START}, new double[1], new int[0], List.of());
    assertThat(shard.reload(START, 1, 1, unknown)).isFalse();
    assertThat(shard.endReload(START, 1, 2)).as("one is missing").isFalse();
    assertThat(lacks(START, START + BLOCK - 1))
        .contains(new Coverage.Gap(START, START + BLOCK - 1));
    assertThat(shard.endReload(START, 1, 1)).isTrue();
    assertThat(lacks(START, START + BLOCK - 1)).isEmpty();
    assertThat(shard.blocks()[0].samples()).isEqualTo(1);
    assertThat(shard.dirt().blocks()).as("restoring is no write").isEmpty();
    assertThat(shard.whole(START)).as("compaction does not rely on it").isEmpty();
  }

  @Test
  void whatIsLackedIsCutByWhatCameBack() {
    restored();
    for (int block : new int[] {0, 2, 4}) {
      assertThat(shard.beginReload(START + block * BLOCK, block + 1, 0)).isPresent();
      assertThat(shard.endReload(START + block * BLOCK, block + 1, 0)).isTrue();
    }
    assertThat(lacks(START - 1, START + 7 * BLOCK))
        .contains(new Coverage.Gap(START - 1, START + 4 * BLOCK - 1));
    assertThat(lacks(START + 5, START + 3 * BLOCK - 1))
        .contains(new Coverage.Gap(START + BLOCK, START + 2 * BLOCK - 1));
    assertThat(lacks(START + 4 * BLOCK + 7, Long.MAX_VALUE)).isEmpty();
    assertThat(lacks(Long.MIN_VALUE, START + 2 * BLOCK))
        .contains(new Coverage.Gap(Long.MIN_VALUE, START + 2 * BLOCK - 1));
    Coverage before = shard.coverage();
    assertThat(shard.dropReload(START, 9, BlockEvictor.ANY_SEQUENCE)).isFalse();
    assertThat(shard.dropReload(START, 1, BlockEvictor.ANY_SEQUENCE)).isTrue();
    assertThat(lacks(START, START)).isPresent();
    assertThat(before.lacking(START, START)).isEmpty();
    assertThat(before.and(shard.coverage()).lacking(START, START)).isPresent();
    // Back again, but not there all the time.
    assertThat(shard.beginReload(START, 11, 0)).isPresent();
    assertThat(shard.endReload(START, 11, 0)).isTrue();
    assertThat(before.and(shard.coverage()).lacking(START, START)).isPresent();
    assertThat(before.and(shard.coverage()).lacking(START + 4 * BLOCK, Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void aBlockThatComesTravelsAndIsLostByEviction() {
    restored();
    assertThat(shard.beginReload(START, 1, 0)).isPresent();
    assertThat(shard.reload(START, 1, 0, samples(START + 1, START + 2))).isTrue();
    boolean overlapping = shard.apply(3, 1, MEMBER, samples(START + 2, START + 3));
    assertThat(overlapping).isTrue();
    InternalSerializationService serialization =
        new DefaultSerializationServiceBuilder()
            .addDataSerializableFactory(StoreSerializers.FACTORY_ID, new StoreSerializers())
            .build();
    Shard copy = serialization.toObject(serialization.toData(shard));
    assertThat(copy.incarnation()).isEqualTo(77);
    assertThat(copy.endReload(START, 1, 1)).isTrue();
    assertThat(copy.coverage().lacking(START, START + BLOCK - 1)).isEmpty();
    assertThat(copy.blocks()[0].samples()).isEqualTo(3);

    long through = 3L << 32;
    assertThat(shard.dropReload(START, 1, through)).as("not committed").isFalse();
    assertThat(shard.evict(new long[] {START}, new long[] {through + 1}, true)).hasSize(1);
    assertThat(shard.reload(START, 1, 1, samples(START + 4))).isFalse();
    assertThat(shard.endReload(START, 1, 1)).isFalse();
    assertThat(shard.blocks()).isEmpty();

    // A partial block gives way only when it is committed.
    shard.apply(3, 2, MEMBER, TestShards.batch(key, false, START + 5).resolved(ids(1), List.of()));
    assertThat(shard.beginReload(START, 2, through + 1)).isEmpty();
    assertThat(shard.beginReload(START, 2, through + 2)).isPresent();
    assertThat(shard.blocks()[0].samples()).isZero();
  }
}
