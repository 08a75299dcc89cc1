package io.tidegrid.live;

import io.micrometer.core.instrument.Counter;
import io.tidegrid.live.FilterIndex.Route;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Compares what this member's shards take with the filters of all members, on a thread of its own.
 * Where a series goes is worked out when it first comes after a change of the filters; from then on
 * a sample costs one look into an array.
 */
final class SampleMatcher implements SampleTap {

  /** Samples that may wait to be matched: most of a second of the fastest ingest. */
  private static final long MAX_WAITING = 2_000_000;

  private static final int AT_ONCE = 256;

  /** Prometheus' mark for the end of a series: never a value. */
  private static final long STALE_MARKER = 0x7ff0000000000002L;

  /** What was worked out for a shard's series, good for one table of series and one index. */
  private static final class Routes {
    private final SeriesTable table;
    private final FilterIndex index;
    private Route[][] bySeries = new Route[64][];

    private Routes(SeriesTable table, FilterIndex index) {
      this.table = table;
      this.index = index;
    }

    @SuppressWarnings("ReferenceEquality") // the same object, or worked out for something else
    private boolean areOf(SeriesTable otherTable, FilterIndex otherIndex) {
      return table == otherTable && index == otherIndex;
    }

    private Route[] of(int number) {
      if (number >= bySeries.length) {
        bySeries = Arrays.copyOf(bySeries, Math.max(number + 1, bySeries.length * 2));
      }
      Route[] routes = bySeries[number];
      if (routes == null) {
        routes = index.routes(table.tenant(number), table.labels(number));
        bySeries[number] = routes;
      }
      return routes;
    }
  }

  private final FilterTable filters;
  private final Counter skipped;
  private final LinkedBlockingQueue<AppendedSamples> waiting = new LinkedBlockingQueue<>();
  private final AtomicLong waitingSamples = new AtomicLong();
  private final Map<Integer, Routes> byShard = new HashMap<>();
  private final List<Target> touched = new ArrayList<>();

  SampleMatcher(FilterTable filters, Counter skipped) {
    this.filters = filters;
    this.skipped = skipped;
  }

  @Override
  public boolean isOpen() {
    return !filters.isEmpty();
  }

  @Override
  public void appended(AppendedSamples samples) {
    if (waitingSamples.addAndGet(samples.size()) > MAX_WAITING) {
      waitingSamples.addAndGet(-samples.size());
      skipped.increment(samples.size());
      return;
    }
    waiting.add(samples);
  }

  /** Waits for batches and matches those that are there. */
  void matchNext() throws InterruptedException {
    List<AppendedSamples> batches = new ArrayList<>();
    batches.add(waiting.take());
    int ignored = waiting.drainTo(batches, AT_ONCE - 1);
    waitingSamples.addAndGet(-batches.stream().mapToLong(AppendedSamples::size).sum());
    FilterIndex index = filters.index();
    if (index == FilterIndex.EMPTY) {
      byShard.clear();
    }
    try {
      for (AppendedSamples batch : batches) {
        match(batch, index);
      }
    } finally {
      touched.forEach(Target::flush);
      touched.clear();
    }
  }

  private void match(AppendedSamples batch, FilterIndex index) {
    if (index == FilterIndex.EMPTY) {
      return;
    }
    Routes routes = byShard.get(batch.shard());
    if (routes == null || !routes.areOf(batch.table(), index)) {
      routes = new Routes(batch.table(), index);
      byShard.put(batch.shard(), routes);
    }
    int[] numbers = batch.numbers();
    for (int i = 0; i < batch.size(); i++) {
      Route[] found = routes.of(numbers[i]);
      if (found.length > 0 && !batch.isUnchanged(i)) {
        send(found, batch.times()[i], batch.values()[i]);
      }
    }
  }

  private void send(Route[] routes, long timeMs, double value) {
    if (Double.doubleToRawLongBits(value) == STALE_MARKER) {
      return;
    }
    for (Route route : routes) {
      if (route.target().add(route.match(), timeMs, value)) {
        touched.add(route.target());
      }
    }
  }

  /** Lets go of what was worked out, when nobody asks for anything any more. */
  void forget() {
    waiting.add(
        new AppendedSamples(-1, 0, NO_SERIES, 0, NONE, new long[0], new double[0], new long[0]));
  }

  private static final int[] NONE = {};

  private static final SeriesTable NO_SERIES =
      new SeriesTable() {
        @Override
        public String tenant(int number) {
          throw new IllegalArgumentException("there is no series");
        }

        @Override
        public io.tidegrid.model.Labels labels(int number) {
          throw new IllegalArgumentException("there is no series");
        }
      };
}
