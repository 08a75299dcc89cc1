package io.tidegrid.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.map.IMap;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardReader;
import io.tidegrid.store.TestGrid;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GridIngestTest {

  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z"));
  private static final long NOW = CLOCK.millis();

  private static GridIngest ingest(TestGrid.Node node, Optional<CommitNow> database) {
    return new GridIngest(
        node.hazelcast(),
        node.store(),
        IngestOptions.defaults(),
        Duration.ofDays(3),
        database,
        () -> 0,
        CLOCK,
        new SimpleMeterRegistry());
  }

  private static SeriesKey key(String tenant, int i) {
    return SeriesKey.of(tenant, Labels.of("__name__", "m", "i", Integer.toString(i)));
  }

  /** Reads every sample of a tenant from whichever of the members owns its shard. */
  static Map<Labels, NavigableMap<Long, Double>> all(String tenant, TestGrid.Node... nodes) {
    Map<Labels, NavigableMap<Long, Double>> found = new HashMap<>();
    int shards = nodes[0].store().shards();
    for (int shard = 0; shard < shards; shard++) {
      int number = shard;
      org.awaitility.Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .ignoreException(ShardMovedException.class)
          .until(() -> {
            for (TestGrid.Node node : nodes) {
              if (node.hazelcast().getLifecycleService().isRunning()
                  && read(node.store().reader(), number, tenant, found)) {
                return true;
              }
            }
            return false;
          });
    }
    return found;
  }

  private static boolean read(
      ShardReader reader, int shard, String tenant, Map<Labels, NavigableMap<Long, Double>> found) {
    try {
      Map<Labels, NavigableMap<Long, Double>> read =
          reader.read(
              shard,
              view -> {
                Map<Labels, NavigableMap<Long, Double>> series = new HashMap<>();
                view.select(
                    tenant,
                    List.of(Matcher.of(Matcher.Type.REGEX, "__name__", ".+")),
                    one -> {
                      SampleBuffer buffer = new SampleBuffer();
                      one.copy(Long.MIN_VALUE, Long.MAX_VALUE, buffer);
                      NavigableMap<Long, Double> samples = new TreeMap<>();
                      for (int i = 0; i < buffer.size(); i++) {
                        assertThat(samples.put(buffer.times()[i], buffer.values()[i])).isNull();
                      }
                      series.put(one.labels(), samples);
                    });
                return series;
              });
      found.putAll(read);
      return true;
    } catch (ShardMovedException e) {
      return false;
    }
  }

  @Test
  void storesOnceWhatIsSentThrice() {
    try (TestGrid grid = new TestGrid(TestGrid.memoryOnly(16), CLOCK)) {
      TestGrid.Node node = grid.start();
      GridIngest ingest = ingest(node, Optional.empty());
      SampleBatch.Builder builder = SampleBatch.builder(1_000);
      List<SeriesKey> keys = IntStream.range(0, 50).mapToObj(i -> key("a", i)).toList();
      for (int i = 0; i < 1_000; i++) {
        builder.add(keys.get(i % 50), NOW - 1_000L * (i / 50), i);
      }
      SampleBatch batch = builder.build();
      for (int i = 0; i < 3; i++) {
        assertThat(ingest.append("a", batch, Ack.REPLICATED).accepted()).isEqualTo(1_000);
      }
      Map<Labels, NavigableMap<Long, Double>> found = all("a", node);
      assertThat(found).hasSize(50);
      found.values().forEach(samples -> assertThat(samples).hasSize(20));
      assertThat(found.get(key("a", 7).labels())).containsEntry(NOW - 2_000, 107.0);
      assertThat(all("b", node)).isEmpty();
      IMap<JournalKey, JournalBatch> journal = node.hazelcast().getMap(GridNames.JOURNAL);
      long overlapping =
          journal.values().stream().filter(JournalBatch::overlapping).mapToInt(b -> b.size()).sum();
      assertThat(overlapping).isEqualTo(2_000);
      assertThat(journal.values().stream().mapToInt(b -> b.births().size()).sum()).isEqualTo(50);
      ingest.close();
    }
  }

  @Test
  void refusesTimesOutOfBoundsRowByRow() {
    try (TestGrid grid = new TestGrid(TestGrid.memoryOnly(4), CLOCK)) {
      GridIngest ingest = ingest(grid.start(), Optional.empty());
      SampleBatch batch =
          SampleBatch.builder(4)
              .add(key("a", 1), NOW, 1)
              .add(key("a", 1), NOW + 11 * 60_000, 1)
              .add(key("a", 1), -1, 1)
              .add(key("a", 1), NOW - Duration.ofDays(4).toMillis(), 1)
              .build();
      IngestResult result = ingest.append("a", batch, Ack.REPLICATED);
      assertThat(result.accepted()).isEqualTo(1);
      assertThat(result.rejected()).isEqualTo(3);
      assertThat(result.errors())
          .extracting(RowError::index, RowError::code)
          .containsExactly(
              org.assertj.core.groups.Tuple.tuple(1, ErrorCode.SAMPLE_TOO_NEW),
              org.assertj.core.groups.Tuple.tuple(2, ErrorCode.INVALID_TIME),
              org.assertj.core.groups.Tuple.tuple(3, ErrorCode.SAMPLE_TOO_OLD));
      assertThatThrownBy(() -> ingest.append("a", batch, Ack.DURABLE))
          .isInstanceOf(TidegridException.class);
      ingest.close();
    }
  }

  @Test
  void oldSamplesPassMemoryAndWaitForTheirCommit() {
    try (TestGrid grid = new TestGrid(TestGrid.withDatabase(4), CLOCK)) {
      TestGrid.Node node = grid.start();
      Map<JournalKey, JournalBatch> committed = new HashMap<>();
      GridIngest ingest = ingest(node, Optional.of(committed::putAll));
      long old = NOW - Duration.ofDays(300).toMillis();
      ingest.append("a", SampleBatch.builder(1).add(key("a", 1), old, 5).build(), Ack.REPLICATED);
      assertThat(committed.values())
          .singleElement()
          .satisfies(batch -> {
            assertThat(batch.old()).isTrue();
            assertThat(batch.times()[0]).isEqualTo(old);
            assertThat(batch.births()).hasSize(1);
          });
      assertThat(all("a", node).get(key("a", 1).labels())).isEmpty();
      ingest.close();
    }
  }

  @Test
  void acknowledgedSamplesSurviveTheLossAndArrivalOfMembers() throws Exception {
    try (TestGrid grid = new TestGrid(TestGrid.memoryOnly(16), CLOCK);
        ExecutorService pool = Executors.newFixedThreadPool(4)) {
      TestGrid.Node first = grid.start();
      TestGrid.Node second = grid.start();
      grid.awaitSafe();
      GridIngest writer = ingest(second, Optional.empty());
      Map<Labels, NavigableMap<Long, Double>> expected = new HashMap<>();
      List<Future<?>> writes = new ArrayList<>();
      Random random = new Random(5);
      for (int round = 0; round < 300; round++) {
        SampleBatch.Builder builder = SampleBatch.builder(200);
        for (int i = 0; i < 200; i++) {
          SeriesKey key = key("a", random.nextInt(100));
          long time = NOW - 600_000 + 1_000L * random.nextInt(600);
          double value = random.nextInt(1_000) + time % 60_000;
          NavigableMap<Long, Double> samples =
              expected.computeIfAbsent(key.labels(), labels -> new TreeMap<>());
          if (samples.putIfAbsent(time, value) == null) {
            builder.add(key, time, value);
          }
        }
        SampleBatch batch = builder.build();
        writes.add(pool.submit(() -> writer.append("a", batch, Ack.REPLICATED)));
        if (round == 100) {
          first.hazelcast().getLifecycleService().terminate();
        }
      }
      for (Future<?> write : writes) {
        write.get();
      }
      TestGrid.Node third = grid.start();
      grid.awaitSafe();
      assertThat(all("a", second, third)).isEqualTo(expected);
      writer.close();
      second.hazelcast().getLifecycleService().terminate();
      assertThat(all("a", third)).isEqualTo(expected);
    }
  }
}
