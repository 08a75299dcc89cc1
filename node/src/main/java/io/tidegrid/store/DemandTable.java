package io.tidegrid.store;

import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;

/**
 * Counts how often blocks were asked for that memory does not hold whole. Bounded: of too many
 * blocks those are forgotten that were not asked for the longest. Safe for use by many threads.
 */
final class DemandTable implements BlockDemand {

  /** Some 250 bytes each, with the usual number of asks. */
  static final int MAX_BLOCKS = 8_192;

  /** A question for more, a day, reads the past as a whole and says nothing of single blocks. */
  private static final int MAX_BLOCKS_OF_A_QUESTION = 12;

  /** One block of one shard. */
  record Place(int shard, long startMs) {}

  private final ReloadOptions options;
  private final InstantSource clock;
  private final Runnable wanted;
  private final Map<Place, Queue<Long>> asked = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<Place, Long> due = new LinkedHashMap<>();

  /**
   * @param wanted run when there is a block to {@link #take}
   */
  DemandTable(ReloadOptions options, InstantSource clock, Runnable wanted) {
    this.options = options;
    this.clock = clock;
    this.wanted = wanted;
  }

  @Override
  public void missed(int shard, long fromMs, long toMs) {
    // In this order: the ends of time would overflow.
    if (options.asks() <= 0
        || fromMs < 0
        || toMs < fromMs
        || toMs - fromMs > MAX_BLOCKS_OF_A_QUESTION * BlockSpan.LENGTH_MS) {
      return;
    }
    long now = clock.millis();
    boolean any = false;
    synchronized (this) {
      for (long start = BlockSpan.startOf(fromMs); start <= toMs; start += BlockSpan.LENGTH_MS) {
        any |= count(new Place(shard, start), now);
      }
    }
    if (any) {
      wanted.run();
    }
  }

  private boolean count(Place place, long now) {
    Queue<Long> times = asked.computeIfAbsent(place, p -> new ArrayDeque<>(options.asks()));
    long oldest = now - options.window().toMillis();
    while (!times.isEmpty() && times.peek() <= oldest) {
      times.remove();
    }
    times.add(now);
    if (times.size() >= options.asks()) {
      asked.remove(place);
      return (due.size() < MAX_BLOCKS || due.containsKey(place)) && due.put(place, now) == null;
    }
    if (asked.size() > MAX_BLOCKS) {
      asked.remove(asked.keySet().iterator().next());
    }
    return false;
  }

  /**
   * Takes the block that has been waiting the longest of those that were asked for often enough,
   * and lately. It has to be asked for as often again to come again.
   */
  synchronized Optional<Place> take() {
    long oldest = clock.millis() - options.window().toMillis();
    while (!due.isEmpty()) {
      Map.Entry<Place, Long> first = due.entrySet().iterator().next();
      Place place = first.getKey();
      boolean late = first.getValue() <= oldest;
      due.remove(place);
      if (!late) {
        return Optional.of(place);
      }
    }
    return Optional.empty();
  }

  /** Returns how many blocks are counted. */
  synchronized int size() {
    return asked.size() + due.size();
  }
}
