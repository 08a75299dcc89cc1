package io.tidegrid.http;

import io.helidon.common.socket.SocketOptions;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidegrid.alerting.AlertDoors;
import io.tidegrid.ingest.Ack;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The node's HTTP server: all paths on one port, a virtual thread for each connection. Safe for use
 * by many threads.
 */
public final class HttpServer implements AutoCloseable {

  /** A query with long labels comes in the URL. */
  private static final int MAX_PROLOGUE_BYTES = 64 << 10;

  private static final int MAX_HEADERS_BYTES = 32 << 10;

  private static final Duration SHUTDOWN_GRACE = Duration.ofSeconds(5);
  private static final int MAX_IDLE_CHECK_SECONDS = 30;

  private final WebServer server;
  private final Router router = new Router();
  private final Dispatcher dispatcher;
  private final HealthResource health;
  private final LiveConnections live;

  /**
   * A server that is not yet listening.
   *
   * @param options address and limits
   * @param sockets limits of the streams
   * @param doors what requests are handed to
   * @param defaultAck what a write waits for when its request does not say
   * @param decoders the protocols that are taken
   * @param downsampler thins charts out
   * @param registry where the server counts, and what {@code /metrics} shows
   * @param clock the time
   */
  public HttpServer(
      HttpOptions options,
      WebSocketOptions sockets,
      HttpDoors doors,
      Ack defaultAck,
      HttpDecoders decoders,
      Downsampler downsampler,
      PrometheusMeterRegistry registry,
      InstantSource clock) {
    AlertDoors alerts = doors.alerts();
    Http1Config.Builder http1 =
        Http1Config.builder()
            .maxPrologueLength(MAX_PROLOGUE_BYTES)
            .maxHeadersSize(MAX_HEADERS_BYTES)
            // Clients leave braces and quotes of labels unescaped; Params reads them as they are.
            .validatePrologue(false)
            .receiveLog(false)
            .sendLog(false);
    AtomicInteger open = new AtomicInteger();
    HttpMeters meters = new HttpMeters(registry, options, open);
    this.live = new LiveConnections(sockets, readTimeout(options), registry);
    AlertRenderer renderer = new AlertRenderer(alerts.rules());
    Connections connections =
        new Connections(
            options.maxConnections(),
            open,
            http1,
            new MetricSocketUpgrader(
                doors.live(), alerts.streams(), renderer, live, meters, options.corsOrigins()),
            registry);
    HttpContext context =
        new HttpContext(
            options,
            doors.ingest(),
            doors.queries(),
            decoders,
            downsampler,
            doors.status(),
            clock,
            defaultAck,
            new BodyBuffers(options.maxBufferedBytes(), registry),
            connections,
            meters);
    this.health = new HealthResource(doors.status(), registry);
    health.addTo(router);
    new AdminResource(doors.admin()).addTo(router);
    Pages.addTo(router);
    MetricSocketUpgrader.addTo(router);
    new IngestResource(context).addTo(router);
    Queries queries = new Queries(context);
    new QueryResource(queries, doors.rollups()).addTo(router);
    new RollupResource(queries, doors.rollups()).addTo(router);
    new DashboardResource(queries).addTo(router);
    new AlertRuleResource(alerts.rules(), alerts.alerts()).addTo(router);
    new AlertResource(alerts.alerts()).addTo(router);
    new SilenceResource(alerts.silences()).addTo(router);
    new DeviceAlertResource(alerts.rules()).addTo(router);
    new AlertStreamResource(alerts.streams(), renderer, live).addTo(router);
    doors.events().ifPresent(api -> new EventResource(context, queries, api).addTo(router));
    this.dispatcher = new Dispatcher(context, router);
    this.server = server(options, connections, new Problems(meters));
  }

  private WebServer server(HttpOptions options, Connections connections, Problems problems) {
    DirectHandlers.Builder handlers = DirectHandlers.builder();
    for (EventType type : EventType.values()) {
      handlers.addHandler(type, problems);
    }
    return WebServer.builder()
        .host(options.host())
        .port(options.port())
        .shutdownHook(false)
        .addConnectionSelector(connections)
        .directHandlers(handlers.build())
        .contentEncoding(new PassThroughCoding())
        // Bounds single chunks, which Helidon reads whole, and announced lengths.
        .maxPayloadSize(options.maxBodyBytes())
        .shutdownGracePeriod(SHUTDOWN_GRACE)
        .idleConnectionTimeout(options.idleTimeout())
        .idleConnectionPeriod(
            Duration.ofSeconds(
                Math.clamp(options.idleTimeout().toSeconds() / 2, 1L, MAX_IDLE_CHECK_SECONDS)))
        .connectionOptions(
            new TimedSocketOptions(
                SocketOptions.builder().tcpNoDelay(true).readTimeout(readTimeout(options)).build()))
        .routing(HttpRouting.builder().addFilter(dispatcher))
        .build();
  }

  private static Duration readTimeout(HttpOptions options) {
    return options.idleTimeout().compareTo(options.requestTimeout()) > 0
        ? options.idleTimeout()
        : options.requestTimeout();
  }

  /**
   * Starts to listen; returns when connections are taken.
   *
   * @throws IllegalStateException when the address cannot be bound
   */
  public void start() {
    server.start();
    if (!server.isRunning()) {
      throw new IllegalStateException("the HTTP server did not start");
    }
  }

  /** Returns the templates of all paths, each with the methods that are answered there. */
  Map<String, Set<String>> paths() {
    return router.paths();
  }

  /** Returns the port that is listened on; -1 before {@link #start}. */
  public int port() {
    return server.port();
  }

  /**
   * Says at {@code /health/ready} that the node is leaving and asks clients to reconnect elsewhere;
   * requests are still answered. Streams are ended; WebSockets with the close code 1001.
   */
  public void drain() {
    health.drain();
    dispatcher.drain();
    live.leave();
  }

  /** Stops to listen, gives running requests 5 s to end, and closes all connections. */
  public void stop() {
    live.close();
    server.stop();
  }

  @Override
  public void close() {
    stop();
  }
}
