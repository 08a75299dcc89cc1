package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.live.LiveSample;
import io.tidegrid.model.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is kept for a client that does not keep up. */
class LiveQueueTest {

  private static final int LENGTH = 100;

  private static LiveSample sample(String series, int number) {
    return new LiveSample(
        Labels.of(Labels.METRIC_NAME, "cpu", "host", series), number, number, number);
  }

  private static LiveQueue queue(int maxSamples, long maxBytes) {
    return new LiveQueue(maxSamples, maxBytes, sample -> new byte[LENGTH]);
  }

  private static List<Long> times(LiveQueue.Taken taken) {
    return taken.samples().stream().map(LiveSample::timeMs).toList();
  }

  @Test
  void keepsEverySampleInOrderWhileThereIsRoom() throws InterruptedException {
    LiveQueue queue = queue(10, 10_000);
    long dropped = queue.addSamples(IntStream.range(0, 10).mapToObj(i -> sample("a", i)).toList());

    LiveQueue.Taken taken = queue.take();

    assertThat(dropped).isZero();
    assertThat(taken.dropped()).isZero();
    assertThat(times(taken)).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
  }

  @Test
  void keepsTheNewestOfEachSeriesWhenFull() throws InterruptedException {
    LiveQueue queue = queue(4, 10_000);
    List<LiveSample> samples = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      samples.add(sample("h" + i % 2, i));
    }
    long dropped = queue.addSamples(samples);

    LiveQueue.Taken taken = queue.take();

    assertThat(dropped).isEqualTo(18);
    assertThat(taken.dropped()).isEqualTo(18);
    assertThat(times(taken)).containsExactly(18L, 19L);
    // Caught up: every sample counts again.
    long droppedLater = queue.addSamples(List.of(sample("h0", 20), sample("h0", 21)));
    assertThat(droppedLater).isZero();
    assertThat(times(queue.take())).containsExactly(20L, 21L);
  }

  @Test
  void letsTheSeriesGoThatWaitLongestWhenThereAreTooMany() throws InterruptedException {
    LiveQueue queue = queue(3, 10_000);
    long dropped =
        queue.addSamples(IntStream.range(0, 10).mapToObj(i -> sample("h" + i, i)).toList());

    LiveQueue.Taken taken = queue.take();

    assertThat(dropped).isEqualTo(7);
    assertThat(times(taken)).containsExactly(7L, 8L, 9L);
  }

  @Test
  void boundsBytes() throws InterruptedException {
    LiveQueue queue = queue(1_000, 5 * LENGTH);
    long dropped =
        queue.addSamples(IntStream.range(0, 50).mapToObj(i -> sample("h" + i, i)).toList());

    assertThat(dropped).isEqualTo(45);
    assertThat(queue.take().samples()).hasSize(5);
  }

  @Test
  void nothingIsLostUncounted() throws InterruptedException {
    LiveQueue queue = queue(50, 100_000);
    long added = 0;
    long taken = 0;
    long told = 0;
    for (int round = 0; round < 200; round++) {
      int count = round % 7 * 10;
      long base = added;
      queue.addSamples(
          IntStream.range(0, count)
              .mapToObj(i -> sample("h" + i % (1 + base % 60), (int) (base + i)))
              .toList());
      added += count;
      if (count > 0 && round % 3 == 0) {
        LiveQueue.Taken some = queue.take();
        taken += some.samples().size();
        told += some.dropped();
      }
    }
    queue.addDropped(1);
    LiveQueue.Taken last = queue.take();
    assertThat(taken + last.samples().size() + told + last.dropped() - 1).isEqualTo(added);
  }

  @Test
  void answersWaitInBoundedNumber() throws InterruptedException {
    LiveQueue queue = queue(10, 10_000);
    int accepted = 0;
    while (queue.addFrame(new byte[] {1})) {
      accepted++;
    }
    assertThat(accepted).isEqualTo(64);
    assertThat(queue.take().frames()).hasSize(64);
  }

  @Test
  void theEndComesAfterAnswersAndInsteadOfSamples() throws InterruptedException {
    LiveQueue queue = queue(10, 10_000);
    assertThat(queue.addFrame(new byte[] {1})).isTrue();
    queue.addSamples(List.of(sample("a", 1)));
    assertThat(queue.close(new byte[] {2})).isTrue();
    assertThat(queue.close(new byte[] {3})).isFalse();
    queue.addSamples(List.of(sample("a", 2)));

    LiveQueue.Taken taken = queue.take();

    assertThat(taken.frames()).hasSize(1);
    assertThat(taken.samples()).isEmpty();
    assertThat(taken.close()).containsExactly(2);
  }
}
