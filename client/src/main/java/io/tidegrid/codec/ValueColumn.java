package io.tidegrid.codec;

import java.util.Arrays;

/**
 * The values of a chunk: planned, written and read. Scaled integers where the chunk has an exponent
 * of ten, with the few samples it does not fit kept aside; else the bits of the doubles.
 */
final class ValueColumn {

  private static final int RAW = DecimalScale.MAX_EXPONENT + 1;
  private static final int[] NO_EXCEPTIONS = {};

  /** Above this many bytes a sample it is worth looking whether the raw bits are smaller. */
  private static final int DECIMALS_ARE_SMALL = 3;

  private final double[] values;
  private final int offset;
  private final int count;
  private final int scale;
  private final long first;
  private final LongColumnWriter column;
  private final int[] exceptions;
  private final boolean plain;
  private final int bytes;

  private ValueColumn(
      double[] values, int offset, int count, int scale, long[] column, int[] exceptions) {
    this.values = values;
    this.offset = offset;
    this.count = count;
    this.scale = scale;
    this.first = column[0];
    this.exceptions = exceptions;
    if (scale == RAW) {
      this.column = LongColumnWriter.ofBits(column, count);
      int packed = Long.BYTES + this.column.bytes();
      this.plain = packed > count * Long.BYTES;
      this.bytes = 1 + Math.min(packed, count * Long.BYTES);
    } else {
      this.column = LongColumnWriter.ofIntegers(column, count);
      this.plain = false;
      this.bytes = 1 + Bits.varintSize(Bits.zigzag(first)) + this.column.bytes() + exceptionBytes();
    }
  }

  static ValueColumn plan(double[] values, int offset, int count) {
    int exponent = DecimalScale.choose(values, offset, count);
    if (exponent < 0) {
      return raw(values, offset, count);
    }
    ValueColumn decimal = decimal(values, offset, count, exponent);
    if (decimal.bytes <= DECIMALS_ARE_SMALL * count) {
      return decimal;
    }
    ValueColumn raw = raw(values, offset, count);
    return raw.bytes < decimal.bytes ? raw : decimal;
  }

  private static ValueColumn decimal(double[] values, int offset, int count, int exponent) {
    long[] scaled = new long[count];
    int[] exceptions = NO_EXCEPTIONS;
    int misfits = DecimalScale.scale(values, offset, count, exponent, scaled, exceptions);
    if (misfits > 0) {
      exceptions = new int[misfits];
      DecimalScale.scale(values, offset, count, exponent, scaled, exceptions);
    }
    return new ValueColumn(values, offset, count, exponent, scaled, exceptions);
  }

  private static ValueColumn raw(double[] values, int offset, int count) {
    long[] bits = new long[count];
    for (int i = 0; i < count; i++) {
      bits[i] = Double.doubleToRawLongBits(values[offset + i]);
    }
    return new ValueColumn(values, offset, count, RAW, bits, NO_EXCEPTIONS);
  }

  private int exceptionBytes() {
    if (exceptions.length == 0) {
      return 0;
    }
    int size = Bits.varintSize(exceptions.length) + exceptions.length * Long.BYTES;
    int previous = 0;
    for (int place : exceptions) {
      size += Bits.varintSize(place - previous);
      previous = place;
    }
    return size;
  }

  /** Returns the number of bytes that {@link #write} writes. */
  int bytes() {
    return bytes;
  }

  boolean hasExceptions() {
    return exceptions.length > 0;
  }

  /** Writes form, first value, column and exceptions, and returns the place after them. */
  int write(byte[] out, int at) {
    int place = at;
    if (plain) {
      out[place++] = (byte) (scale << 4 | Transform.PLAIN.code());
      for (int i = 0; i < count; i++, place += Long.BYTES) {
        Bits.LONGS.set(out, place, Double.doubleToRawLongBits(values[offset + i]));
      }
      return place;
    }
    out[place++] = (byte) (scale << 4 | column.form());
    if (scale == RAW) {
      Bits.LONGS.set(out, place, first);
      place += Long.BYTES;
    } else {
      place = Bits.putVarint(out, place, Bits.zigzag(first));
    }
    place = column.write(out, place);
    if (exceptions.length > 0) {
      place = Bits.putVarint(out, place, exceptions.length);
      int previous = 0;
      for (int i : exceptions) {
        place = Bits.putVarint(out, place, i - previous);
        Bits.LONGS.set(out, place, Double.doubleToRawLongBits(values[offset + i]));
        place += Long.BYTES;
        previous = i;
      }
    }
    return place;
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @param scratch longs from {@code offset} that may be overwritten
   */
  static void read(
      ByteReader in,
      boolean hasExceptions,
      long[] scratch,
      double[] values,
      int offset,
      int count) {
    int form = in.unsignedByte();
    int scale = form >>> 4;
    if ((form & 15) == Transform.PLAIN.code()) {
      readPlain(in, values, offset, count);
    } else if (scale == RAW) {
      LongColumnReader.read(in, form & 15, in.fixedLong(), scratch, offset, count);
      for (int i = offset; i < offset + count; i++) {
        values[i] = Double.longBitsToDouble(scratch[i]);
      }
    } else {
      readDecimals(in, form, DecimalScale.power(scale), scratch, values, offset, count);
    }
    if (hasExceptions) {
      readExceptions(in, values, offset, count);
    }
  }

  private static void readPlain(ByteReader in, double[] values, int offset, int count) {
    int at = in.skip(count * Long.BYTES);
    byte[] bytes = in.bytes();
    for (int i = 0; i < count; i++) {
      values[offset + i] =
          Double.longBitsToDouble((long) Bits.LONGS.get(bytes, at + i * Long.BYTES));
    }
  }

  private static void readDecimals(
      ByteReader in,
      int form,
      double power,
      long[] scratch,
      double[] values,
      int offset,
      int count) {
    long first = in.signedVarint();
    if ((form & 15) == Transform.CONSTANT.code()) {
      Arrays.fill(values, offset, offset + count, first / power);
      return;
    }
    LongColumnReader.read(in, form & 15, first, scratch, offset, count);
    for (int i = offset; i < offset + count; i++) {
      values[i] = scratch[i] / power;
    }
  }

  private static void readExceptions(ByteReader in, double[] values, int offset, int count) {
    int exceptions = in.smallVarint(count);
    int place = 0;
    for (int i = 0; i < exceptions; i++) {
      place += in.smallVarint(count);
      if (place >= count) {
        throw ByteReader.corrupt("an exception lies beyond its end");
      }
      values[offset + place] = Double.longBitsToDouble(in.fixedLong());
    }
  }
}
