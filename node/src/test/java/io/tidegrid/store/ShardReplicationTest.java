package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import io.tidegrid.grid.Birth;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a shard is after it travelled, and what it says of being whole. */
class ShardReplicationTest {

  private static final UUID MEMBER = new UUID(1, 2);
  private static final long START = BlockSpan.startOf(1_790_000_000_000L);
  private static final List<Matcher> ALL = List.of(Matcher.equal("__name__", "m"));

  private static List<Birth> births(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> SeriesKey.of("a", Labels.of("__name__", "m", "i", Integer.toString(i))))
        .map(key -> new Birth(key.id(), key.tenant(), key.labels()))
        .toList();
  }

  private static ShardBatch batch(long[] ids, long[] times, double[] values) {
    return new ShardBatch(0, false, ids.length, ids, times, values, new int[0], List.of());
  }

  private static Map<String, String> content(Shard shard) {
    Map<String, String> content = new TreeMap<>();
    new LocalShardView(0, shard)
        .select(
            "a",
            ALL,
            series -> {
              SampleBuffer samples = new SampleBuffer();
              series.copy(Long.MIN_VALUE, Long.MAX_VALUE, samples);
              StringBuilder text = new StringBuilder();
              for (int i = 0; i < samples.size(); i++) {
                text.append(samples.times()[i]).append('=').append(samples.values()[i]).append(' ');
              }
              content.put(series.id() + " " + series.labels(), text.toString());
            });
    return content;
  }

  @Test
  void aCopyHoldsTheSameAndGoesOnTheSame() {
    Random random = new Random(11);
    Shard shard = new Shard(Long.MIN_VALUE, true);
    long[] known = shard.enter(births(40));
    InternalSerializationService serialization =
        new DefaultSerializationServiceBuilder()
            .addDataSerializableFactory(StoreSerializers.FACTORY_ID, new StoreSerializers())
            .build();
    Shard copy = serialization.toObject(serialization.toData(shard));
    for (int round = 1; round <= 30; round++) {
      int size = 400;
      long[] ids = new long[size];
      long[] times = new long[size];
      double[] values = new double[size];
      for (int i = 0; i < size; i++) {
        ids[i] = known[random.nextInt(known.length)];
        // Three blocks, some samples late, some sent again with another value.
        times[i] = START + round * 600_000L + 1_000L * random.nextInt(-300, 600);
        values[i] = random.nextInt(1_000) / 10.0;
      }
      ShardBatch batch = batch(ids, times, values);
      shard.apply(7, round, MEMBER, batch);
      copy.apply(7, round, MEMBER, batch);
      if (round % 10 == 0) {
        copy = serialization.toObject(serialization.toData(copy));
      }
    }
    assertThat(content(copy)).isEqualTo(content(shard)).hasSize(40);
    assertThat(copy.epoch()).isEqualTo(7);
    assertThat(copy.counter()).isEqualTo(30);
    assertThat(copy.sequencer()).isEqualTo(MEMBER);
  }

  @Test
  void applyingADeltaTwiceChangesNothing() {
    Shard shard = new Shard(Long.MIN_VALUE, true);
    long[] ids = shard.enter(births(1));
    ShardBatch batch =
        batch(new long[] {ids[0], ids[0]}, new long[] {START, START + 1}, new double[] {1, 2});
    assertThat(shard.apply(1, 1, MEMBER, batch)).isFalse();
    Map<String, String> once = content(shard);
    assertThat(shard.apply(1, 1, MEMBER, batch)).isTrue();
    assertThat(content(shard)).isEqualTo(once);
  }

  @Test
  void anotherOwnerBeginsAnotherEpoch() {
    Shard shard = new Shard(Long.MIN_VALUE, true);
    shard.sequenceBy(MEMBER, 100);
    assertThat(shard.epoch()).isEqualTo(100);
    shard.sequenceBy(MEMBER, 200);
    assertThat(shard.epoch()).isEqualTo(100);
    shard.sequenceBy(new UUID(3, 4), 90);
    assertThat(shard.epoch()).isEqualTo(101);
    assertThat(shard.counter()).isZero();
  }

  @Test
  void restoredSamplesGiveWayToWrittenOnes() {
    Shard shard = new Shard(START + 1_000_000, false);
    long[] ids = shard.enter(births(1));
    long[] times = {START, START + 1};
    assertThat(shard.apply(1, 1, MEMBER, batch(ids, new long[] {START}, new double[] {5})))
        .as("the database may have it too")
        .isTrue();
    shard.restore(batch(new long[] {ids[0], ids[0]}, times, new double[] {1, 2}));
    assertThat(content(shard).values()).containsExactly(START + "=5.0 " + (START + 1) + "=2.0 ");
  }

  @Test
  void isWholeFromWhereItWasRestoredButForWhatPassedIt() {
    Shard shard = new Shard(START + 1_000_000, false);
    assertThat(shard.isRestored()).isFalse();
    assertThat(shard.wholeFromMs()).isEqualTo(START + 1_000_000);
    shard.directoryRestored();
    shard.restoredFrom(START - 5_000);
    assertThat(shard.isRestored()).isTrue();
    assertThat(shard.wholeFromMs()).isEqualTo(START - 5_000);
    long[] ids = shard.enter(births(1));
    shard.apply(
        1,
        1,
        MEMBER,
        new ShardBatch(
            0, true, 1, ids, new long[] {START - 3_000}, new double[] {1}, new int[0], List.of()));
    assertThat(content(shard).values()).containsExactly("");
    assertThat(shard.wholeFromMs()).isEqualTo(START - 2_999);
  }
}
