package io.tidegrid.soak;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * A WebSocket that subscribes to the samples of one metric and reads what comes, on a channel, with
 * no thread of its own. Knows of the protocol what a node sends: whole, unmasked frames. Used by
 * one thread at a time.
 */
final class StreamClient implements AutoCloseable {

  /** Is told of text messages; the bytes are valid during the call. */
  interface Messages {
    void text(StreamClient from, byte[] bytes, int offset, int length);
  }

  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;
  private static final int STALLED_RECEIVE_BUFFER = 4 << 10;
  private static final int HEAD_BYTES = 10;

  private final SocketChannel channel;
  private ByteBuffer in = ByteBuffer.allocate(16 << 10);
  private String end = "";

  /** The last batch of which it saw a sample. */
  long lastBatch = -1;

  private StreamClient(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Connects and subscribes.
   *
   * @param stalled whether it is not going to read: then it has the system hold little for it
   */
  static StreamClient connect(URI node, String metric, boolean stalled) throws IOException {
    SocketChannel channel = SocketChannel.open();
    if (stalled) {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, STALLED_RECEIVE_BUFFER);
    }
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.socket().connect(new InetSocketAddress(node.getHost(), node.getPort()), 10_000);
    StreamClient client = new StreamClient(channel);
    client.write(
        ByteBuffer.wrap(
            ("GET /ws/metrics HTTP/1.1\r\nHost: "
                    + node.getAuthority()
                    + "\r\n"
                    + "Upgrade: websocket\r\n"
                    + "Connection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII)));
    client.readHead();
    client.send(
        TEXT,
        ("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\",\"metric_name\":\""
                + metric
                + "\"}}")
            .getBytes(StandardCharsets.UTF_8));
    return client;
  }

  private void readHead() throws IOException {
    StringBuilder head = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (head.indexOf("\r\n\r\n") < 0) {
      one.clear();
      if (channel.read(one) < 0) {
        throw new IOException("the node hung up instead of answering");
      }
      head.append((char) one.get(0));
    }
    if (!head.toString().startsWith("HTTP/1.1 101")) {
      throw new IOException("no WebSocket: " + head.toString().lines().findFirst().orElse(""));
    }
  }

  SocketChannel channel() {
    return channel;
  }

  /** Sends a masked frame; the mask is zero, as nothing lies between that it would protect. */
  private void send(int opCode, byte[] payload) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(payload.length + HEAD_BYTES);
    frame.put((byte) (0x80 | opCode));
    if (payload.length < 126) {
      frame.put((byte) (0x80 | payload.length));
    } else {
      frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
    }
    write(frame.putInt(0).put(payload).flip());
  }

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.write(bytes) == 0) {
        throw new IOException("the node does not read");
      }
    }
  }

  /** Reads what has come, without waiting when the channel is set so; false at the end. */
  boolean read(Messages messages) {
    try {
      int count = channel.read(in);
      while (count > 0) {
        in.flip();
        while (takeFrame(messages)) {
          // As many as are whole.
        }
        in.compact();
        if (!in.hasRemaining()) {
          in = ByteBuffer.allocate(in.capacity() * 2).put(in.flip());
        }
        count = channel.read(in);
      }
      if (count < 0 && end.isEmpty()) {
        end = "the connection ended without a word";
      }
      return end.isEmpty();
    } catch (IOException e) {
      if (end.isEmpty()) {
        end = "the connection was reset";
      }
      return false;
    }
  }

  private boolean takeFrame(Messages messages) throws IOException {
    if (in.remaining() < 2) {
      return false;
    }
    int start = in.position();
    int opCode = in.get(start) & 0x0F;
    long length = in.get(start + 1) & 0x7F;
    int head = length < 126 ? 2 : length == 126 ? 4 : HEAD_BYTES;
    if (in.remaining() < head) {
      return false;
    }
    if (length == 126) {
      length = in.getShort(start + 2) & 0xFFFF;
    } else if (length == 127) {
      length = in.getLong(start + 2);
    }
    if (in.remaining() < head + length) {
      return false;
    }
    int size = Math.toIntExact(length);
    switch (opCode) {
      case TEXT -> messages.text(this, in.array(), start + head, size);
      case PING -> send(PONG, new byte[0]);
      case CLOSE -> {
        int code = size < 2 ? 1005 : in.getShort(start + head) & 0xFFFF;
        String reason =
            size <= 2
                ? ""
                : new String(in.array(), start + head + 2, size - 2, StandardCharsets.UTF_8);
        end = "closed with " + code + ": " + reason;
      }
      default -> {}
    }
    in.position(start + head + size);
    return true;
  }

  /** Reads to the end, at most for some time, and says what it was; empty when it did not come. */
  Optional<String> drain(Duration within) throws IOException {
    channel.configureBlocking(false);
    long deadline = System.nanoTime() + within.toNanos();
    while (read((from, bytes, offset, length) -> {}) && System.nanoTime() < deadline) {
      java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
    }
    return end.isEmpty() ? Optional.empty() : Optional.of(end);
  }

  /** Returns how it ended; empty while it has not. */
  String end() {
    return end;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
