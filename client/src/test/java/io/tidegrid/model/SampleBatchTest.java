package io.tidegrid.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SampleBatchTest {

  private static final SeriesKey KEY = SeriesKey.of("t", Labels.of("__name__", "m"));

  @Test
  void growsAndKeepsEverySample() {
    SampleBatch.Builder builder = SampleBatch.builder(0);
    for (int i = 0; i < 1_000; i++) {
      builder.add(KEY, i * 10L, i / 4.0);
      assertThat(builder.size()).isEqualTo(i + 1);
    }
    SampleBatch batch = builder.build();
    assertThat(batch.size()).isEqualTo(1_000);
    for (int i = 0; i < 1_000; i++) {
      assertThat(batch.keys()[i]).isSameAs(KEY);
      assertThat(batch.times()[i]).isEqualTo(i * 10L);
      assertThat(batch.values()[i]).isEqualTo(i / 4.0);
      assertThat(batch.row(i)).isEqualTo(i);
    }
  }

  @Test
  void remembersRowsOnceOneDiffers() {
    SampleBatch.Builder builder = SampleBatch.builder(2);
    builder.add(KEY, 1, 1).add(KEY, 2, 2).add(KEY, 3, 3, 7);
    for (int i = 3; i < 100; i++) {
      builder.add(KEY, i, i, i + 10);
    }
    SampleBatch batch = builder.build();
    assertThat(batch.row(0)).isEqualTo(0);
    assertThat(batch.row(1)).isEqualTo(1);
    assertThat(batch.row(2)).isEqualTo(7);
    assertThat(batch.row(99)).isEqualTo(109);
  }

  @Test
  void anEmptyBatchHasNoSamples() {
    assertThat(SampleBatch.empty().size()).isZero();
    assertThat(SampleBatch.builder(10).build().size()).isZero();
  }
}
