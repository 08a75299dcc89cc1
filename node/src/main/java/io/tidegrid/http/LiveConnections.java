package io.tidegrid.http;

import io.helidon.websocket.WsCloseCodes;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The open WebSockets: bounds their number, pings them, cuts those that do not read, and tells all
 * of them when the node leaves. Safe for use by many threads.
 */
final class LiveConnections implements AutoCloseable {

  private static final long MIN_TICK_MS = 10;
  private static final long MAX_TICK_MS = 1_000;
  private static final long POLL_MS = 10;
  private static final Duration LEAVE_WITHIN = Duration.ofMillis(2_500);

  private final WebSocketOptions options;
  private final Duration heartbeat;
  private final AtomicInteger open = new AtomicInteger();
  private final Set<LiveConnection> connections = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService ticker;
  private final Counter refused;
  private final Counter sent;
  private final Counter dropped;
  private final Counter cut;
  private volatile boolean leaving;

  /**
   * @param silence how long a connection may be silent before its socket is closed, whatever is
   *     spoken over it
   */
  LiveConnections(WebSocketOptions options, Duration silence, MeterRegistry meters) {
    this.options = options;
    Duration half = silence.dividedBy(2);
    this.heartbeat = options.heartbeat().compareTo(half) < 0 ? options.heartbeat() : half;
    this.refused =
        counter(
            meters,
            "tidegrid.websocket.refused",
            "WebSockets refused because too many were open or the node was leaving");
    this.sent = counter(meters, "tidegrid.live.sent", "Samples written to streams");
    this.dropped =
        counter(meters, "tidegrid.live.dropped", "Samples not sent because clients were too slow");
    this.cut = counter(meters, "tidegrid.live.cut", "Streams cut because clients did not read");
    Gauge.builder("websocket.connections", open, AtomicInteger::get)
        .description("Active WebSocket connections")
        .register(meters);
    Gauge.builder("tidegrid.websocket.connections.max", options::maxConnections)
        .description("WebSocket connections that may be open at one time")
        .register(meters);
    this.ticker =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("tidegrid-websocket-heartbeat").factory());
    long tickMs = Math.clamp(heartbeat.toMillis() / 4, MIN_TICK_MS, MAX_TICK_MS);
    var _ = ticker.scheduleWithFixedDelay(this::tick, tickMs, tickMs, TimeUnit.MILLISECONDS);
  }

  private static Counter counter(MeterRegistry meters, String name, String description) {
    return Counter.builder(name).description(description).register(meters);
  }

  WebSocketOptions options() {
    return options;
  }

  Duration heartbeat() {
    return heartbeat;
  }

  boolean isLeaving() {
    return leaving;
  }

  /** Takes one of the places; false when there is none. */
  boolean acquire() {
    if (!leaving && open.incrementAndGet() <= options.maxConnections()) {
      return true;
    }
    if (!leaving) {
      open.decrementAndGet();
    }
    refused.increment();
    return false;
  }

  /** Gives a place back. */
  void release() {
    open.decrementAndGet();
  }

  void add(LiveConnection connection) {
    connections.add(connection);
    if (leaving) {
      goAway(connection);
    }
  }

  void remove(LiveConnection connection) {
    connections.remove(connection);
  }

  void sent(long samples) {
    sent.increment((double) samples);
  }

  void dropped(long samples) {
    dropped.increment((double) samples);
  }

  void cut() {
    cut.increment();
  }

  private void tick() {
    long now = System.nanoTime();
    connections.forEach(connection -> connection.tick(now));
  }

  /** Tells all clients to go elsewhere, and takes no more. */
  void leave() {
    leaving = true;
    connections.forEach(LiveConnections::goAway);
  }

  private static void goAway(LiveConnection connection) {
    connection.end(WsCloseCodes.GOING_AWAY, "the node is stopping; connect to another one");
  }

  /** Waits a moment until clients have gone, and cuts the others. */
  @Override
  public void close() {
    leave();
    long deadline = System.nanoTime() + LEAVE_WITHIN.toNanos();
    try {
      while (!connections.isEmpty() && System.nanoTime() < deadline) {
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    connections.forEach(LiveConnection::hangUp);
    ticker.shutdownNow();
  }
}
