package io.tidegrid.events;

/** What became of an event. */
public enum EventVerdict {
  /** It is new, and was taken. */
  STORED,
  /** Its device sent an event of that id before, which stays. */
  DUPLICATE
}
