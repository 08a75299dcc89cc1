package io.tidegrid.soak;

import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes a batch as a remote-write 1.0 request into buffers of its own. Used by one thread. */
final class BodyWriter {

  /** More than a series with its labels and sample takes. */
  private static final int SERIES_BYTES = 256;

  private static final byte[][] METRICS = new byte[SoakPlan.METRICS][];

  static {
    for (int i = 0; i < METRICS.length; i++) {
      METRICS[i] = ("soak_" + i).getBytes(StandardCharsets.US_ASCII);
    }
  }

  private static final byte[] NAME = ascii("__name__");
  private static final byte[] GENERATION = ascii("generation");
  private static final byte[] HOST = ascii("host");
  private static final byte[] SLOT = ascii("slot");

  private final SoakPlan plan;
  private final SnappyJavaCompressor compressor = new SnappyJavaCompressor();
  private final byte[] body;
  private final byte[] compressed;
  private int at;

  BodyWriter(SoakPlan plan) {
    this.plan = plan;
    body = new byte[plan.batch() * SERIES_BYTES];
    compressed = new byte[compressor.maxCompressedLength(body.length)];
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Returns the request's body, compressed. */
  byte[] write(long batchNumber) {
    at = 0;
    long step = plan.step(batchNumber);
    for (int slot = plan.firstSlot(batchNumber); slot < plan.endSlot(batchNumber); slot++) {
      series(slot, step);
    }
    int length = compressor.compress(body, 0, at, compressed, 0, compressed.length);
    return Arrays.copyOf(compressed, length);
  }

  private void series(int slot, long step) {
    // Two bytes for the length, which lies between 128 and 16,383 only if so written.
    body[at++] = (1 << 3) | 2;
    int lengthAt = at;
    at += 2;
    label(NAME, METRICS[slot % METRICS.length]);
    number(GENERATION, "", plan.generation(slot, step));
    number(HOST, "host-", slot / SoakPlan.METRICS);
    number(SLOT, "", slot);
    int sampleAt = at;
    at += 2;
    body[at++] = (1 << 3) | 1;
    long bits = Double.doubleToRawLongBits(plan.value(slot, step));
    for (int i = 0; i < Long.BYTES; i++) {
      body[at++] = (byte) (bits >>> (8 * i));
    }
    body[at++] = 2 << 3;
    long time = plan.timeMs(slot, step);
    while ((time & ~0x7FL) != 0) {
      body[at++] = (byte) (time | 0x80);
      time >>>= 7;
    }
    body[at++] = (byte) time;
    body[sampleAt] = (2 << 3) | 2;
    body[sampleAt + 1] = (byte) (at - sampleAt - 2);
    int length = at - lengthAt - 2;
    body[lengthAt] = (byte) (length | 0x80);
    body[lengthAt + 1] = (byte) (length >>> 7);
  }

  private void label(byte[] name, byte[] value) {
    body[at++] = (1 << 3) | 2;
    body[at++] = (byte) (name.length + value.length + 4);
    body[at++] = (1 << 3) | 2;
    body[at++] = (byte) name.length;
    System.arraycopy(name, 0, body, at, name.length);
    at += name.length;
    body[at++] = (2 << 3) | 2;
    body[at++] = (byte) value.length;
    System.arraycopy(value, 0, body, at, value.length);
    at += value.length;
  }

  private void number(byte[] name, String prefix, int value) {
    label(name, ascii(prefix + value));
  }
}
