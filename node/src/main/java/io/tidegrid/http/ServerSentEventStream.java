package io.tidegrid.http;

import io.helidon.webserver.CloseConnectionException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * One client of server-sent events: the thread of its connection writes, another one notices when
 * it hangs up, and those who have something to say put it into a bounded queue and never wait.
 */
final class ServerSentEventStream implements OpenStream {

  static final String MEDIA_TYPE = "text/event-stream";

  private static final System.Logger LOG = System.getLogger(ServerSentEventStream.class.getName());

  /** Patience with a client that is told the end and does not read it. */
  private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int SILENT_HEARTBEATS = 3;
  private static final byte[] LISTENING = comment("listening");
  private static final byte[] HEARTBEAT = comment("heartbeat");

  private final Connections.Watched connection;
  private final LiveConnections connections;
  private final ServerSentEventQueue queue;

  /** When the write began that is under way; 0 when none is. */
  private volatile long writingSinceNanos;

  /** When the client was told the end; 0 before. */
  private volatile long endedNanos;

  ServerSentEventStream(Connections.Watched connection, LiveConnections connections) {
    this.connection = connection;
    this.connections = connections;
    this.queue =
        new ServerSentEventQueue(
            connections.options().queueMessages(), connections.options().queueBytes());
  }

  /** Returns what clients are to ignore, though people who look on may read it. */
  static byte[] comment(String text) {
    return (": " + text + "\n\n").getBytes(StandardCharsets.UTF_8);
  }

  /** Sends a message, or cuts a client that leaves too many unread. Never blocks. */
  void send(byte[] message) {
    if (!queue.add(message)) {
      cut(
          "more alerts wait than the queue of a client holds (websocket.queue-messages,"
              + " websocket.queue-bytes); connect again with the last id that you read");
    }
  }

  /**
   * Writes until the client goes away, or is cut, or the node stops.
   *
   * @throws IOException when the connection breaks
   */
  void run(OutputStream out) throws IOException {
    connections.add(this);
    Thread.ofVirtual().name("tidegrid-sse-watch").start(this::watch);
    try {
      write(out, LISTENING);
      boolean open = true;
      while (open) {
        ServerSentEventQueue.Taken taken = queue.take(connections.heartbeat());
        open = !taken.end();
        write(out, bytes(taken));
        connections.alertsSent(taken.messages().size());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CloseConnectionException("the node stops", e);
    } finally {
      queue.abandon();
      connections.remove(this);
    }
  }

  private static byte[] bytes(ServerSentEventQueue.Taken taken) {
    if (taken.messages().isEmpty() && !taken.end()) {
      return HEARTBEAT;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    taken.messages().forEach(bytes::writeBytes);
    bytes.writeBytes(taken.last());
    return bytes.toByteArray();
  }

  private void write(OutputStream out, byte[] bytes) throws IOException {
    writingSinceNanos = System.nanoTime() | 1;
    out.write(bytes);
    out.flush();
    writingSinceNanos = 0;
  }

  private void watch() {
    connection.awaitHangUp();
    queue.abandon();
  }

  @Override
  public void tick(long nowNanos) {
    long patience = SILENT_HEARTBEATS * connections.heartbeat().toNanos();
    long writing = writingSinceNanos;
    long ended = endedNanos;
    if (writing == 0) {
      return;
    }
    if (ended != 0 && nowNanos - ended > CLOSE_NANOS && nowNanos - writing > CLOSE_NANOS) {
      hangUp();
    } else if (nowNanos - writing > patience) {
      cut("the client did not read for " + TimeUnit.NANOSECONDS.toMillis(patience) / 1000.0 + " s");
    }
  }

  private void cut(String reason) {
    if (end("cut: " + reason)) {
      connections.cut();
      LOG.log(
          System.Logger.Level.INFO,
          "A stream of events was cut: {0} remote={1}",
          reason,
          connection.remoteHost());
    }
  }

  private boolean end(String reason) {
    if (!queue.close(comment(reason))) {
      return false;
    }
    endedNanos = System.nanoTime() | 1;
    return true;
  }

  @Override
  public void goAway() {
    end("the node is stopping; connect to another one");
  }

  @Override
  public void hangUp() {
    connection.hangUp();
  }
}
