package io.tidegrid.rollup;

import java.time.Duration;

/** Is told what became of spans, for meters. Called by the threads that compute; must not block. */
public interface RollupListener {

  /** Takes no note of anything. */
  RollupListener SILENT =
      new RollupListener() {
        @Override
        public void rolled(DirtySpan span, long windows, long samples, Duration took) {}

        @Override
        public void refused(DirtySpan span) {}

        @Override
        public void postponed(DirtySpan span, String reason) {}

        @Override
        public void failed(DirtySpan span, Throwable cause) {}
      };

  /**
   * The figures of a span are in the grid.
   *
   * @param windows how many windows of its finest tier it has, over all series
   * @param samples how many samples are in them
   * @param took reading, computing and handing over
   */
  void rolled(DirtySpan span, long windows, long samples, Duration took);

  /** The samples of a span are gone by retention; its figures stay what they were. */
  void refused(DirtySpan span);

  /** A span could not be read now. */
  void postponed(DirtySpan span, String reason);

  /** Reading or handing over a span failed; it is tried again later. */
  void failed(DirtySpan span, Throwable cause);
}
