package io.tidegrid.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.websocket.ClientWsFrame;
import io.helidon.websocket.WsCloseCodes;
import io.helidon.websocket.WsCloseException;
import io.helidon.websocket.WsOpCode;
import io.tidegrid.live.LiveReceiver;
import io.tidegrid.live.LiveSample;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One WebSocket: a thread that reads, a thread that writes, and between them and those who have
 * something to say a bounded queue. Nobody but its own two threads ever waits for the client.
 *
 * <p>Frames are read by Helidon's parser. Its own connection is not used because it writes on the
 * threads of those who send, unsynchronized with the answers of the reading one.
 */
final class LiveConnection implements ServerConnection, LiveReceiver, OpenStream {

  private static final System.Logger LOG = System.getLogger(LiveConnection.class.getName());

  /** Patience with a client that was told the end. */
  private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int MAX_CONTROL_BYTES = 125;
  private static final int SILENT_HEARTBEATS = 3;
  private static final byte[] PING = LiveFrames.frame(WsOpCode.PING, new byte[0]);

  /** RFC 6455: 1007, data that is not what its type says. */
  private static final int NOT_CONSISTENT = 1007;

  private final ConnectionContext context;
  private final LiveConnections connections;
  private final LiveQueue queue;
  private volatile long heardNanos = System.nanoTime();
  private volatile long pingedNanos = System.nanoTime();

  /** When the write began that is under way; 0 when none is. */
  private volatile long writingSinceNanos;

  /** When the client was told the end; 0 before. */
  private volatile long endedNanos;

  private volatile MetricSocketProtocol protocol = SILENT;

  /** Until the client's wishes are known there is nothing to say. */
  private static final MetricSocketProtocol SILENT =
      new MetricSocketProtocol() {
        @Override
        public byte[] answer(String message) {
          return MetricSocketMessages.PONG;
        }

        @Override
        public void append(ByteArrayOutputStream out, List<LiveSample> samples) {}

        @Override
        public void close() {}
      };

  LiveConnection(ConnectionContext context, LiveConnections connections) {
    this.context = context;
    this.connections = connections;
    this.queue =
        new LiveQueue(
            connections.options().queueMessages(),
            connections.options().queueBytes(),
            MetricSocketMessages::sample);
  }

  /** Sets what is spoken; before {@link #handle}. */
  void speak(MetricSocketProtocol spoken) {
    protocol = spoken;
  }

  @Override
  public void deliver(List<LiveSample> samples) {
    long dropped = queue.addSamples(samples);
    if (dropped > 0) {
      connections.dropped(dropped);
    }
  }

  @Override
  public void lost(long count) {
    connections.dropped(count);
    queue.addDropped(count);
  }

  /** Takes a frame with an alert; a client that leaves too many unread is cut. Never blocks. */
  void deliverAlert(byte[] frame) {
    if (!queue.addAlert(frame)) {
      cut("more alerts wait than the queue of a client holds (websocket.queue-messages)");
    }
  }

