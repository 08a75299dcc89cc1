package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Merging columns that ascend. */
class SampleBufferTest {

  @Test
  void mergingKeepsTheOrderAndTheNewerOfEqualTimes() {
    Random random = new Random(3);
    for (int round = 0; round < 2_000; round++) {
      SampleBuffer buffer = new SampleBuffer();
      int begin = random.nextInt(4);
      for (int i = 0; i < begin; i++) {
        buffer.add(1_000 + i, -1);
      }
      Map<Long, Double> expected = fill(buffer, random, 0);
      SampleBuffer newer = new SampleBuffer();
      expected.putAll(fill(newer, random, 1_000));
      buffer.merge(begin, newer);
      assertThat(buffer.size()).isEqualTo(begin + expected.size());
      int at = 0;
      for (; at < begin; at++) {
        assertThat(buffer.values()[at]).isEqualTo(-1);
      }
      for (Map.Entry<Long, Double> sample : expected.entrySet()) {
        assertThat(buffer.times()[at]).isEqualTo(sample.getKey());
        assertThat(buffer.values()[at++]).isEqualTo(sample.getValue());
      }
    }
  }

  private static Map<Long, Double> fill(SampleBuffer buffer, Random random, double offset) {
    Map<Long, Double> samples = new TreeMap<>();
    int size = random.nextInt(30);
    long from = random.nextInt(40);
    for (int i = 0; i < size; i++) {
      samples.put(from + random.nextInt(40), offset + i);
    }
    samples.forEach((time, value) -> buffer.add(time, value));
    return samples;
  }
}
