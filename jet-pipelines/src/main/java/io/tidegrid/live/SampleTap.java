package io.tidegrid.live;

/** Where a store shows what its shards have taken. Safe for use by many threads. */
public interface SampleTap {

  /** A tap that is never open. */
  SampleTap CLOSED =
      new SampleTap() {
        @Override
        public boolean isOpen() {
          return false;
        }

        @Override
        public void appended(AppendedSamples samples) {}
      };

  /**
   * Tells whether anybody wants to see samples. Asked once for each batch, before it is applied; as
   * cheap as reading a volatile field.
   */
  boolean isOpen();

  /**
   * Takes a batch that was applied while the tap was open. Called on threads of the grid; returns
   * at once, and keeps references to the arrays.
   */
  void appended(AppendedSamples samples);
}
