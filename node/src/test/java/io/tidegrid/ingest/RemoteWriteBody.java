package io.tidegrid.ingest;

import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes remote-write 1.0 requests, well-formed or not. */
public final class RemoteWriteBody {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A length-delimited field. */
  public RemoteWriteBody message(int field, byte[] content) {
    return varint(((long) field << 3) | 2).varint(content.length).raw(content);
  }

  public RemoteWriteBody text(int field, String text) {
    return message(field, text.getBytes(StandardCharsets.UTF_8));
  }

  public RemoteWriteBody number(int field, long value) {
    return varint((long) field << 3).varint(value);
  }

  public RemoteWriteBody fixed64(int field, long bits) {
    varint(((long) field << 3) | 1);
    for (int i = 0; i < 8; i++) {
      out.write((int) (bits >>> (8 * i)));
    }
    return this;
  }

  public RemoteWriteBody varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
    return this;
  }

  public RemoteWriteBody raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  public RemoteWriteBody label(String name, String value) {
    return message(1, new RemoteWriteBody().text(1, name).text(2, value).bytes());
  }

  public RemoteWriteBody sample(long time, double value) {
    return message(
        2,
        new RemoteWriteBody()
            .fixed64(1, Double.doubleToRawLongBits(value))
            .number(2, time)
            .bytes());
  }

  /** A time series of labels given as name, value, … with one sample. */
  public RemoteWriteBody series(long time, double value, String... namesAndValues) {
    RemoteWriteBody series = new RemoteWriteBody();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      series.label(namesAndValues[i], namesAndValues[i + 1]);
    }
    return message(1, series.sample(time, value).bytes());
  }

  public byte[] bytes() {
    return out.toByteArray();
  }

  public byte[] snappy() {
    return snappy(bytes());
  }

  public static byte[] snappy(byte[] content) {
    SnappyJavaCompressor compressor = new SnappyJavaCompressor();
    byte[] compressed = new byte[compressor.maxCompressedLength(content.length)];
    int length = compressor.compress(content, 0, content.length, compressed, 0, compressed.length);
    return Arrays.copyOf(compressed, length);
  }
}
