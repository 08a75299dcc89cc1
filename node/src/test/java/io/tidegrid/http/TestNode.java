package io.tidegrid.http;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidegrid.events.EventVerdict;
import io.tidegrid.events.Events;
import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.DecodedEvent;
import io.tidegrid.ingest.EventDecoder;
import io.tidegrid.ingest.EventLimits;
import io.tidegrid.ingest.IngestOptions;
import io.tidegrid.ingest.SeriesCache;
import io.tidegrid.live.LiveStreams;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.TidegridException;
import io.tidegrid.query.SeriesSamples;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** A real server on a free port over a fake grid, and a client for it. */
final class TestNode implements AutoCloseable {

  /** The time on the server's clock. */
  static final Instant NOW = Instant.parse("2025-12-04T00:00:00Z");

  final FakeGrid grid = new FakeGrid();
  final FakeAlerts alerts = new FakeAlerts();
  final AtomicBoolean ready = new AtomicBoolean(true);
  final AtomicBoolean live = new AtomicBoolean(true);
  final HttpServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  TestNode() {
    this(HttpOptions.defaults());
  }

  TestNode(HttpOptions options) {
    this(options, WebSocketOptions.defaults());
  }

  TestNode(HttpOptions options, WebSocketOptions streams) {
    server =
        new HttpServer(
            options.withAddress("127.0.0.1", 0),
            streams,
            new HttpDoors(
                grid,
                grid,
                LiveStreams.NONE,
                alerts.doors(),
                Optional.of(events()),
                TestNode::rollups,
                new Status(),
                StorageAdmin.NONE),
            Ack.REPLICATED,
            FakeDecoders.all(),
            TestNode::everyNth,
            registryOfANode(),
            () -> NOW);
    server.start();
  }

  private static EventApi events() {
    PrometheusMeterRegistry meters = registryOfANode();
    EventDecoder decoder =
        new EventDecoder(
            IngestOptions.defaults(),
            EventLimits.defaults(),
            new SeriesCache(1 << 20, meters),
            meters);
    return new EventApi(new NoEvents(), decoder, 1_000);
  }

  /** Takes nothing and has nothing. */
  private static final class NoEvents implements Events {
    @Override
    public List<EventVerdict> store(String tenant, List<DecodedEvent> events, Ack ack) {
      throw new TidegridException(ErrorCode.NOT_READY, "no events here");
    }

    @Override
    public List<Event> ofDevice(
        String tenant, String deviceId, long fromMs, long toMs, int limit, Duration timeout) {
      return List.of();
    }

    @Override
    public List<Event> tagged(
        String tenant, String tag, long fromMs, long toMs, int limit, Duration timeout) {
      return List.of();
    }
  }

  private static SeriesSamples everyNth(SeriesSamples samples, int points) {
    return new SeriesSamples(
        samples.labels(),
        Arrays.copyOf(samples.times(), points),
        Arrays.copyOf(samples.values(), points));
  }

  private static List<RollupStatus.TierStatus> rollups() {
    long through = Instant.parse("2025-12-03T22:00:00Z").toEpochMilli();
    return Arrays.stream(Tier.values())
        .map(tier ->
            new RollupStatus.TierStatus(tier.text(), tier.windowMs(), through, 3, through, true))
        .toList();
  }

  URI base() {
    return URI.create("http://127.0.0.1:" + server.port());
  }

  HttpResponse<String> get(String path, String... headers) {
    return send(request(path, headers).GET().build());
  }

  HttpResponse<String> post(String path, String body, String... headers) {
    return send(request(path, headers).POST(BodyPublishers.ofString(body)).build());
  }

  HttpResponse<String> postJson(String path, String body) {
    return post(path, body, "Content-Type", "application/json");
  }

  HttpResponse<String> putJson(String path, String body) {
    return send(
        request(path, "Content-Type", "application/json")
            .PUT(BodyPublishers.ofString(body))
            .build());
  }

  HttpResponse<String> delete(String path, String... headers) {
    return send(request(path, headers).DELETE().build());
  }

  HttpRequest.Builder request(String path, String... headers) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(base().resolve(path)).timeout(Duration.ofSeconds(20));
    return headers.length == 0 ? builder : builder.headers(headers);
  }

  HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, BodyHandlers.ofString());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(10_000);
    return socket;
  }

  /** Sends bytes as they are and returns what comes until the server closes the connection. */
  String raw(String text) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() {
    server.close();
    client.close();
  }

  private final class Status implements NodeStatus {
    @Override
    public boolean ready() {
      return ready.get();
    }

    @Override
    public boolean live() {
      return live.get();
    }

    @Override
    public String version() {
      return "0.1.0-test";
    }

    @Override
    public Duration uptime() {
      return Duration.ofSeconds(42);
    }

    @Override
    public List<String> members() {
      return List.of("127.0.0.1:5701");
    }

    @Override
    public List<Component> components() {
      return List.of(new Component("database", ready.get(), ready.get() ? "" : "it is away"));
    }

    @Override
    public Database database() {
      return new Database(
          true,
          "PostgreSQL 18.6",
          Optional.empty(),
          Map.of("active", 1L),
          12,
          34,
          true,
          Optional.empty(),
          "",
          Optional.empty(),
          56,
          78,
          false,
          0);
    }

    @Override
    public Memory memory() {
      return new Memory(1, 2, 3, 4, 5);
    }
  }

  /** Counts samples as the real way in does, which the fake one leaves out. */
  private static PrometheusMeterRegistry registryOfANode() {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    registry.counter("metrics.ingested").increment();
    return registry;
  }
}
