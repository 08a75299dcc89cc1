package io.tidegrid.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.ErrorCode;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The open streams, WebSockets and server-sent events: bounds their number, looks after each now
 * and then, and tells all of them when the node leaves. Safe for use by many threads.
 */
final class LiveConnections implements AutoCloseable {

  private static final long MIN_TICK_MS = 10;
  private static final long MAX_TICK_MS = 1_000;
  private static final long POLL_MS = 10;
  private static final Duration LEAVE_WITHIN = Duration.ofMillis(2_500);

  private final WebSocketOptions options;
  private final Duration heartbeat;
  private final AtomicInteger open = new AtomicInteger();
  private final Map<OpenStream.Kind, AtomicInteger> openByKind =
      Map.of(
          OpenStream.Kind.WEBSOCKET, new AtomicInteger(), OpenStream.Kind.SSE, new AtomicInteger());
  private final Set<OpenStream> streams = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService ticker;
  private final Map<OpenStream.Kind, Counter> refused;
  private final Counter sent;
  private final Counter dropped;
  private final Counter cut;
  private final Counter alertsSent;
  private final Counter alertsMissed;
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
        Map.of(
            OpenStream.Kind.WEBSOCKET,
            counter(
                meters,
                "tidegrid.websocket.refused",
                "WebSockets refused because too many streams were open or the node was leaving"),
            OpenStream.Kind.SSE,
            counter(
                meters,
                "tidegrid.sse.refused",
                "Streams of server-sent events refused because too many streams were open or the"
                    + " node was leaving"));
    this.sent = counter(meters, "tidegrid.live.sent", "Samples written to streams");
    this.dropped =
        counter(meters, "tidegrid.live.dropped", "Samples not sent because clients were too slow");
    this.cut = counter(meters, "tidegrid.live.cut", "Streams cut because clients did not read");
    this.alertsSent =
        counter(
            meters,
            "tidegrid.live.alerts.sent",
            "Announcements of alerts written to streams, each counted for each stream");
    this.alertsMissed =
        counter(
            meters,
            "tidegrid.live.alerts.missed",
            "Announcements of alerts that were no longer kept when a stream asked for them");
    gauge(
        meters, "websocket.connections", "Active WebSocket connections", OpenStream.Kind.WEBSOCKET);
    gauge(meters, "tidegrid.sse.connections", "Streams of server-sent events", OpenStream.Kind.SSE);
    Gauge.builder("tidegrid.websocket.connections.max", options::maxConnections)
        .description("WebSockets and streams of server-sent events that may be open at one time")
        .register(meters);
    this.ticker =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("tidegrid-websocket-heartbeat").factory());
    long tickMs = Math.clamp(heartbeat.toMillis() / 4, MIN_TICK_MS, MAX_TICK_MS);
    var _ = ticker.scheduleWithFixedDelay(this::tick, tickMs, tickMs, TimeUnit.MILLISECONDS);
  }

  private void gauge(MeterRegistry meters, String name, String description, OpenStream.Kind kind) {
    Gauge.builder(name, openByKind.get(kind), AtomicInteger::get)
        .description(description)
        .register(meters);
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

  /** Takes one of the places; false when there is none. */
  boolean acquire(OpenStream.Kind kind) {
    if (!leaving) {
      if (open.incrementAndGet() <= options.maxConnections()) {
        openByKind.get(kind).incrementAndGet();
        return true;
      }
      open.decrementAndGet();
    }
    refused.get(kind).increment();
    return false;
  }

  /** Gives a place back. */
  void release(OpenStream.Kind kind) {
    openByKind.get(kind).decrementAndGet();
    open.decrementAndGet();
  }

  /** Returns the answer to one who got no place. */
  Problem refusal() {
    boolean gone = leaving;
    return Problem.ofStatus(
        503,
        ErrorCode.NOT_READY.title(),
        gone
            ? "the node is stopping; connect to another one"
            : "as many streams are open as the node may have (websocket.max-connections); try"
                + " again a little later",
        gone ? ErrorCode.NOT_READY.id() : "tg-connection-limit");
  }

  void add(OpenStream stream) {
    streams.add(stream);
    if (leaving) {
      stream.goAway();
    }
  }

  void remove(OpenStream stream) {
    streams.remove(stream);
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

  void alertsSent(long announcements) {
    alertsSent.increment((double) announcements);
  }

  void alertsMissed(long announcements) {
    alertsMissed.increment((double) announcements);
  }

  private void tick() {
    long now = System.nanoTime();
    streams.forEach(stream -> stream.tick(now));
  }

  /** Tells all clients to go elsewhere, and takes no more. */
  void leave() {
    leaving = true;
    streams.forEach(OpenStream::goAway);
  }

  /** Waits a moment until clients have gone, and cuts the others. */
  @Override
  public void close() {
    leave();
    long deadline = System.nanoTime() + LEAVE_WITHIN.toNanos();
    try {
      while (!streams.isEmpty() && System.nanoTime() < deadline) {
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    streams.forEach(OpenStream::hangUp);
    ticker.shutdownNow();
  }
}