  @Override
  public void handle(Limit limit) throws InterruptedException {
    connections.add(this);
    Thread writer = Thread.ofVirtual().name("tidegrid-websocket-write").start(this::write);
    try {
      read();
    } catch (DataReader.InsufficientDataAvailableException
        | CloseConnectionException
        | UncheckedIOException e) {
      // The client hung up, or was cut.
      hangUp();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "a WebSocket failed", e);
      end(WsCloseCodes.UNEXPECTED_CONDITION, "a bug in the node; its log has more");
    } finally {
      protocol.close();
      end(WsCloseCodes.NORMAL_CLOSE, "");
      if (!writer.join(Duration.ofNanos(CLOSE_NANOS))) {
        hangUp();
      }
      connections.remove(this);
      connections.release(OpenStream.Kind.WEBSOCKET);
    }
  }

  // ---- reading

  private void read() {
    try {
      readMessages();
    } catch (WsCloseException e) {
      end(e.closeCode(), e.getMessage());
      // Closing with unread input resets the connection, and the reset overtakes the reason.
      DataReader reader = context.dataReader();
      while (true) {
        reader.ensureAvailable();
        reader.skip(reader.available());
      }
    }
  }

  private void readMessages() {
    ByteArrayOutputStream begun = new ByteArrayOutputStream();
    boolean within = false;
    while (true) {
      ClientWsFrame frame = readFrame();
      heardNanos = System.nanoTime();
      byte[] payload = frame.payloadData().readBytes();
      switch (frame.opCode()) {
        case TEXT, CONTINUATION -> {
          if (within != (frame.opCode() == WsOpCode.CONTINUATION)) {
            throw new WsCloseException(
                within
                    ? "a message began within another"
                    : "a message was continued that had not begun",
                WsCloseCodes.PROTOCOL_ERROR);
          }
          if (begun.size() + payload.length > connections.options().maxMessageBytes()) {
            throw new WsCloseException(
                "a message has at most " + connections.options().maxMessageBytes() + " bytes",
                WsCloseCodes.TOO_BIG);
          }
          begun.writeBytes(payload);
          within = !frame.fin();
          if (frame.fin()) {
            answer(LiveFrames.frame(WsOpCode.TEXT, protocol.answer(text(begun))));
            begun.reset();
          }
        }
        case BINARY ->
            throw new WsCloseException("only text is understood", WsCloseCodes.CANNOT_ACCEPT);
        case PING -> answer(LiveFrames.frame(WsOpCode.PONG, payload));
        case PONG -> {}
        case CLOSE -> {
          return;
        }
      }
    }
  }

  private ClientWsFrame readFrame() {
    ClientWsFrame frame;
    try {
      frame =
          ClientWsFrame.read(
              context, context.dataReader(), connections.options().maxMessageBytes());
    } catch (IllegalArgumentException e) {
      throw new WsCloseException("the kind of a frame is not known", WsCloseCodes.PROTOCOL_ERROR);
    }
    boolean control =
        switch (frame.opCode()) {
          case PING, PONG, CLOSE -> true;
          case TEXT, BINARY, CONTINUATION -> false;
        };
    if (control && (!frame.fin() || frame.payloadLength() > MAX_CONTROL_BYTES)) {
      throw new WsCloseException(
          "a control frame has at most 125 bytes and is whole", WsCloseCodes.PROTOCOL_ERROR);
    }
    return frame;
  }

  private static String text(ByteArrayOutputStream message) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(message.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new WsCloseException("a message is not UTF-8", NOT_CONSISTENT);
    }
  }

  private void answer(byte[] frame) {
    if (!queue.addFrame(frame)) {
      cut("the client asks and does not read the answers");
    }
  }

  // ---- writing

  private void write() {
    try {
      boolean open = true;
      while (open) {
        LiveQueue.Taken taken = queue.take();
        byte[] bytes = encode(taken);
        writingSinceNanos = System.nanoTime() | 1;
        context.dataWriter().writeNow(BufferData.create(bytes));
        writingSinceNanos = 0;
        connections.sent(taken.samples().size());
        connections.alertsSent(taken.alerts().size());
        open = taken.close().length == 0;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (UncheckedIOException | CloseConnectionException e) {
      hangUp();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "writing to a WebSocket failed", e);
      hangUp();
    }
  }

  private byte[] encode(LiveQueue.Taken taken) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(256 + 192 * taken.samples().size());
    taken.frames().forEach(out::writeBytes);
    taken.alerts().forEach(out::writeBytes);
    if (taken.dropped() > 0) {
      LiveFrames.append(out, WsOpCode.TEXT, MetricSocketMessages.dropped(taken.dropped()));
    }
    protocol.append(out, taken.samples());
    out.writeBytes(taken.close());
    return out.toByteArray();
  }

  // ---- ending

  @Override
  public void tick(long nowNanos) {
    long patience = SILENT_HEARTBEATS * connections.heartbeat().toNanos();
    long ended = endedNanos;
    long writing = writingSinceNanos;
    if (ended != 0) {
      if (nowNanos - ended > CLOSE_NANOS) {
        hangUp();
      }
    } else if (writing != 0 && nowNanos - writing > patience) {
      cut("the client did not read for " + seconds(patience));
    } else if (nowNanos - heardNanos > patience) {
      cut("the client answered no ping for " + seconds(patience));
    } else if (nowNanos - pingedNanos >= connections.heartbeat().toNanos()) {
      pingedNanos = nowNanos;
      answer(PING);
    }
  }

  private static String seconds(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos) / 1000.0 + " s";
  }

  private void cut(String reason) {
    if (end(WsCloseCodes.VIOLATED_POLICY, reason)) {
      connections.cut();
      LOG.log(
          System.Logger.Level.INFO,
          "A WebSocket was cut: {0} remote={1}",
          reason,
          context.remotePeer().host());
    }
  }

  /**
   * Tells the client the end, and hangs up when it does not answer. Only the first end counts.
   *
   * @return whether this is the first
   */
  boolean end(int code, String reason) {
    if (!queue.close(LiveFrames.close(code, reason))) {
      return false;
    }
    endedNanos = System.nanoTime() | 1;
    return true;
  }

  @Override
  public void goAway() {
    end(WsCloseCodes.GOING_AWAY, "the node is stopping; connect to another one");
  }

  @Override
  public void hangUp() {
    try {
      context.serverSocket().close();
    } catch (UncheckedIOException e) {
      LOG.log(System.Logger.Level.TRACE, "the socket was closed already", e);
    }
  }

  @Override
  public Duration idleTime() {
    // Heartbeats find those that are gone.
    return Duration.ZERO;
  }

  @Override
  public void close(boolean interrupt) {
    if (interrupt) {
      hangUp();
    } else {
      boolean ignored = end(WsCloseCodes.GOING_AWAY, "the node is stopping");
    }
  }
}
