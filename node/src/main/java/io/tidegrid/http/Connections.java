package io.tidegrid.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionListener;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.http1.spi.Http1Upgrader;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Watches the server's connections: bounds how many are open, refuses requests whose framing is
 * ambiguous, closes connections with an unread body in a way that lets the client see the answer,
 * and tells running queries whether their client is still there.
 */
final class Connections implements ServerConnectionSelector, Http1ConnectionListener {

  /** How long a client that was refused may go on sending before its connection is cut. */
  private static final Duration LINGER = Duration.ofSeconds(1);

  private static final int IGNORED_BYTES = 256;

  private final int max;
  private final Http1ConnectionSelector http1;
  private final AtomicInteger open;
  private final ConcurrentHashMap<String, Watched> bySocket = new ConcurrentHashMap<>();
  private final Counter refused;

  /**
   * @param open where open connections are counted
   * @param upgrader makes WebSockets of connections that ask for it
   */
  Connections(
      int max,
      AtomicInteger open,
      Http1Config.Builder config,
      Http1Upgrader upgrader,
      MeterRegistry meters) {
    this.max = max;
    this.open = open;
    this.http1 =
        Http1ConnectionSelector.builder()
            // Helidon compares the header as it is written; clients write it in either way.
            .upgraders(Map.of("websocket", upgrader, "WebSocket", upgrader))
            .config(config.addReceiveListener(this).addSendListener(new AnswerListener()).build())
            .build();
    this.refused =
        Counter.builder("tidegrid.http.connections.refused")
            .description("Connections refused because too many were open")
            .register(meters);
  }

  @Override
  public int bytesToIdentifyConnection() {
    return 0;
  }

  @Override
  public Support supports(BufferData data) {
    return Support.SUPPORTED;
  }

  @Override
  public Set<String> supportedApplicationProtocols() {
    return http1.supportedApplicationProtocols();
  }

  @Override
  public ServerConnection connection(ConnectionContext context) {
    WideReads wide = new WideReads(context);
    return new Watched(wide, http1.connection(wide));
  }

  /** Returns the connection of a request, by the ids of its sockets. */
  Optional<Watched> find(String serverSocketId, String socketId) {
    Watched found = bySocket.get(key(serverSocketId, socketId));
    return Optional.ofNullable(found);
  }

  private static String key(String serverSocketId, String socketId) {
    return serverSocketId + ' ' + socketId;
  }

  /** Two readings of where a request ends let one client smuggle a request into another's. */
  @Override
  public void headers(ConnectionContext context, Headers headers) {
    boolean coded = headers.contains(HeaderNames.TRANSFER_ENCODING);
    if (coded) {
      List<String> codings = headers.get(HeaderNames.TRANSFER_ENCODING).allValues();
      if (codings.size() != 1 || !codings.getFirst().strip().equalsIgnoreCase("chunked")) {
        throw refused("the only Transfer-Encoding understood is chunked");
      }
      if (headers.contains(HeaderNames.CONTENT_LENGTH)) {
        throw refused("a request has either Transfer-Encoding or Content-Length, not both");
      }
      // Helidon looks for the value in lower case and would take the body for the next request.
      if (!codings.getFirst().equals("chunked")) {
        throw refused("write the Transfer-Encoding chunked in lower case");
      }
    }
    if (headers.contains(HeaderNames.CONTENT_LENGTH)) {
      List<String> lengths = headers.get(HeaderNames.CONTENT_LENGTH).allValues();
      String length = lengths.getFirst();
      boolean digits =
          !length.isEmpty()
              && length.length() <= 18
              && length.chars().allMatch(c -> c >= '0' && c <= '9');
      if (lengths.size() != 1 || !digits) {
        throw refused("Content-Length must be one whole number of bytes");
      }
    }
  }

  private static RequestException refused(String detail) {
    return RequestException.builder()
        .type(EventType.BAD_REQUEST)
        .status(Status.BAD_REQUEST_400)
        .message(detail)
        .safeMessage(true)
        .build();
  }

