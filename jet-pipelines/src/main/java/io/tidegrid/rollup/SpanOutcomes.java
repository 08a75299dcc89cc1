package io.tidegrid.rollup;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * The way back from the threads that compute to the schedule of the same member. Streams only run
 * forward, and what is under way is bounded by this. Safe for use by many threads.
 */
final class SpanOutcomes {

  /** What became of a span that was due. */
  sealed interface Outcome {
    DirtySpan span();
  }

  /** Its figures, with everything up to a sequence, are in the grid; or there are none to have. */
  record Done(DirtySpan span, long throughSequence, long tookNanos) implements Outcome {}

  /** The way on was closed; it stays due. */
  record Closed(DirtySpan span) implements Outcome {}

  /** It could not be read now. */
  record Postponed(DirtySpan span, String reason) implements Outcome {}

  /** Something went wrong. */
  record Failed(DirtySpan span, Throwable cause) implements Outcome {}

  private final Queue<Outcome> waiting = new ConcurrentLinkedQueue<>();

  void add(Outcome outcome) {
    waiting.add(outcome);
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  void drain(Consumer<Outcome> consumer) {
    for (Outcome next = waiting.poll(); next != null; next = waiting.poll()) {
      consumer.accept(next);
    }
  }
}
