package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.helidon.http.HeaderNames;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;

/** What the node says of itself: health, the database, its own metrics. */
final class HealthResource {

  private static final String PLAIN = "text/plain; charset=utf-8";
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";
  private static final String SERVICE = "tidegrid";

  private final NodeStatus status;
  private final PrometheusMeterRegistry registry;
  private volatile boolean draining;

  HealthResource(NodeStatus status, PrometheusMeterRegistry registry) {
    this.status = status;
    this.registry = registry;
  }

  /** From now on the node says that it is not ready. */
  void drain() {
    draining = true;
  }

  void addTo(Router router) {
    router
        .get("/", this::root)
        .get("/health", this::health)
        .get("/health/live", this::live)
        .get("/health/ready", this::ready)
        .get("/health/detailed", this::detailed)
        .get("/-/healthy", this::plainHealthy)
        .get("/-/ready", this::plainReady)
        .get("/db/status", this::database)
        .get("/metrics", this::metrics);
  }

  private void root(Exchange exchange) {
    if (exchange.header(HeaderNames.ACCEPT).contains("text/html")) {
      exchange.variesBy(HeaderNames.ACCEPT);
      exchange.send(200, Pages.HTML, Pages.root());
      return;
    }
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeStringField("status", "ok");
          out.writeStringField("service", SERVICE);
          out.writeStringField("version", status.version());
          out.writeEndObject();
        });
  }

  private boolean isReady() {
    return !draining && status.ready();
  }

  private void health(Exchange exchange) {
    boolean live = status.live();
    exchange.json(
        live ? 200 : 503,
        out -> {
          out.writeStartObject();
          out.writeStringField("status", live ? "healthy" : "unhealthy");
          out.writeStringField("service", SERVICE);
          out.writeStringField("version", status.version());
          out.writeBooleanField("ready", isReady());
          out.writeNumberField("uptime_seconds", status.uptime().toSeconds());
          out.writeEndObject();
        });
  }

  private void live(Exchange exchange) {
    state(exchange, status.live(), "alive", "dead");
  }

  private void ready(Exchange exchange) {
    state(exchange, isReady(), "ready", draining ? "shutting down" : "not ready");
  }

  private void state(Exchange exchange, boolean good, String yes, String no) {
    if (!good) {
      exchange.header(HeaderNames.RETRY_AFTER, "1");
    }
    exchange.json(
        good ? 200 : 503,
        out -> {
          out.writeStartObject();
          out.writeStringField("status", good ? yes : no);
          if (!good) {
            components(out);
          }
          out.writeEndObject();
        });
  }

  private void components(JsonGenerator out) throws IOException {
    out.writeObjectFieldStart("components");
    for (NodeStatus.Component component : status.components()) {
      out.writeObjectFieldStart(component.name());
      out.writeStringField("status", component.healthy() ? "healthy" : "unhealthy");
      if (!component.detail().isEmpty()) {
        out.writeStringField("detail", component.detail());
      }
      out.writeEndObject();
    }
    out.writeEndObject();
  }

  private void detailed(Exchange exchange) {
    boolean healthy =
        status.live() && status.components().stream().allMatch(NodeStatus.Component::healthy);
    NodeStatus.Memory memory = status.memory();
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeStringField("status", healthy ? "healthy" : "degraded");
          out.writeStringField("service", SERVICE);
          out.writeStringField("version", status.version());
          out.writeBooleanField("live", status.live());
          out.writeBooleanField("ready", isReady());
          out.writeNumberField("uptime_seconds", status.uptime().toSeconds());
          components(out);
          out.writeObjectFieldStart("cluster");
          out.writeArrayFieldStart("members");
          for (String member : status.members()) {
            out.writeString(member);
          }
          out.writeEndArray();
          out.writeEndObject();
          out.writeFieldName("database");
          database(out);
          out.writeObjectFieldStart("memory");
          out.writeNumberField("heap_used_bytes", memory.heapUsed());
          out.writeNumberField("heap_max_bytes", memory.heapMax());
          out.writeNumberField("samples", memory.samples());
          out.writeNumberField("sample_bytes", memory.sampleBytes());
          out.writeNumberField("series", memory.series());
          out.writeEndObject();
          out.writeEndObject();
        });
  }

  private void plainHealthy(Exchange exchange) {
    plain(exchange, status.live(), "Tidegrid is Healthy.\n", "Tidegrid is not Healthy.\n");
  }

  private void plainReady(Exchange exchange) {
    plain(exchange, isReady(), "Tidegrid is Ready.\n", "Tidegrid is not Ready.\n");
  }

  private static void plain(Exchange exchange, boolean good, String yes, String no) {
    if (!good) {
      exchange.header(HeaderNames.RETRY_AFTER, "1");
    }
    exchange.send(good ? 200 : 503, PLAIN, (good ? yes : no).getBytes(StandardCharsets.UTF_8));
  }

  private void database(Exchange exchange) {
    exchange.json(200, this::database);
  }

  private void database(JsonGenerator out) throws IOException {
    NodeStatus.Database database = status.database();
    out.writeStartObject();
    out.writeStringField("status", database.connected() ? "connected" : "disconnected");
    Json.textOrNull(out, "database", database.database());
    Json.textOrNull(out, "timescaledb", database.timescaledb().orElse(""));
    out.writeBooleanField("writable", database.writable());
    Json.textOrNull(out, "cause", database.cause().orElse(""));
    Json.textOrNull(out, "problem", database.problem());
    Json.textOrNull(out, "since", database.since().map(Instant::toString).orElse(""));
    out.writeObjectFieldStart("pool");
    for (Map.Entry<String, Long> figure : database.pool().entrySet()) {
      out.writeNumberField(figure.getKey(), figure.getValue());
    }
    out.writeEndObject();
    out.writeObjectFieldStart("writeBehind");
    out.writeNumberField("pendingSamples", database.pendingSamples());
    out.writeNumberField("oldestMs", database.oldestMs());
    out.writeNumberField("pendingBytes", database.pendingBytes());
    out.writeNumberField("maxBytes", database.maxPendingBytes());
    out.writeBooleanField("full", database.full());
    out.writeNumberField("deadLetters", database.deadLetters());
    out.writeEndObject();
    out.writeEndObject();
  }

  private void metrics(Exchange exchange) {
    String accept = exchange.header(HeaderNames.ACCEPT);
    String type = accept.contains("application/openmetrics-text") ? OPEN_METRICS : PROMETHEUS_TEXT;
    exchange.variesBy(HeaderNames.ACCEPT);
    exchange.send(200, type, registry.scrape(type).getBytes(StandardCharsets.UTF_8));
  }
}
