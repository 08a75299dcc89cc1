package io.tidegrid.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What the HTTP server counts. Safe for use by many threads. */
final class HttpMeters {

  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30)
  };

  /** A method, a path template and a status: looking a meter up by tags costs more than this. */
  private record Key(String method, String path, int status) {}

  private final MeterRegistry registry;
  private final ConcurrentHashMap<Key, Counter> requests = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Key, Timer> durations = new ConcurrentHashMap<>();
  private final Counter queries;
  private final Timer queryDuration;
  private final Counter bodiesTooLarge;

  HttpMeters(MeterRegistry registry, HttpOptions options, AtomicInteger openConnections) {
    this.registry = registry;
    this.queries =
        Counter.builder("query.requests").description("Queries asked over HTTP").register(registry);
    this.queryDuration =
        Timer.builder("metrics.query.duration")
            .description("Time from a query's arrival to its last byte")
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    this.bodiesTooLarge =
        Counter.builder("tidegrid.http.body.too.large")
            .description("Requests refused because their body was over a limit")
            .register(registry);
    gauge("tidegrid.http.body.bytes.max", "Bytes a request body may have", options.maxBodyBytes());
    gauge(
        "tidegrid.http.body.decompressed.bytes.max",
        "Bytes a request body may have after decompression",
        options.maxDecompressedBytes());
    gauge(
        "tidegrid.http.connections.max",
        "Connections that may be open at one time",
        options.maxConnections());
    Gauge.builder("tidegrid.http.connections", openConnections, AtomicInteger::get)
        .description("Connections open now")
        .register(registry);
  }

  private void gauge(String name, String description, long value) {
    Gauge.builder(name, () -> value).description(description).register(registry);
  }

  /** Counts an answered request. */
  void request(String method, String path, int status, long nanos) {
    requests
        .computeIfAbsent(
            new Key(method, path, status),
            key ->
                Counter.builder("http.requests")
                    .description("HTTP requests answered")
                    .tags("method", method, "path", path, "status", Integer.toString(status))
                    .register(registry))
        .increment();
    durations
        .computeIfAbsent(
            new Key(method, path, 0),
            key ->
                Timer.builder("http.request.duration")
                    .description("Time from a request's arrival to its last byte")
                    .tags("method", method, "path", path)
                    .serviceLevelObjectives(BUCKETS)
                    .register(registry))
        .record(Duration.ofNanos(nanos));
    if (status == 413) {
      bodiesTooLarge.increment();
    }
  }

  /** Counts an answered query. */
  void query(long nanos) {
    queries.increment();
    queryDuration.record(Duration.ofNanos(nanos));
  }
}
