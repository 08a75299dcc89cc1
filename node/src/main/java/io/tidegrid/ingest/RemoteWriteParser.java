package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Walks one {@code prometheus.WriteRequest} on the wire. Not safe for use by many threads. */
final class RemoteWriteParser {

  /** How far beyond the message the array must be readable: one varint or fixed64. */
  static final int SLACK_BYTES = 32;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LEN = 2;
  private static final int FIXED32 = 5;

  /** Field 1 of any message, length-delimited: a series, a label, a label's name. */
  private static final int FIELD_1_LEN = 0x0A;

  private static final int FIELD_2_LEN = 0x12;
  private static final int METADATA = 0x1A;
  private static final int HISTOGRAM = 0x22;
  private static final int SAMPLE_VALUE = 0x09;
  private static final int SAMPLE_TIME = 0x10;

  private static final String[] METRIC_TYPES = {
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"
  };

  private final DecodeContext context;
  private final byte[] bytes;
  private final int size;

  /** Where the field read last ended. */
  private int at;

  private long[] times = new long[16];
  private double[] values = new double[16];
  private int pending;

  RemoteWriteParser(DecodeContext context, byte[] bytes, int size) {
    this.context = context;
    this.bytes = bytes;
    this.size = size;
  }

  DecodedBatch parse() {
    int row = 0;
    boolean known = false;
    boolean unknown = false;
    int p = 0;
    while (p < size) {
      int tag = tag(p, size);
      if (tag == FIELD_1_LEN) {
        int end = lengthEnd(at, size);
        series(at, end, row++);
        p = end;
        known = true;
      } else if (tag == METADATA) {
        int end = lengthEnd(at, size);
        metadata(at, end);
        p = end;
        known = true;
      } else {
        p = skip(tag, at, size);
        unknown = true;
      }
    }
    if (unknown && !known) {
      throw damaged("it holds neither time series nor metadata; is it remote-write 2.0?");
    }
    return context.finish();
  }

  private void series(int from, int end, int row) {
    int p;
    CacheEntry entry = context.predicted();
    boolean scattered = false;
    boolean resolved = true;
    if (entry != null
        && entry.isAt(bytes, from, end)
        && (from + entry.raw.length == end || bytes[from + entry.raw.length] != FIELD_1_LEN)) {
      context.hitPredicted(entry);
      p = from + entry.raw.length;
    } else {
      p = from;
      while (p < end && bytes[p] == FIELD_1_LEN) {
        p = lengthEnd(p + 1, end);
      }
      entry = find(from, p - from);
      if (entry == null) {
        resolved = p > from && !hasLabels(p, end);
        entry = resolved ? resolve(from, p - from, row) : null;
      }
    }
    if (entry instanceof SeriesEntry known && isOnlySample(p, end)) {
      context.samples().add(known.key, times[0], values[0], row);
      return;
    }
    pending = 0;
    boolean histograms = false;
    while (p < end) {
      int tag = tag(p, end);
      if (tag == FIELD_2_LEN) {
        int sampleEnd = lengthEnd(at, end);
        sample(at, sampleEnd);
        p = sampleEnd;
      } else {
        scattered |= tag == FIELD_1_LEN;
        histograms |= tag == HISTOGRAM;
        p = skip(tag, at, end);
      }
    }
    if (scattered) {
      // Legal, but no sender does it: labels in more than one run, or after the samples.
      entry = gatherLabels(from, end).findOrResolve(row);
    } else if (!resolved && (pending > 0 || histograms)) {
      entry = resolve(from, 0, row);
    }
    if (entry instanceof SeriesEntry known) {
      SeriesKey key = known.key;
      for (int i = 0; i < pending; i++) {
        context.samples().add(key, times[i], values[i], row);
      }
      if (histograms) {
        context.errors.reject(
            row,
            ErrorCode.INVALID_VALUE,
            "native histograms are not stored; send classic histograms (series with le)");
      }
    }
  }

  /** Reads the rest of a series if it is one sample as every sender writes it. */
  private boolean isOnlySample(int p, int end) {
    // 0x12 length 0x09 8-bytes 0x10 varint
    if (end - p < 13
        || bytes[p] != FIELD_2_LEN
        || bytes[p + 1] != end - p - 2
        || bytes[p + 2] != SAMPLE_VALUE
        || bytes[p + 11] != SAMPLE_TIME) {
      return false;
    }
    long bits = (long) LONGS.get(bytes, p + 3);
    long time = varint(p + 12);
    if (at != end) {
      return false;
    }
    times[0] = time;
    values[0] = Double.longBitsToDouble(bits);
    return true;
  }

  private void sample(int from, int end) {
    long time = 0;
    long bits = 0;
    int p = from;
    while (p < end) {
      int tag = tag(p, end);
      if (tag == SAMPLE_VALUE && end - at >= 8) {
        bits = (long) LONGS.get(bytes, at);
        p = at + 8;
      } else if (tag == SAMPLE_TIME) {
        time = varint(at);
        p = within(at, end);
      } else {
        p = skip(tag, at, end);
      }
    }
    if (pending == times.length) {
      times = Arrays.copyOf(times, pending * 2);
      values = Arrays.copyOf(values, pending * 2);
    }
    times[pending] = time;
    values[pending++] = Double.longBitsToDouble(bits);
  }

  private boolean hasLabels(int from, int end) {
    int p = from;
    while (p < end) {
      int tag = tag(p, end);
      if (tag == FIELD_1_LEN) {
        return true;
      }
      p = skip(tag, at, end);
    }
    return false;
  }

