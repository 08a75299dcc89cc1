package io.tidegrid.codec;

import java.util.Arrays;
import java.util.Objects;

/**
 * Values as scaled integers where that is exact, else as the bits of the doubles; both, and the
 * times, as bit-packed differences.
 *
 * <pre>
 * flags        1 byte: version (high 4 bits), 0, 0, exceptions (bit 1), regular times (bit 0)
 * count - 1    varint
 * first time   zigzag varint
 * span         varint: last time - first time
 * value form   1 byte: scale (high 4 bits: exponent of ten, or 15 for raw bits), column form
 * first value  zigzag varint of the scaled integer; raw: 8 bytes
 * values       column, see LongColumnWriter
 * exceptions   only if flagged: varint number; each varint gap from the one before, 8 bytes
 * time form    1 byte: column form; only if the times are not regular
 * times        column
 * </pre>
 *
 * The values precede the times because decoding uses the room for the times to unpack the values.
 */
final class TideChunkCodec implements ChunkCodec {

  static final TideChunkCodec INSTANCE = new TideChunkCodec();

  private static final int VERSION = 1;
  private static final int REGULAR = 1;
  private static final int EXCEPTIONS = 2;
  private static final int KNOWN_FLAGS = REGULAR | EXCEPTIONS;

  private TideChunkCodec() {}

  @Override
  public byte[] encode(long[] times, double[] values, int offset, int count) {
    if (count < 1 || count > MAX_SAMPLES) {
      throw new IllegalArgumentException(
          "a chunk holds 1 to " + MAX_SAMPLES + " samples, not " + count);
    }
    Objects.checkFromIndexSize(offset, count, times.length);
    Objects.checkFromIndexSize(offset, count, values.length);
    long first = times[offset];
    long span = times[offset + count - 1] - first;
    LongColumnWriter timeColumn = planTimes(times, offset, count);
    ValueColumn valueColumn = ValueColumn.plan(values, offset, count);
    int size =
        1
            + Bits.varintSize(count - 1)
            + Bits.varintSize(Bits.zigzag(first))
            + Bits.varintSize(span)
            + valueColumn.bytes()
            + (timeColumn == null ? 0 : 1 + timeColumn.bytes());
    byte[] out = new byte[size];
    out[0] =
        (byte)
            (VERSION << 4
                | (timeColumn == null ? REGULAR : 0)
                | (valueColumn.hasExceptions() ? EXCEPTIONS : 0));
    int at = Bits.putVarint(out, 1, count - 1);
    at = Bits.putVarint(out, at, Bits.zigzag(first));
    at = Bits.putVarint(out, at, span);
    at = valueColumn.write(out, at);
    if (timeColumn != null) {
      out[at++] = (byte) timeColumn.form();
      timeColumn.write(out, at);
    }
    return out;
  }

  /** Returns the column of the times, or null when they are regular. */
  private static LongColumnWriter planTimes(long[] times, int offset, int count) {
    long first = times[offset];
    long step = count == 1 ? 0 : times[offset + 1] - first;
    boolean regular = true;
    boolean ascending = true;
    for (int i = offset + 1; i < offset + count; i++) {
      regular &= times[i] - times[i - 1] == step;
      ascending &= times[i] > times[i - 1];
    }
    if (!ascending) {
      throw new IllegalArgumentException("the times of a chunk ascend strictly");
    }
    long span = times[offset + count - 1] - first;
    // Multiples of a step that wraps around would not be found again by dividing the span.
    if (regular && (count == 1 || Long.divideUnsigned(span, count - 1) == step)) {
      return null;
    }
    long[] column = Arrays.copyOfRange(times, offset, offset + count);
    boolean differencesFit = span > 0 && span < Long.MAX_VALUE >> 2;
    return differencesFit
        ? LongColumnWriter.ofIntegers(column, count)
        : LongColumnWriter.ofBits(column, count);
  }

  /** Reads version, flags and count; what follows is the first time. */
  private static int flags(ByteReader in) {
    int flags = in.unsignedByte();
    if (flags >>> 4 != VERSION || (flags & 15 & ~KNOWN_FLAGS) != 0) {
      throw ByteReader.corrupt("unknown version or flags");
    }
    return flags;
  }

  private static int count(ByteReader in) {
    return in.smallVarint(MAX_SAMPLES - 1) + 1;
  }

  @Override
  public int count(byte[] bytes, int from, int to) {
    ByteReader in = new ByteReader(bytes, from, to);
    int ignored = flags(in);
    return count(in);
  }

  @Override
  public long firstTime(byte[] bytes, int from, int to) {
    ByteReader in = new ByteReader(bytes, from, to);
    int ignored = flags(in) + count(in);
    return in.signedVarint();
  }

  @Override
  public long lastTime(byte[] bytes, int from, int to) {
    ByteReader in = new ByteReader(bytes, from, to);
    int ignored = flags(in) + count(in);
    long first = in.signedVarint();
    return first + in.varint();
  }

  @Override
  public boolean mayHold(byte[] bytes, int from, int to, long time) {
    ByteReader in = new ByteReader(bytes, from, to);
    int flags = flags(in);
    int count = count(in);
    long first = in.signedVarint();
    long span = in.varint();
    if (time < first || Long.compareUnsigned(time - first, span) > 0) {
      return false;
    }
    if ((flags & REGULAR) == 0 || count == 1) {
      return true;
    }
    return Long.remainderUnsigned(time - first, Long.divideUnsigned(span, count - 1)) == 0;
  }

  @Override
  public int decode(byte[] bytes, int from, int to, long[] times, double[] values, int offset) {
    ByteReader in = new ByteReader(bytes, from, to);
    int flags = flags(in);
    int count = count(in);
    long first = in.signedVarint();
    long span = in.varint();
    Objects.checkFromIndexSize(offset, count, times.length);
    Objects.checkFromIndexSize(offset, count, values.length);
    ValueColumn.read(in, (flags & EXCEPTIONS) != 0, times, values, offset, count);
    if ((flags & REGULAR) != 0) {
      readRegularTimes(first, span, times, offset, count);
    } else {
      LongColumnReader.read(in, in.unsignedByte(), first, times, offset, count);
    }
    if (!in.atEnd()) {
      throw ByteReader.corrupt("bytes follow its end");
    }
    checkTimes(first + span, times, offset, count);
    return count;
  }

  private static void readRegularTimes(long first, long span, long[] times, int offset, int count) {
    long step = count == 1 ? 0 : Long.divideUnsigned(span, count - 1);
    for (int i = 0; i < count; i++) {
      times[offset + i] = first + i * step;
    }
  }

  private static void checkTimes(long last, long[] times, int offset, int count) {
    boolean ascending = true;
    for (int i = offset + 1; i < offset + count; i++) {
      ascending &= times[i] > times[i - 1];
    }
    if (!ascending || times[offset + count - 1] != last) {
      throw ByteReader.corrupt("its times do not ascend to the last one");
    }
  }
}
