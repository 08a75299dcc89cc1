package io.tidegrid.http;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The requests that users of the APIs we follow paste from their manuals, word for word, in the
 * order of the manuals: what writes comes before what reads it. They can be sent to any node.
 */
public final class SeedRequests {

  private SeedRequests() {}

  /**
   * A request and what it is answered with.
   *
   * @param name for messages
   * @param method the HTTP method
   * @param path the path with its query, as it was pasted
   * @param headers names and values in turn
   * @param body the body; empty for none
   * @param status the status of the answer
   * @param contains texts that the answer holds, white space taken out of both
   */
  public record Seed(
      String name,
      String method,
      String path,
      List<String> headers,
      String body,
      int status,
      List<String> contains) {

    /** Returns the request to a node. */
    public HttpRequest to(URI base) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(base.toString() + path))
              .timeout(Duration.ofSeconds(30))
              .method(
                  method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
      for (int i = 0; i < headers.size(); i += 2) {
        request.header(headers.get(i), headers.get(i + 1));
      }
      return request.build();
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static final List<String> JSON = List.of("Content-Type", "application/json");
  private static final List<String> JSON_AND_TOKEN =
      List.of("Content-Type", "application/json", "Authorization", "Bearer <token>");
  private static final List<String> TENANT =
      List.of(
          "Content-Type",
          "application/json",
          "X-Tenant-ID",
          "7d444840-9dc0-11d1-b245-5ffdce74fad2");

  private static Seed get(String name, String path, int status, String... contains) {
    return new Seed(name, "GET", path, List.of(), "", status, List.of(contains));
  }

  /** Returns all requests, in an order in which each finds what it asks for. */
  public static List<Seed> all() {
    List<Seed> all = new ArrayList<>();
    all.addAll(timeSeriesMetrics());
    all.addAll(dashboard());
    all.addAll(performanceMonitoring());
    all.addAll(multiTenant());
    return all;
  }

  /** The time series metrics API. */
  public static List<Seed> timeSeriesMetrics() {
    return List.of(
        get("000 root", "/", 200, "\"status\":\"ok\",\"service\":\"tidegrid\",\"version\":"),
        get("000 health", "/health", 200, "\"status\":\"healthy\""),
        get("000 database", "/db/status", 200, "\"status\":", "\"writeBehind\":"),
        new Seed(
            "000 ingest",
            "POST",
            "/metrics/ingest",
            JSON,
            """
            {
                "metric_name": "cpu_usage",
                "value": 75.5,
                "timestamp": "2025-12-03T12:00:00Z",
                "labels": {"host": "server1", "region": "us-west"}
              }\
            """,
            201,
            List.of("{\"status\":\"ok\",\"accepted\":1}")),
        get(
            "000 list",
            "/metrics/list?page=1&page_size=10",
            200,
            "\"name\":\"cpu_usage\"",
            "\"page\":1,\"page_size\":10}"),
        get("000 search", "/metrics/list?search=cpu", 200, "\"name\":\"cpu_usage\""),
        get(
            "000 info",
            "/metrics/cpu_usage/info",
            200,
            "{\"metric_name\":\"cpu_usage\"",
            "\"host\":[\"server1\"]",
            "\"region\":[\"us-west\"]",
            "\"rollups\":["),
        new Seed(
            "000 query",
            "POST",
            "/query",
            JSON,
            """
            {
                "metric_name": "cpu_usage",
                "start_time": "2025-12-03T00:00:00Z",
                "end_time": "2025-12-03T23:59:59Z",
                "labels": {"host": "server1"},
                "function": "avg"
              }\
            """,
            200,
            List.of(
                "{\"metric_name\":\"cpu_usage\",\"function\":\"avg\",\"source\":\"1",
                "\"value\":75.5")),
        get(
            "000 rollup",
            "/query/rollup?metric_name=cpu_usage&start_time=2025-12-03T00:00:00Z"
                + "&end_time=2025-12-03T12:00:00Z&window=5m",
            200,
            "{\"metric_name\":\"cpu_usage\",\"window\":\"5m\",\"source\":\"5m\",\"data\":["
                + "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"count\":1,\"sum\":75.5,\"avg\":75.5,"
                + "\"min\":75.5,\"max\":75.5,\"first\":75.5,\"last\":75.5,\"p50\":75.5,"
                + "\"p95\":75.5,\"p99\":75.5,"
                + "\"labels\":{\"host\":\"server1\",\"region\":\"us-west\"}}]}"),
        get("000 rollups", "/rollups", 200, "{\"metric_name\":\"cpu_usage\",\"window\":\"5m\""),
        get(
            "000 rollups of a metric",
            "/rollups?metric_name=cpu_usage",
            200,
            "{\"metric_name\":\"cpu_usage\",\"window\":\"1h\",\"window_seconds\":3600,"),
        get(
            "000 raw",
            "/query/raw?metric_name=cpu_usage&start_time=2025-12-03T00:00:00Z"
                + "&end_time=2025-12-03T23:59:59Z",
            200,
            "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":75.5,"
                + "\"labels\":{\"host\":\"server1\",\"region\":\"us-west\"}}"),
        get(
            "000 raw with labels",
            "/query/raw?metric_name=cpu_usage&start_time=2025-12-03T00:00:00Z"
                + "&end_time=2025-12-03T23:59:59Z&labels=%7B%22host%22:%22server1%22%7D",
            200,
            "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":75.5,"
                + "\"labels\":{\"host\":\"server1\",\"region\":\"us-west\"}}"));
  }

  /** The metrics dashboard backend. */
  public static List<Seed> dashboard() {
    return List.of(
        new Seed(
            "001 data",
            "POST",
            "/api/v1/metrics/batch",
            JSON,
            """
            {"metrics": [
              {"name": "cpu_usage", "value": 45.2, "labels": {"host": "server-01"}},
              {"name": "memory_usage", "value": 61, "labels": {"host": "server-01"}}
            ]}\
            """,
            201,
            List.of("{\"status\":\"ok\",\"accepted\":2}")),
        get(
            "001 chart",
            "/api/metrics/cpu_usage?start=1h&points=1000",
            200,
            "{\"metric_name\":\"cpu_usage\",\"start\":\"1h\",\"host\":null,"
                + "\"points_requested\":1000,\"points_returned\":1,\"data_source\":\"metrics\","
                + "\"data\":[{\"time\":\""),
        get(
            "001 chart of a host",
            "/api/metrics/memory_usage?start=7d&host=server-01&points=500",
            200,
            "{\"metric_name\":\"memory_usage\",\"start\":\"7d\",\"host\":\"server-01\","
                + "\"points_requested\":500,\"points_returned\":1,\"data_source\":\"metrics",
            "\"value\":61}]}"),
        get("001 short chart", "/api/metrics/cpu_usage?start=1h&points=100", 200, "45.2"),
        get("001 long chart", "/api/metrics/memory_usage?start=7d&points=500", 200, "61"),
        get(
            "001 latest",
            "/api/metrics/cpu_usage/latest?host=server-01",
            200,
            "{\"metric_name\":\"cpu_usage\",\"host\":\"server-01\",\"time\":\"",
            "\"value\":45.2}"),
        get("001 hosts", "/api/hosts", 200, "\"server-01\""),
        get("001 metrics", "/api/metrics", 200, "\"cpu_usage\"", "\"memory_usage\""));
  }

  /** The real-time performance monitoring API. */
  public static List<Seed> performanceMonitoring() {
    return List.of(
        new Seed(
            "002 ingest",
            "POST",
            "/api/v1/metrics/ingest",
            JSON_AND_TOKEN,
            """
            {
                "name": "cpu_usage_percent",
                "type": "gauge",
                "value": 45.2,
                "labels": {"host": "server01", "region": "us-east-1"},
                "help_text": "CPU usage percentage",
                "unit": "percent"
              }\
            """,
            201,
            List.of("{\"status\":\"ok\",\"accepted\":1}")),
        new Seed(
            "002 batch",
            "POST",
            "/api/v1/metrics/batch",
            JSON_AND_TOKEN,
            """
            {
                "metrics": [
                  {
                    "name": "cpu_usage_percent",
                    "type": "gauge",
                    "value": 45.2,
                    "labels": {"host": "server01"}
                  },
                  {
                    "name": "memory_usage_percent",\s
                    "type": "gauge",
                    "value": 78.5,
                    "labels": {"host": "server01"}
                  }
                ]
              }\
            """,
            201,
            List.of("{\"status\":\"ok\",\"accepted\":2}")),
        new Seed(
            "002 query",
            "POST",
            "/api/v1/metrics/query",
            JSON,
            """
            {
                "metric_name": "cpu_usage_percent",
                "start_time": "2024-01-01T00:00:00Z",
                "end_time": "2024-01-01T01:00:00Z",
                "step": "5m",
                "aggregation": "avg"
              }\
            """,
            200,
            List.of("\"metric_name\":\"cpu_usage_percent\"", "\"data\":[]")),
        get(
            "002 aggregated",
            "/api/v1/metrics/aggregated?metric_name=cpu_usage_percent&window=1h"
                + "&start_time=2024-01-01T00:00:00Z&end_time=2024-01-01T12:00:00Z",
            200,
            "\"metric_name\":\"cpu_usage_percent\",\"window\":\"1h\"",
            "\"data\":[]"),
        new Seed(
            "002 latest",
            "GET",
            "/api/v1/metrics/latest/cpu_usage_percent",
            List.of("Authorization", "Bearer <token>"),
            "",
            200,
            List.of("\"value\":45.2", "\"host\":\"server01\"", "\"timestamp\":\"")),
        get("002 health", "/health", 200, "\"status\":\"healthy\""),
        get("002 detailed", "/health/detailed", 200, "\"status\":"),
        get("002 ready", "/health/ready", 200, "\"status\":\"ready\""),
        get("002 live", "/health/live", 200, "\"status\":\"alive\""),
        get("002 own metrics", "/metrics", 200, "metrics_ingested_total", "query_requests_total"));
  }

  /** The multi-tenant metrics service. */
  public static List<Seed> multiTenant() {
    return List.of(
        new Seed(
            "003 ingest",
            "POST",
            "/api/v1/metrics/ingest",
            TENANT,
            """
            {
              "metric_name": "revenue",
              "value": 1250.50,
              "timestamp": "2025-01-15T10:30:00Z",
              "dimensions": {"region": "us-west", "plan": "pro"},
              "metadata": {"source": "stripe"}
            }\
            """,
            201,
            List.of("{\"status\":\"ok\",\"accepted\":1}")),
        new Seed(
            "003 batch",
            "POST",
            "/api/v1/metrics/ingest/batch",
            TENANT,
            """
            {
              "metrics": [
                {"metric_name": "signups", "value": 12, "timestamp": "2025-01-15T10:30:00Z"},
                {"metric_name": "revenue", "value": 5000, "timestamp": "2025-01-15T10:30:00Z"}
              ]
            }\
            """,
            201,
            List.of("{\"status\":\"ok\",\"accepted\":2}")),
        new Seed(
            "003 raw",
            "POST",
            "/api/v1/metrics/query",
            TENANT,
            """
            {
              "metric_name": "revenue",
              "start_time": "2025-01-01T00:00:00Z",
              "end_time": "2025-01-15T23:59:59Z",
              "dimensions": {"region": "us-west"},
              "aggregate": false
            }\
            """,
            200,
            List.of(
                "[{\"timestamp\":\"2025-01-15T10:30:00Z\",\"value\":1250.5,"
                    + "\"dimensions\":{\"plan\":\"pro\",\"region\":\"us-west\"}}]")),
        new Seed(
            "003 aggregate",
            "POST",
            "/api/v1/metrics/query",
            TENANT,
            """
            {
              "metric_name": "revenue",
              "start_time": "2025-01-01T00:00:00Z",
              "end_time": "2025-01-15T23:59:59Z",
              "aggregate": true
            }\
            """,
            200,
            List.of(
                "\"timestamp\":\"2025-01-15T10:00:00Z\",\"count\":2,\"sum\":6250.5,"
                    + "\"avg\":3125.25,\"min\":1250.5,\"max\":5000,\"p50\":",
                "\"p95\":",
                "\"p99\":")),
        new Seed(
            "003 another tenant",
            "POST",
            "/api/v1/metrics/query",
            List.of("Content-Type", "application/json", "X-Tenant-ID", "someone-else"),
            """
            {"metric_name": "revenue", "start_time": "2025-01-01T00:00:00Z"}\
            """,
            404,
            List.of("\"code\":\"tg-unknown-metric\"")),
        get("003 own metrics", "/metrics", 200, "http_requests_total", "metrics_query_duration"));
  }
}
