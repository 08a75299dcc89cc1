package io.tidegrid.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * An immutable set of labels, sorted by name in the order of their UTF-8 bytes. The metric name is
 * the label {@value #METRIC_NAME}. A label with an empty value does not exist, as in Prometheus.
 *
 * <p>The canonical form is, for each label in order, the length of the name as a varint, the name
 * in UTF-8, the length of the value as a varint, the value in UTF-8. Two label sets are equal when
 * their canonical forms are. Safe for use by many threads.
 */
public final class Labels implements Comparable<Labels> {

  /** The name of the label that holds the metric name. */
  public static final String METRIC_NAME = "__name__";

  private static final Labels EMPTY = new Labels(new byte[0]);

  private final byte[] canonical;

  private Labels(byte[] canonical) {
    this.canonical = canonical;
  }

  /** Returns the label set without labels. */
  public static Labels empty() {
    return EMPTY;
  }

  /**
   * Returns the labels given as name, value, name, value.
   *
   * @throws IllegalArgumentException for an odd count, an empty name, or a name given twice
   */
  public static Labels of(String... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException("labels come as pairs of name and value");
    }
    Builder builder = builder();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      builder.add(namesAndValues[i], namesAndValues[i + 1]);
    }
    return builder.build();
  }

  /**
   * Returns the labels of a map.
   *
   * @throws IllegalArgumentException for an empty name
   */
  public static Labels of(Map<String, String> labels) {
    Builder builder = builder();
    labels.forEach(builder::add);
    return builder.build();
  }

  /**
   * Wraps a canonical form, which the caller must not change afterwards. The bytes are trusted:
   * call it only with what {@link #canonicalBytes} returned.
   */
  public static Labels fromCanonical(byte[] canonical) {
    return canonical.length == 0 ? EMPTY : new Labels(canonical);
  }

  /** Returns an empty builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the canonical form; the caller must not change it. */
  public byte[] canonicalBytes() {
    return canonical;
  }

  /** Returns the value of a label, or an empty string when there is none. Linear in the labels. */
  public String get(String name) {
    byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
    int at = 0;
    while (at < canonical.length) {
      int nameLength = varint(at);
      int nameAt = at + varintSize(nameLength);
      int valueLength = varint(nameAt + nameLength);
      int valueAt = nameAt + nameLength + varintSize(valueLength);
      if (nameLength == wanted.length
          && Arrays.equals(canonical, nameAt, nameAt + nameLength, wanted, 0, wanted.length)) {
        return new String(canonical, valueAt, valueLength, StandardCharsets.UTF_8);
      }
      at = valueAt + valueLength;
    }
    return "";
  }

  /** Returns the metric name, or an empty string when there is none. */
  public String metricName() {
    return get(METRIC_NAME);
  }

  /** Calls the consumer with each name and value, in order. */
  public void forEach(BiConsumer<String, String> consumer) {
    int at = 0;
    while (at < canonical.length) {
      int nameLength = varint(at);
      int nameAt = at + varintSize(nameLength);
      int valueLength = varint(nameAt + nameLength);
      int valueAt = nameAt + nameLength + varintSize(valueLength);
      consumer.accept(
          new String(canonical, nameAt, nameLength, StandardCharsets.UTF_8),
          new String(canonical, valueAt, valueLength, StandardCharsets.UTF_8));
      at = valueAt + valueLength;
    }
  }

  /** Returns the labels as an unmodifiable map in order, with or without the metric name. */
  public Map<String, String> toMap(boolean withMetricName) {
    Map<String, String> map = new java.util.LinkedHashMap<>();
    forEach((name, value) -> {
      if (withMetricName || !name.equals(METRIC_NAME)) {
        map.put(name, value);
      }
    });
    return java.util.Collections.unmodifiableMap(map);
  }

  /** Returns the number of labels, the metric name among them. Linear in the labels. */
  public int size() {
    int parts = 0;
    for (int at = 0; at < canonical.length; parts++) {
      int length = varint(at);
      at += varintSize(length) + length;
    }
    return parts / 2;
  }

  private int varint(int at) {
    int value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = canonical[at++];
      value |= (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  private static int varintSize(int value) {
    return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
  }

  @Override
  public int compareTo(Labels other) {
    return Arrays.compareUnsigned(canonical, other.canonical);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Labels labels && Arrays.equals(canonical, labels.canonical);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(canonical);
  }

  /** Returns the labels in Prometheus' notation: {@code name{label="value"}}. */
  @Override
  public String toString() {
    List<String> pairs = new ArrayList<>();
    forEach((name, value) -> {
      if (!name.equals(METRIC_NAME)) {
        pairs.add(
            name
                + "=\""
                + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                + '"');
      }
    });
    String metric = metricName();
    return pairs.isEmpty() && !metric.isEmpty()
        ? metric
        : metric + "{" + String.join(",", pairs) + "}";
  }

  /** Collects labels in any order. Not safe for use by many threads. */
  public static final class Builder {

    /** As they will stand in the canonical form, so that each is encoded and compared once. */
    private final TreeMap<byte[], byte[]> labels = new TreeMap<>(Arrays::compareUnsigned);

    private Builder() {}

    /**
     * Adds a label; an empty value adds nothing.
     *
     * @throws IllegalArgumentException for an empty name, or a name that was added before
     */
    public Builder add(String name, String value) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("a label has an empty name");
      }
      if (value.isEmpty()) {
        return this;
      }
      if (labels.putIfAbsent(utf8(name), utf8(value)) != null) {
        throw new IllegalArgumentException("the label " + name + " is given twice");
      }
      return this;
    }

    /**
     * Adds a label, replacing an earlier one of this name; an empty value removes it.
     *
     * @throws IllegalArgumentException for an empty name
     */
    public Builder set(String name, String value) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("a label has an empty name");
      }
      if (value.isEmpty()) {
        labels.remove(utf8(name));
      } else {
        labels.put(utf8(name), utf8(value));
      }
      return this;
    }

    /** Returns the labels added so far. */
    public Labels build() {
      if (labels.isEmpty()) {
        return EMPTY;
      }
      int length = 0;
      for (Map.Entry<byte[], byte[]> label : labels.entrySet()) {
        length += partSize(label.getKey()) + partSize(label.getValue());
      }
      byte[] canonical = new byte[length];
      int at = 0;
      for (Map.Entry<byte[], byte[]> label : labels.entrySet()) {
        at = putPart(label.getValue(), canonical, putPart(label.getKey(), canonical, at));
      }
      return new Labels(canonical);
    }

    private static byte[] utf8(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }

    private static int partSize(byte[] part) {
      return varintSize(part.length) + part.length;
    }

    private static int putPart(byte[] part, byte[] out, int from) {
      int at = from;
      int rest = part.length;
      while (rest >= 0x80) {
        out[at++] = (byte) (rest | 0x80);
        rest >>>= 7;
      }
      out[at++] = (byte) rest;
      System.arraycopy(part, 0, out, at, part.length);
      return at + part.length;
    }
  }
}