  /** Notices answers that leave a request's body unread. */
  private final class AnswerListener implements Http1ConnectionListener {
    @Override
    public void status(ConnectionContext context, Status status) {
      if (status.code() == Status.REQUEST_ENTITY_TOO_LARGE_413.code()) {
        find(context.socketId(), context.childSocketId()).ifPresent(Watched::lingerAtEnd);
      }
    }
  }

  /** One connection. */
  final class Watched implements ServerConnection {

    private final ConnectionContext context;
    private final ServerConnection delegate;
    private volatile boolean linger;

    private Watched(ConnectionContext context, ServerConnection delegate) {
      this.context = context;
      this.delegate = delegate;
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
      String key = key(context.socketId(), context.childSocketId());
      try {
        if (open.incrementAndGet() > max) {
          refused.increment();
          refuse();
          return;
        }
        bySocket.put(key, this);
        try {
          delegate.handle(limit);
        } catch (CloseConnectionException e) {
          if (!linger) {
            throw e;
          }
        }
        if (linger) {
          drain();
        }
      } finally {
        bySocket.remove(key);
        open.decrementAndGet();
      }
    }

    private void refuse() {
      byte[] body =
          Problem.ofStatus(
                  503,
                  "The node cannot take requests now",
                  "as many connections are open as the node may have; try again a little later",
                  "tg-connection-limit")
              .toJson();
      String head =
          "HTTP/1.1 503 Service Unavailable\r\nContent-Type: "
              + Problem.MEDIA_TYPE
              + "\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: "
              + body.length
              + "\r\n\r\n";
      context.dataWriter().writeNow(BufferData.create(head.getBytes(StandardCharsets.US_ASCII)));
      context.dataWriter().writeNow(BufferData.create(body));
      drain();
    }

    /** Asks that what the client still sends is thrown away for a moment before closing. */
    void lingerAtEnd() {
      linger = true;
    }

    /**
     * Closing a socket with unread input resets the connection, and the reset overtakes the answer
     * on its way to a client that is still sending.
     */
    private void drain() {
      HelidonSocket socket = context.serverSocket();
      Executor later = CompletableFuture.delayedExecutor(LINGER.toMillis(), TimeUnit.MILLISECONDS);
      CompletableFuture<Void> cut = CompletableFuture.runAsync(() -> closeQuietly(socket), later);
      try {
        while (socket.get() != null) {
          if (cut.isDone()) {
            return;
          }
        }
      } catch (UncheckedIOException e) {
        // The client went away, or its time was over.
      } finally {
        cut.cancel(false);
      }
    }

    private void closeQuietly(HelidonSocket socket) {
      try {
        socket.close();
      } catch (UncheckedIOException e) {
        // It was closed already.
      }
    }

    /**
     * Waits until the client hangs up, and throws away what it still sends. For answers without an
     * end, whose clients have nothing more to say.
     */
    void awaitHangUp() {
      BufferData ignored = BufferData.create(IGNORED_BYTES);
      boolean open = true;
      while (open) {
        try {
          open = context.serverSocket().read(ignored.reset()) >= 0;
        } catch (UncheckedIOException e) {
          open = e.getCause() instanceof SocketTimeoutException;
        }
      }
    }

    /** Closes the socket, whatever is under way. */
    void hangUp() {
      closeQuietly(context.serverSocket());
    }

    /** Returns the client's address. */
    String remoteHost() {
      return context.remotePeer().host();
    }

    /** Begins to watch for the client's hanging up; anything else it sends is kept for later. */
    void watch() {
      context.serverSocket().idle();
    }

    /** Tells whether the client hung up since {@link #watch}. */
    boolean hungUp() {
      return !context.serverSocket().isConnected();
    }

    @Override
    public Duration idleTime() {
      return delegate.idleTime();
    }

    @Override
    public void close(boolean interrupt) {
      delegate.close(interrupt);
    }
  }
}
