package io.tidegrid.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SeriesCacheTest {

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

  /** Decodes one line per series; returns their keys. */
  private static SeriesKey[] keys(SampleDecoder decoder, int from, int to) {
    StringBuilder text = new StringBuilder();
    for (int i = from; i < to; i++) {
      text.append("m{i=\"").append(i).append("\"} 1\n");
    }
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    DecodedBatch batch = decoder.decode("t", body, body.length, 0);
    for (int i = from; i < to; i++) {
      assertThat(batch.samples().keys()[i - from].labels())
          .isEqualTo(Labels.of("__name__", "m", "i", Integer.toString(i)));
    }
    return batch.samples().keys();
  }

  private SampleDecoder decoder(SeriesCache cache) {
    return new Decoders(IngestOptions.defaults(), cache, new SimpleMeterRegistry()).text(false);
  }

  @Test
  void givesTheSameInstanceAndCountsHits() {
    SeriesCache cache = new SeriesCache(64 << 20, meters);
    SampleDecoder decoder = decoder(cache);
    SeriesKey[] first = keys(decoder, 0, 5000);
    SeriesKey[] second = keys(decoder, 0, 5000);

    for (int i = 0; i < 5000; i++) {
      assertThat(second[i]).isSameAs(first[i]);
    }
    assertThat(cache.entries()).isEqualTo(5000);
    assertThat(meters.get("tidegrid.ingest.series.cache.misses").functionCounter().count())
        .isEqualTo(5000);
    assertThat(meters.get("tidegrid.ingest.series.cache.hits").functionCounter().count())
        .isEqualTo(5000);
    assertThat(meters.get("tidegrid.ingest.series.cache.size").gauge().value())
        .isEqualTo((double) cache.bytes());
  }

  @Test
  void churnDoesNotGrowItAndWhatIsUsedStays() {
    long max = 4 << 20;
    SeriesCache cache = new SeriesCache(max, meters);
    SampleDecoder decoder = decoder(cache);
    SeriesKey[] used = keys(decoder, 0, 100);
    for (int i = 1; i <= 60; i++) {
      keys(decoder, i * 1000, (i + 1) * 1000);
      SeriesKey[] again = keys(decoder, 0, 100);
      for (int k = 0; k < 100; k++) {
        assertThat(again[k]).isSameAs(used[k]);
      }
      assertThat(cache.bytes()).isLessThanOrEqualTo(max);
    }
    assertThat(cache.entries()).isBetween(1000L, 30_000L);
    assertThat(meters.get("tidegrid.ingest.series.cache.evictions").functionCounter().count())
        .isGreaterThan(30_000);
  }

  @Test
  void aCacheWithoutRoomStillDecodes() {
    SeriesCache cache = new SeriesCache(0, meters);
    SampleDecoder decoder = decoder(cache);
    keys(decoder, 0, 100);
    keys(decoder, 0, 100);

    assertThat(cache.bytes()).isZero();
    assertThat(
            DecoderFixture.samples(
                new Decoders(IngestOptions.defaults(), cache, new SimpleMeterRegistry())
                    .influxLine("ns")
                    .decode("t", "m a=1,b=2\n".getBytes(StandardCharsets.UTF_8), 10, 0)))
        .hasSize(2);
  }

  @Test
  void manyThreadsAgreeOnOneInstanceWhileEntriesComeAndGo()
      throws InterruptedException, ExecutionException {
    SeriesCache roomy = new SeriesCache(64 << 20, meters);
    SampleDecoder shared = decoder(roomy);
    SampleDecoder tight = decoder(new SeriesCache(1 << 20, new SimpleMeterRegistry()));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<SeriesKey[]>> futures = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        int shift = t * 700;
        futures.add(
            threads.submit(() -> {
              for (int round = 0; round < 5; round++) {
                keys(tight, shift, shift + 3000);
              }
              return keys(shared, 0, 2000);
            }));
      }
      SeriesKey[] first = futures.get(0).get();
      for (Future<SeriesKey[]> future : futures) {
        SeriesKey[] other = future.get();
        for (int i = 0; i < 2000; i++) {
          assertThat(other[i]).isSameAs(first[i]);
        }
      }
    }
    assertThat(roomy.entries()).isEqualTo(2000);
  }
}
