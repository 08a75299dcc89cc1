package io.tidegrid.rollup;

/** What the schedule knows of one span. Changed by one thread. */
final class SpanTrack {

  enum State {
    /** Clean, or dirty and waiting until it is due. */
    WAITING,
    /** With the threads that compute, or on the way to them. */
    UNDER_WAY,
    /** Handed over, to be clean once it is committed. */
    HANDED_OVER
  }

  State state = State.WAITING;

  /** The last look that saw it dirty. */
  long look = -1;

  /** The sequence of its last write, as seen. */
  long sequence;

  /** When it was first seen dirty with what is not computed yet. */
  long dirtySinceMs;

  /** When it was last seen with another sequence. */
  long changedMs;

  /** When it was handed over last; {@link Long#MIN_VALUE} when never. */
  long handedOverMs = Long.MIN_VALUE;

  /** What that was computed through. */
  long throughSequence;

  /** How often it was computed lately. */
  int level;

  /** How often it was tried in vain since. */
  int failures;

  /** Before this it is not tried again. */
  long notBeforeMs = Long.MIN_VALUE;
}
