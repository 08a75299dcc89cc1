package io.tidegrid.codec;

/**
 * How a column of longs becomes a column of small ones. With {@code x[0]} known and {@code y[i] =
 * (x[i] - x[0]) / unit}, the packed numbers are, for {@code i} from 1, {@code u[i]} as described at
 * each.
 */
enum Transform {
  /** Nothing is packed: all equal {@code x[0]}. */
  CONSTANT(0),
  /** {@code y[i] - base}: values that jump about in a range. */
  RANGE(1),
  /** {@code (y[i] - y[i-1]) - base}: differences of one sign, such as a counter's. */
  DELTA_RANGE(2),
  /** {@code zigzag(y[i] - y[i-1])}: a random walk. */
  DELTA(3),
  /** {@code zigzag} of the difference of differences, the one before the first being the base. */
  DELTA_OF_DELTA(4),
  /** {@code (x[i] ^ x[i-1]) >>> unit}. */
  XOR(5),
  /** Not transformed: {@code x[i]}, 64 bits each, from {@code i = 0}. */
  PLAIN(6);

  private static final Transform[] BY_CODE = values();

  private final int code;

  Transform(int code) {
    this.code = code;
  }

  /** Returns the number that stands for the transform in a chunk, of three bits. */
  int code() {
    return code;
  }

  /** Returns the transform of a code, if it is one. */
  static Transform of(int code) {
    if (code >= BY_CODE.length) {
      throw ByteReader.corrupt("unknown transform " + code);
    }
    return BY_CODE[code];
  }

  boolean hasBase() {
    return this == RANGE || this == DELTA_RANGE || this == DELTA_OF_DELTA;
  }
}
