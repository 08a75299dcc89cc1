package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Makes a {@link SeriesKey} of labels in any order, given as UTF-8 bytes, and enforces the limits.
 * Used when the cache does not know a series. One per request; not safe for use by many threads.
 */
final class LabelAssembler {

  private static final byte[] METRIC_NAME = Labels.METRIC_NAME.getBytes(StandardCharsets.UTF_8);

  private final int maxLabels;
  private final int maxNameBytes;
  private final int maxValueBytes;

  private byte[] text = new byte[1024];
  private int used;

  /** Four numbers a label: where its name and its value begin and end in {@link #text}. */
  private int[] spans = new int[4 * 16];

  private int count;
  private boolean lastWins;

  LabelAssembler(IngestOptions options) {
    maxLabels = options.maxLabels();
    maxNameBytes = options.maxNameBytes();
    maxValueBytes = options.maxValueBytes();
  }

  /** Begins a new series. Of a name given twice the last one wins, or else it is an error. */
  void reset(boolean lastOfTwiceWins) {
    used = 0;
    count = 0;
    lastWins = lastOfTwiceWins;
  }

  /** Returns where the next byte put will lie, to be given to {@link #label}. */
  int mark() {
    return used;
  }

  /** Adds a byte to the text from which names and values are taken. */
  void put(byte b) {
    if (used == text.length) {
      text = Arrays.copyOf(text, used * 2);
    }
    text[used++] = b;
  }

  /** Adds bytes to the text from which names and values are taken. */
  void put(byte[] bytes, int from, int to) {
    int length = to - from;
    if (text.length - used < length) {
      text = Arrays.copyOf(text, Math.max(text.length * 2, used + length));
    }
    System.arraycopy(bytes, from, text, used, length);
    used += length;
  }

  /** Adds a label of the given bytes. */
  void label(byte[] bytes, int nameFrom, int nameTo, int valueFrom, int valueTo) {
    check(bytes, nameFrom, nameTo, valueFrom, valueTo);
    int mark = used;
    put(bytes, nameFrom, nameTo);
    put(bytes, valueFrom, valueTo);
    add(mark, mark + nameTo - nameFrom, mark + nameTo - nameFrom, used);
  }

  /** Adds a label whose name and value were put before. */
  void label(int nameFrom, int nameTo, int valueFrom, int valueTo) {
    check(text, nameFrom, nameTo, valueFrom, valueTo);
    add(nameFrom, nameTo, valueFrom, valueTo);
  }

  /** Adds the metric name, put before. */
  void metric(int from, int to) {
    int mark = used;
    put(METRIC_NAME, 0, METRIC_NAME.length);
    label(mark, used, from, to);
  }

  /** Tells whether text put before is {@value Labels#METRIC_NAME}. */
  boolean isMetricName(int from, int to) {
    return Arrays.equals(text, from, to, METRIC_NAME, 0, METRIC_NAME.length);
  }

  /** Returns text put before as a string. */
  String text(int from, int to) {
    return new String(text, from, to - from, StandardCharsets.UTF_8);
  }

  private void check(byte[] bytes, int nameFrom, int nameTo, int valueFrom, int valueTo) {
    if (nameFrom == nameTo) {
      throw new RowProblem(
          ErrorCode.INVALID_VALUE, "", "a label has an empty name; give every label a name");
    }
    if (nameTo - nameFrom > maxNameBytes) {
      throw new RowProblem(
          ErrorCode.LABEL_LIMIT,
          Utf8.excerpt(bytes, nameFrom, nameTo),
          "a label name has "
              + (nameTo - nameFrom)
              + " bytes, at most "
              + maxNameBytes
              + " are allowed");
    }
    boolean isMetric = Arrays.equals(bytes, nameFrom, nameTo, METRIC_NAME, 0, METRIC_NAME.length);
    int most = isMetric ? maxNameBytes : maxValueBytes;
    if (valueTo - valueFrom > most) {
      throw problem(
          ErrorCode.LABEL_LIMIT,
          bytes,
          nameFrom,
          nameTo,
          " has " + (valueTo - valueFrom) + " bytes, at most " + most + " are allowed");
    }
    if (!isText(bytes, nameFrom, nameTo)) {
      throw new RowProblem(
          ErrorCode.INVALID_VALUE,
          "",
          "a label name is not valid UTF-8 text without NUL characters");
    }
    if (!isText(bytes, valueFrom, valueTo)) {
      throw problem(
          ErrorCode.INVALID_VALUE,
          bytes,
          nameFrom,
          nameTo,
          " is not valid UTF-8 text without NUL characters");
    }
  }

