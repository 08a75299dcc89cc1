package io.tidegrid.query;

/** Prometheus' mark for the end of a series: a NaN with a payload of its own, never a value. */
final class StaleMarker {

  private static final long BITS = 0x7ff0000000000002L;

  private StaleMarker() {}

  static boolean is(double value) {
    return Double.isNaN(value) && Double.doubleToRawLongBits(value) == BITS;
  }
}
