package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every request of the manual of the multi-tenant metrics service, as users paste it. */
@Timeout(120)
class Seed003IT {

  private static final String TENANT = "7d444840-9dc0-11d1-b245-5ffdce74fad2";

  @TempDir static Path directory;

  private static NodeProcess node;

  @BeforeAll
  static void ingest() {
    // The samples are older than memory keeps, so that each waits for its commit.
    node = NodeProcess.up(directory, "--set", "persist.commit-timeout=30s");
    HttpResponse<String> one =
        post(
            "/api/v1/metrics/ingest",
            """
            {
              "metric_name": "revenue",
              "value": 1250.50,
              "timestamp": "2025-01-15T10:30:00Z",
              "dimensions": {"region": "us-west", "plan": "pro"},
              "metadata": {"source": "stripe"}
            }\
            """);
    assertThat(one.statusCode()).as(one.body()).isEqualTo(201);
    assertThat(NodeProcess.json(one).getInt("accepted")).isOne();
    HttpResponse<String> batch =
        post(
            "/api/v1/metrics/ingest/batch",
            """
            {
              "metrics": [
                {"metric_name": "signups", "value": 12, "timestamp": "2025-01-15T10:30:00Z"},
                {"metric_name": "revenue", "value": 5000, "timestamp": "2025-01-15T10:30:00Z"}
              ]
            }\
            """);
    assertThat(batch.statusCode()).as(batch.body()).isEqualTo(201);
    assertThat(NodeProcess.json(batch).getInt("accepted")).isEqualTo(2);
  }

  @AfterAll
  static void stop() {
    assertThat(node.terminate()).as(node::logText).isZero();
  }

  private static HttpResponse<String> post(String path, String body) {
    return node.post(path, body, "X-Tenant-ID", TENANT);
  }

  @Test
  void rawMetrics() {
    assertRawAnswered();
  }

  private void assertRawAnswered() {
    JsonObject answer =
        NodeProcess.json(
            post(
                "/api/v1/metrics/query",
                """
                {
                  "metric_name": "revenue",
                  "start_time": "2025-01-01T00:00:00Z",
                  "end_time": "2025-01-15T23:59:59Z",
                  "dimensions": {"region": "us-west"},
                  "aggregate": false
                }\
                """));
    JsonArray data = answer.getJsonArray("data");
    assertThat(data).hasSize(1);
    JsonObject row = data.getJsonObject(0);
    assertThat(row.getString("timestamp")).isEqualTo("2025-01-15T10:30:00Z");
    assertThat(row.getJsonNumber("value").doubleValue()).isEqualTo(1250.5);
    assertThat(row.getJsonObject("dimensions").getString("plan")).isEqualTo("pro");
    assertThat(row.getJsonObject("dimensions").getString("region")).isEqualTo("us-west");
  }

  @Test
  void aggregatedMetrics() {
    String body =
        """
        {
          "metric_name": "revenue",
          "start_time": "2025-01-01T00:00:00Z",
          "end_time": "2025-01-15T23:59:59Z",
          "aggregate": true
        }\
        """;
    JsonArray data = NodeProcess.json(post("/api/v1/metrics/query", body)).getJsonArray("data");
    assertThat(data).hasSize(1);
    JsonObject row = data.getJsonObject(0);
    assertThat(row.getString("timestamp")).isEqualTo("2025-01-15T10:00:00Z");
    assertThat(row.getInt("count")).isEqualTo(2);
    assertThat(row.getJsonNumber("sum").doubleValue()).isEqualTo(6250.5);
    assertThat(row.getJsonNumber("avg").doubleValue()).isEqualTo(3125.25);
    assertThat(row.getJsonNumber("min").doubleValue()).isEqualTo(1250.5);
    assertThat(row.getJsonNumber("max").doubleValue()).isEqualTo(5000);
    for (String percentile : List.of("p50", "p95", "p99")) {
      assertThat(row.getJsonNumber(percentile).doubleValue()).isBetween(1250.5, 5000.0);
    }
    // As it is pasted, without a tenant: that of everybody, who has no revenue.
    HttpResponse<String> nobodys = node.post("/api/v1/metrics/query", body);
    assertThat(nobodys.statusCode()).isEqualTo(404);
    assertThat(nobodys.body()).contains("tg-unknown-metric").doesNotContain("1250");
  }

  @Test
  void healthChecks() {
    assertThat(node.getJson("/health").getString("status")).isEqualTo("healthy");
    assertThat(node.getJson("/health/ready").getString("status")).isEqualTo("ready");
    assertThat(node.getJson("/health/live").getString("status")).isEqualTo("alive");
  }

  @Test
  void ownMetrics() {
    assertRawAnswered();
    HttpResponse<String> metrics = node.get("/metrics");
    assertThat(metrics.statusCode()).isEqualTo(200);
    assertThat(metrics.body())
        .contains(
            "http_requests_total",
            "http_request_duration_seconds",
            "metrics_ingested_total",
            "metrics_query_duration_seconds");
  }
}
