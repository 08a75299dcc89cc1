package io.tidegrid.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpPrologue;
import io.helidon.http.RequestException;
import io.helidon.http.WritableHeaders;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsUpgrader;
import io.tidegrid.alerting.AlertStreams;
import io.tidegrid.live.LiveFilter;
import io.tidegrid.live.LiveStream;
import io.tidegrid.live.LiveStreams;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Turns requests for {@code /ws/metrics} and {@code /ws/metrics/{metric}} into WebSockets, or
 * refuses them with a problem document. Safe for use by many threads.
 */
final class MetricSocketUpgrader extends WsUpgrader {

  private static final String ALL = "/ws/metrics";
  private static final String ONE = "/ws/metrics/{metric}";
  private static final int SWITCHING = 101;

  private final LiveStreams streams;
  private final AlertStreams alerts;
  private final AlertRenderer renderer;
  private final LiveConnections connections;
  private final HttpMeters meters;
  private final List<String> origins;
  private final Router router = new Router();

  /**
   * @param origins origins of pages that may connect, beside this server's own and those of the
   *     machine that the browser runs on
   */
  MetricSocketUpgrader(
      LiveStreams streams,
      AlertStreams alerts,
      AlertRenderer renderer,
      LiveConnections connections,
      HttpMeters meters,
      List<String> origins) {
    super(WsConfig.create());
    this.streams = streams;
    this.alerts = alerts;
    this.renderer = renderer;
    this.connections = connections;
    this.meters = meters;
    this.origins = origins;
    addTo(router);
  }

  /** Answers requests at the paths that do not ask for a WebSocket. */
  static void addTo(Router router) {
    Router.Endpoint plain =
        exchange -> {
          exchange.header(HeaderNames.UPGRADE, "websocket");
          exchange.problem(
              Problem.ofStatus(
                  426,
                  "A WebSocket is needed",
                  "this path is a stream; connect to it with a WebSocket client (ws://)",
                  "tg-websocket-needed"));
        };
    router.get(ALL, plain).get(ONE, plain);
  }

  @Override
  public ServerConnection upgrade(
      ConnectionContext context, HttpPrologue prologue, WritableHeaders<?> headers) {
    Optional<Router.Match> match;
    try {
      match = router.find(prologue.uriPath().rawPath());
    } catch (TidegridException e) {
      return null;
    }
    if (match.isEmpty() || !prologue.method().text().equals("GET") || !headers.contains(WS_KEY)) {
      // It goes the way of every other request.
      return null;
    }
    long start = System.nanoTime();
    String template = match.get().route().template();
    try {
      checkOrigin(headers);
      String accept = accept(context, headers);
      Params params = Params.parse(prologue.query().rawValue());
      String tenant = tenant(headers, params);
      List<LiveFilter> filters =
          match.get().parameters().stream()
              .map(metric -> new LiveFilter(tenant, matchers(metric, params)))
              .toList();
      if (!connections.acquire(OpenStream.Kind.WEBSOCKET)) {
        return refused(template, start, context, connections.refusal());
      }
      ServerConnection connection = connect(context, accept, tenant, filters);
      meters.request("GET", template, SWITCHING, System.nanoTime() - start);
      return connection;
    } catch (TidegridException e) {
      return refused(template, start, context, Problem.of(e));
    }
  }

  private ServerConnection connect(
      ConnectionContext context, String accept, String tenant, List<LiveFilter> filters) {
    LiveConnection connection = new LiveConnection(context, connections);
    LiveStream stream = streams.open(connection);
    boolean done = false;
    try {
      if (filters.isEmpty()) {
        connection.speak(
            new MetricSocketOfMany(
                tenant,
                stream,
                new SocketAlerts(tenant, connection, connections, alerts, renderer),
                connections.options().maxSubscriptions()));
      } else {
        connection.speak(new MetricSocketOfOne(stream));
        // The client hears of its connection when all members know what it wants.
        boolean ignored = stream.subscribe(filters.getFirst());
      }
      String answer = SWITCHING_PROTOCOL_PREFIX + accept + SWITCHING_PROTOCOLS_SUFFIX;
      context.dataWriter().writeNow(BufferData.create(answer.getBytes(StandardCharsets.US_ASCII)));
      done = true;
      return connection;
    } finally {
      if (!done) {
        stream.close();
        connections.release(OpenStream.Kind.WEBSOCKET);
      }
    }
  }

