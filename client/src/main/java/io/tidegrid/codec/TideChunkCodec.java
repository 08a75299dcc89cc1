package io.tidegrid.codec;

/** Placeholder form: plain arrays. */
final class TideChunkCodec implements ChunkCodec {

  static final TideChunkCodec INSTANCE = new TideChunkCodec();

  private TideChunkCodec() {}

  @Override
  public byte[] encode(long[] times, double[] values, int offset, int count) {
    java.nio.ByteBuffer out = java.nio.ByteBuffer.allocate(count * 16);
    for (int i = offset; i < offset + count; i++) {
      out.putLong(times[i]).putLong(Double.doubleToRawLongBits(values[i]));
    }
    return out.array();
  }

  @Override
  public int count(byte[] chunk) {
    return chunk.length / 16;
  }

  @Override
  public long firstTime(byte[] chunk) {
    return java.nio.ByteBuffer.wrap(chunk).getLong(0);
  }

  @Override
  public long lastTime(byte[] chunk) {
    return java.nio.ByteBuffer.wrap(chunk).getLong(chunk.length - 16);
  }

  @Override
  public int decode(byte[] chunk, long[] times, double[] values, int offset) {
    java.nio.ByteBuffer in = java.nio.ByteBuffer.wrap(chunk);
    int n = count(chunk);
    for (int i = offset; i < offset + n; i++) {
      times[i] = in.getLong();
      values[i] = Double.longBitsToDouble(in.getLong());
    }
    return n;
  }
}
