package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A single node with its embedded PostgreSQL, killed under load. */
class KillIT {

  private static final long LOSABLE_NANOS = Duration.ofSeconds(3).toNanos();

  @TempDir Path directory;

  @Test
  void losesAtMostTheLastThreeSecondsAndDoublesNothing() throws Exception {
    killedUnderLoad(LOSABLE_NANOS);
  }

  @Test
  void losesNothingThatWasAcknowledgedAsDurable() throws Exception {
    killedUnderLoad(0, "X-Tidegrid-Ack", "durable");
  }

  private void killedUnderLoad(long losableNanos, String... headers) throws Exception {
    long start = System.currentTimeMillis() - Duration.ofHours(20).toMillis();
    List<SampleWriter> writers = new ArrayList<>();
    NodeProcess first = NodeProcess.up(directory);
    for (int i = 0; i < 3; i++) {
      SampleWriter writer = new SampleWriter("w" + i, start, List.of(first), headers);
      writers.add(writer);
      writer.start();
    }
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() ->
            writers.stream()
                .allMatch(writer ->
                    writer.acknowledged().size() > 50
                        && writer.acknowledged().getLast().atNanos()
                                - writer.acknowledged().getFirst().atNanos()
                            > Duration.ofSeconds(6).toNanos()));
    first.kill();
    long killed = System.nanoTime();
    for (SampleWriter writer : writers) {
      writer.finish();
    }
    try (NodeProcess second = NodeProcess.up(directory)) {
      for (SampleWriter writer : writers) {
        BitSet held = Holdings.of(second, writer);
        for (SampleWriter.Acknowledged batch : writer.acknowledged()) {
          if (killed - batch.atNanos() > losableNanos) {
            assertThat(held.nextClearBit(batch.first()))
                .as("batch %d of %s", batch.first(), writer.writer())
                .isGreaterThanOrEqualTo(batch.first() + SampleWriter.BATCH);
          }
        }
        SampleWriter again =
            new SampleWriter(writer.writer(), writer.timeOf(0), List.of(second), headers);
        for (int n = 0; n <= writer.unanswered(); n += SampleWriter.BATCH) {
          assertThat(again.send(n)).isTrue();
        }
        assertThat(Holdings.of(second, writer).cardinality())
            .isEqualTo(writer.unanswered() + SampleWriter.BATCH);
      }
      assertThat(second.terminate()).as(second::logText).isZero();
    }
    // From the database alone, each sample once.
    try (NodeProcess third = NodeProcess.up(directory)) {
      for (SampleWriter writer : writers) {
        assertThat(Holdings.of(third, writer).cardinality())
            .isEqualTo(writer.unanswered() + SampleWriter.BATCH);
      }
    }
  }
}