  private String accept(ConnectionContext context, WritableHeaders<?> headers) {
    String version = headers.first(WS_VERSION).orElse(SUPPORTED_VERSION);
    if (!version.equals(SUPPORTED_VERSION)) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE, "only version 13 of the WebSocket protocol is spoken");
    }
    try {
      return hash(context, headers.get(WS_KEY).get());
    } catch (RequestException | IllegalArgumentException e) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE,
          "Sec-WebSocket-Key must be 16 bytes in base64",
          List.of(),
          Duration.ZERO,
          e);
    }
  }

  private static String tenant(WritableHeaders<?> headers, Params params) {
    return Tenants.ofStream(headers.first(Tenants.TENANT), headers.first(Tenants.SCOPE), params);
  }

  private static List<Matcher> matchers(String metric, Params params) {
    List<Matcher> matchers = new ArrayList<>();
    matchers.add(Matcher.equal(Labels.METRIC_NAME, QueryArgs.metricName(metric, "metric_name")));
    for (String name : params.names()) {
      if (name.equals("matcher") || name.equals("matchers")) {
        params.all(name).forEach(text -> matchers.add(MatcherParser.parse(text, name)));
      } else if (!name.equals(Tenants.PARAMETER) && !name.isEmpty()) {
        params.first(name).ifPresent(value -> matchers.add(Matcher.equal(name, value)));
      }
    }
    return matchers;
  }

  /**
   * Browsers let every page connect to every WebSocket, so it is for the server to refuse pages
   * that have no business here. A page of the same machine is one that somebody works on.
   */
  private void checkOrigin(WritableHeaders<?> headers) {
    Optional<String> origin = headers.first(HeaderNames.ORIGIN);
    if (origin.isEmpty() || origins.contains("*") || origins.contains(origin.get())) {
      return;
    }
    String own = headers.first(HeaderNames.HOST).orElse("");
    String authority = "";
    String host = "";
    try {
      URI uri = URI.create(origin.get());
      authority = Optional.ofNullable(uri.getAuthority()).orElse("");
      host = Optional.ofNullable(uri.getHost()).orElse("");
    } catch (IllegalArgumentException e) {
      // No page has such an origin.
    }
    boolean local = host.equals("localhost") || host.equals("127.0.0.1") || host.equals("[::1]");
    if (!local && (authority.isEmpty() || !authority.equalsIgnoreCase(own))) {
      throw new TidegridException(
          ErrorCode.FORBIDDEN,
          "pages of "
              + TimeParser.shortened(origin.get())
              + " may not connect; name their origin in http.cors-origins");
    }
  }

  private ServerConnection refused(
      String template, long start, ConnectionContext context, Problem problem) {
    meters.request("GET", template, problem.status(), System.nanoTime() - start);
    return new Refusal(context, problem);
  }

  /** Answers with a problem and ends the connection. */
  private record Refusal(ConnectionContext context, Problem problem) implements ServerConnection {

    private static final Map<Integer, String> REASONS =
        Map.of(
            400, "Bad Request",
            403, "Forbidden",
            422, "Unprocessable Entity",
            503, "Service Unavailable");

    @Override
    public void handle(Limit limit) {
      byte[] body = problem.toJson();
      String head =
          "HTTP/1.1 "
              + problem.status()
              + ' '
              + REASONS.getOrDefault(problem.status(), "Error")
              + "\r\nContent-Type: "
              + Problem.MEDIA_TYPE
              + problem
                  .retryAfter()
                  .map(after -> "\r\nRetry-After: " + Math.max(1, after.toSeconds()))
                  .orElse("")
              + "\r\nConnection: close\r\nContent-Length: "
              + body.length
              + "\r\n\r\n";
      context
          .dataWriter()
          .writeNow(
              BufferData.create(
                  BufferData.create(head.getBytes(StandardCharsets.US_ASCII)),
                  BufferData.create(body)));
    }

    @Override
    public Duration idleTime() {
      return Duration.ZERO;
    }

    @Override
    public void close(boolean interrupt) {
      context.serverSocket().close();
    }
  }
}