  private CacheEntry findOrResolve(int row) {
    CacheEntry entry = find(0, size);
    return entry == null ? resolve(0, size, row) : entry;
  }

  private CacheEntry find(int from, int length) {
    long hash = context.scope.hash(bytes, from, length);
    CacheEntry entry = context.cache.find(context.scope, hash, bytes, from, length);
    if (entry != null) {
      context.hit(entry);
    }
    return entry;
  }

  /** Makes the entry of labels; returns null when they are refused and the row is rejected. */
  private CacheEntry resolve(int from, int length, int row) {
    SeriesKey key;
    try {
      key = key(from, from + length);
    } catch (RowProblem problem) {
      context.errors.reject(row, problem.code, problem.getMessage());
      return null;
    }
    long hash = context.scope.hash(bytes, from, length);
    byte[] raw = Arrays.copyOfRange(bytes, from, from + length);
    return context.keep(new SeriesEntry(context.scope, hash, raw, length, key));
  }

  private SeriesKey key(int from, int end) {
    LabelAssembler labels = context.labels;
    labels.reset(false);
    int p = from;
    while (p < end) {
      int labelEnd = lengthEnd(p + 1, end);
      int nameFrom = 0;
      int nameTo = 0;
      int valueFrom = 0;
      int valueTo = 0;
      int q = at;
      while (q < labelEnd) {
        int tag = tag(q, labelEnd);
        if (tag == FIELD_1_LEN) {
          q = lengthEnd(at, labelEnd);
          nameFrom = at;
          nameTo = q;
        } else if (tag == FIELD_2_LEN) {
          q = lengthEnd(at, labelEnd);
          valueFrom = at;
          valueTo = q;
        } else {
          q = skip(tag, at, labelEnd);
        }
      }
      labels.label(bytes, nameFrom, nameTo, valueFrom, valueTo);
      p = labelEnd;
    }
    return labels.build(context.scope.tenant);
  }

  /** Returns a parser over all label fields of a series, as if they had come in one run. */
  private RemoteWriteParser gatherLabels(int from, int end) {
    byte[] gathered = new byte[end - from + SLACK_BYTES];
    int length = 0;
    int p = from;
    while (p < end) {
      int tag = tag(p, end);
      int body = at;
      int next = skip(tag, body, end);
      if (tag == FIELD_1_LEN) {
        // The tag may have been spelled in more bytes than needed; the length never grows.
        gathered[length++] = FIELD_1_LEN;
        System.arraycopy(bytes, body, gathered, length, next - body);
        length += next - body;
      }
      p = next;
    }
    return new RemoteWriteParser(context, gathered, length);
  }

  private void metadata(int from, int end) {
    int type = 0;
    String metric = "";
    String help = "";
    String unit = "";
    int p = from;
    while (p < end) {
      int tag = tag(p, end);
      switch (tag) {
        case (1 << 3) | VARINT -> {
          type = Math.clamp(varint(at), 0, METRIC_TYPES.length);
          p = within(at, end);
        }
        case (2 << 3) | LEN -> {
          p = lengthEnd(at, end);
          metric = text(at, p);
        }
        case (4 << 3) | LEN -> {
          p = lengthEnd(at, end);
          help = text(at, p);
        }
        case (5 << 3) | LEN -> {
          p = lengthEnd(at, end);
          unit = text(at, p);
        }
        default -> p = skip(tag, at, end);
      }
    }
    context.metadata.add(
        metric, type < METRIC_TYPES.length ? METRIC_TYPES[type] : METRIC_TYPES[0], unit, help);
  }

  private String text(int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  /** Reads a field's number and wire type; leaves {@link #at} behind them. */
  private int tag(int p, int end) {
    int tag = bytes[p];
    if (tag >= 0) {
      at = p + 1;
    } else {
      long wide = varint(p);
      if (wide < 0 || wide > 0xFFFF_FFFFL) {
        throw damaged("a field number is out of range at byte " + p);
      }
      tag = (int) wide;
    }
    if (tag >>> 3 == 0) {
      throw damaged("a field has the number 0 at byte " + p);
    }
    within(at, end);
    return tag;
  }

  /** Reads a length at {@code p}; leaves {@link #at} behind it and returns where the field ends. */
  private int lengthEnd(int p, int end) {
    int length = bytes[p];
    if (length >= 0) {
      at = p + 1;
    } else {
      long wide = varint(p);
      if (wide < 0 || wide > end) {
        throw damaged("a field is longer than what holds it at byte " + p);
      }
      length = (int) wide;
    }
    if (at > end || length > end - at) {
      throw damaged("a field is longer than what holds it at byte " + p);
    }
    return at + length;
  }

  /** Reads a varint; leaves {@link #at} behind it. */
  private long varint(int p) {
    long value = 0;
    int q = p;
    for (int shift = 0; shift < 70; shift += 7) {
      byte b = bytes[q++];
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        at = q;
        return value;
      }
    }
    throw damaged("a number has more than ten bytes at byte " + p);
  }

  private int skip(int tag, int p, int end) {
    return switch (tag & 7) {
      case VARINT -> {
        varint(p);
        yield within(at, end);
      }
      case FIXED64 -> within(p + 8, end);
      case LEN -> lengthEnd(p, end);
      case FIXED32 -> within(p + 4, end);
      default -> throw damaged("an unknown wire type at byte " + p);
    };
  }

  private static int within(int p, int end) {
    if (p > end) {
      throw damaged("a field is cut short at byte " + end);
    }
    return p;
  }

  private static TidegridException damaged(String why) {
    return new TidegridException(
        ErrorCode.NOT_PARSEABLE, "the body is not a valid remote-write 1.0 request: " + why);
  }
}
