package io.tidegrid.grid;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import com.hazelcast.partition.strategy.DefaultPartitioningStrategy;
import io.tidegrid.model.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class JournalTest {

  private InternalSerializationService serialization;

  @BeforeAll
  void start() {
    serialization =
        new DefaultSerializationServiceBuilder()
            .setPartitioningStrategy(new DefaultPartitioningStrategy())
            .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers())
            .build();
  }

  @AfterAll
  void stop() {
    serialization.dispose();
  }

  private <T> T copy(T object) {
    Data data = serialization.toData(object);
    return serialization.toObject(data);
  }

  @Test
  void keysComeBackAndLieInTheirShardsPartition() {
    JournalKey key = new JournalKey(3, 1_234, 1_767_225_600, 7);
    JournalKey copy = copy(key);
    assertThat(copy).isEqualTo(key).hasSameHashCodeAs(key).isEqualByComparingTo(key);
    assertThat(copy.getPartitionKey()).isEqualTo(1_234);
    assertThat(copy.sequence()).isEqualTo(1_767_225_600L << 32 | 7);
    assertThat(copy).hasToString("3/1767225600/7");
    assertThat(new JournalKey(3, 1, 5, -1)).isGreaterThan(new JournalKey(3, 1, 5, 1));
    assertThat(new JournalKey(3, 1, 6, 1)).isGreaterThan(new JournalKey(3, 1, 5, -1));
    assertThat(new JournalKey(4, 1, 1, 1)).isGreaterThan(new JournalKey(3, 1, 6, 1));
    assertThat(serialization.toData(key).getPartitionHash())
        .isEqualTo(serialization.toData(1_234).getPartitionHash());
  }

  @Test
  void batchesOfEveryFormComeBack() {
    double[][] pools = {
      {0},
      {0, -0.0},
      {1, -128, 127},
      {128},
      {-32_768, 32_767},
      {32_768, 5},
      {Integer.MIN_VALUE, Integer.MAX_VALUE},
      {Integer.MAX_VALUE + 1.0},
      {0.5, 1},
      {Double.longBitsToDouble(0x7FF0_0000_0000_0002L), Double.NEGATIVE_INFINITY, 1, 4.9e-324}
    };
    long[] spans = {0, 1, 255, 256, 65_535, 65_536, 0xFFFF_FFFFL, 0x1_0000_0000L, Long.MAX_VALUE};
    long[] starts = {0, 1_767_225_600_000L, -5, Long.MIN_VALUE};
    RandomGenerator random = new SplittableRandom(5);
    for (int size : new int[] {0, 1, 2, 3, 156, 2_500}) {
      for (double[] pool : pools) {
        for (long span : spans) {
          for (long start : starts) {
            batchComesBack(size, pool, start, span, random);
          }
        }
      }
    }
  }

  private void batchComesBack(
      int size, double[] pool, long start, long span, RandomGenerator random) {
    long[] ids = new long[size + 2];
    long[] times = new long[size + 2];
    double[] values = new double[size + 2];
    boolean oneId = random.nextBoolean();
    for (int i = 0; i < size; i++) {
      ids[i] = oneId ? 77 : random.nextLong();
      times[i] = start + (i == 1 ? span : span == 0 ? 0 : random.nextLong(span));
      values[i] = pool[i % pool.length];
    }
    boolean overlapping = random.nextBoolean();
    boolean old = random.nextBoolean();
    JournalBatch batch = new JournalBatch(size, ids, times, values, List.of(), overlapping, old);
    JournalBatch copy = copy(batch);
    String what = "size " + size + " start " + start + " span " + span + Arrays.toString(pool);
    assertThat(copy.size()).as(what).isEqualTo(size);
    assertThat(copy.overlapping()).isEqualTo(overlapping);
    assertThat(copy.old()).isEqualTo(old);
    assertThat(Arrays.equals(copy.ids(), 0, size, ids, 0, size)).as(what).isTrue();
    assertThat(Arrays.equals(copy.times(), 0, size, times, 0, size)).as(what).isTrue();
    for (int i = 0; i < size; i++) {
      assertThat(Double.doubleToRawLongBits(copy.values()[i]))
          .as(what)
          .isEqualTo(Double.doubleToRawLongBits(values[i]));
    }
    assertThat(copy.births()).isEmpty();
  }

  @Test
  void birthsComeBackWithTheirTenants() {
    List<Birth> births = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      String tenant = i < 50 ? "" : i < 70 ? "a" : "tenant-" + i % 2;
      births.add(new Birth(i - 50, tenant, Labels.of("__name__", "m", "é", "\uD83D\uDE00" + i)));
    }
    births.add(new Birth(1, "t", Labels.empty()));
    JournalBatch batch =
        new JournalBatch(1, new long[] {1}, new long[] {2}, new double[] {3}, births, false, true);
    JournalBatch copy = copy(batch);
    assertThat(copy.births()).isEqualTo(births);
    assertThat(copy.old()).isTrue();
    assertThat(copy.overlapping()).isFalse();
  }

  @Test
  void aSampleOfManySeriesAtOneTimeTakesItsIdAndItsValue() {
    long[] ids = new SplittableRandom(1).longs(1_000).toArray();
    double[] values = new SplittableRandom(2).doubles(1_000).toArray();
    long[] times = new long[1_000];
    Arrays.fill(times, 1_767_225_600_000L);
    JournalBatch batch = new JournalBatch(1_000, ids, times, values, List.of(), false, false);
    assertThat(serialization.toData(batch).totalSize()).isLessThan(16_060);
    Arrays.setAll(values, i -> i % 100);
    JournalBatch whole = new JournalBatch(1_000, ids, times, values, List.of(), false, false);
    assertThat(serialization.toData(whole).totalSize()).isLessThan(9_060);
  }
}