  /** Tells whether text put before is valid UTF-8 without NUL characters. */
  boolean isText(int from, int to) {
    return isText(text, from, to);
  }

  static boolean isText(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      // PostgreSQL's text holds every character but this one.
      if (bytes[i] == 0) {
        return false;
      }
    }
    return Utf8.isValid(bytes, from, to);
  }

  private static RowProblem problem(
      ErrorCode code, byte[] bytes, int nameFrom, int nameTo, String what) {
    String name = Utf8.excerpt(bytes, nameFrom, nameTo);
    String subject =
        name.equals(Labels.METRIC_NAME) ? "the metric name" : "the value of the label " + name;
    return new RowProblem(code, name, subject + what);
  }

  private void add(int nameFrom, int nameTo, int valueFrom, int valueTo) {
    if (lastWins) {
      remove(nameFrom, nameTo);
    }
    if (valueFrom == valueTo) {
      return;
    }
    if (count > maxLabels) {
      // One more than the limit: the metric name is not counted.
      throw tooMany();
    }
    if (count * 4 == spans.length) {
      spans = Arrays.copyOf(spans, spans.length * 2);
    }
    int at = count++ * 4;
    spans[at] = nameFrom;
    spans[at + 1] = nameTo;
    spans[at + 2] = valueFrom;
    spans[at + 3] = valueTo;
  }

  private RowProblem tooMany() {
    return new RowProblem(
        ErrorCode.LABEL_LIMIT, "", "the series has more than " + maxLabels + " labels; send fewer");
  }

  private void remove(int nameFrom, int nameTo) {
    for (int i = 0; i < count; i++) {
      if (compareName(i, nameFrom, nameTo) == 0) {
        System.arraycopy(spans, (i + 1) * 4, spans, i * 4, (count - i - 1) * 4);
        count--;
        return;
      }
    }
  }

  private int compareName(int label, int nameFrom, int nameTo) {
    return Arrays.compareUnsigned(
        text, spans[label * 4], spans[label * 4 + 1], text, nameFrom, nameTo);
  }

  /**
   * Returns the key of the labels added since {@link #reset}.
   *
   * @throws RowProblem when there is no metric name, a label is there twice, or they are too many
   */
  SeriesKey build(String tenant) {
    sort();
    boolean named = false;
    int length = 0;
    for (int i = 0; i < count; i++) {
      int nameFrom = spans[i * 4];
      int nameTo = spans[i * 4 + 1];
      if (i > 0 && compareName(i - 1, nameFrom, nameTo) == 0) {
        String name = Utf8.excerpt(text, nameFrom, nameTo);
        throw new RowProblem(
            ErrorCode.INVALID_VALUE, name, "the label " + name + " is given twice");
      }
      named |= Arrays.equals(text, nameFrom, nameTo, METRIC_NAME, 0, METRIC_NAME.length);
      int nameLength = nameTo - nameFrom;
      int valueLength = spans[i * 4 + 3] - spans[i * 4 + 2];
      length += varintSize(nameLength) + nameLength + varintSize(valueLength) + valueLength;
    }
    if (!named) {
      throw new RowProblem(
          ErrorCode.INVALID_VALUE,
          Labels.METRIC_NAME,
          "the series has no metric name; give it one (the label __name__)");
    }
    if (count > maxLabels + 1) {
      throw tooMany();
    }
    byte[] canonical = new byte[length];
    int at = 0;
    for (int i = 0; i < count * 2; i++) {
      int from = spans[i * 2];
      int size = spans[i * 2 + 1] - from;
      int rest = size;
      while (rest >= 0x80) {
        canonical[at++] = (byte) (rest | 0x80);
        rest >>>= 7;
      }
      canonical[at++] = (byte) rest;
      System.arraycopy(text, from, canonical, at, size);
      at += size;
    }
    return SeriesKey.of(tenant, Labels.fromCanonical(canonical));
  }

  /** Insertion sort: labels are few and mostly in order already. */
  private void sort() {
    for (int i = 1; i < count; i++) {
      int nameFrom = spans[i * 4];
      int nameTo = spans[i * 4 + 1];
      int valueFrom = spans[i * 4 + 2];
      int valueTo = spans[i * 4 + 3];
      int at = i;
      while (at > 0 && compareName(at - 1, nameFrom, nameTo) > 0) {
        System.arraycopy(spans, (at - 1) * 4, spans, at * 4, 4);
        at--;
      }
      spans[at * 4] = nameFrom;
      spans[at * 4 + 1] = nameTo;
      spans[at * 4 + 2] = valueFrom;
      spans[at * 4 + 3] = valueTo;
    }
  }

  private static int varintSize(int value) {
    return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
  }
}
