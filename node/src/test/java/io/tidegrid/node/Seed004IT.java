package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every request of the telemetry API's manual but for alerts, as users paste it. */
@Timeout(120)
class Seed004IT {

  private static final String SINGLE =
      """
      {
        "event_id": "e001",
        "device_id": "deviceA",
        "timeStamp": "2025-01-15T10:00:00",
        "metrics": { "temp": 34.2, "cpu": 0.44 },
        "tags": ["room:101","sensor:v2"]
      }\
      """;
  private static final String BATCH =
      """
      [
        {
          "event_id": "e002",
          "device_id": "deviceA",
          "timeStamp": "2025-01-15T10:02:00",
          "metrics": { "temp": 30 },
          "tags": ["room:101"]
        },
        {
          "event_id": "e003",
          "device_id": "deviceA",
          "timeStamp": "2025-01-15T10:03:00",
          "metrics": { "temp": 35 },
          "tags": ["room:102"]
        }
      ]\
      """;
  private static final String RANGE = "from_time=2025-01-01T00:00:00&to_time=2025-12-31T00:00:00";
  private static final String E1 =
      "{\"event_id\":\"e001\",\"device_id\":\"deviceA\",\"timeStamp\":\"2025-01-15T10:00:00\","
          + "\"metrics\":{\"temp\":34.2,\"cpu\":0.44},\"tags\":[\"room:101\",\"sensor:v2\"]}";
  private static final String E2 =
      "{\"event_id\":\"e002\",\"device_id\":\"deviceA\",\"timeStamp\":\"2025-01-15T10:02:00\","
          + "\"metrics\":{\"temp\":30},\"tags\":[\"room:101\"]}";
  private static final String E3 =
      "{\"event_id\":\"e003\",\"device_id\":\"deviceA\",\"timeStamp\":\"2025-01-15T10:03:00\","
          + "\"metrics\":{\"temp\":35},\"tags\":[\"room:102\"]}";

  @TempDir static Path directory;

  private static NodeProcess node;

  @BeforeAll
  static void ingest() {
    // The samples are older than memory keeps, so that each waits for its commit.
    node = NodeProcess.up(directory, "--set", "persist.commit-timeout=30s");
    assertThat(post("/v1/events", SINGLE)).isEqualTo("{\"status\":\"ok\"}");
    assertThat(post("/v1/events/batch", BATCH))
        .isEqualTo(
            "[{\"event_id\":\"e002\",\"status\":\"stored\"},"
                + "{\"event_id\":\"e003\",\"status\":\"stored\"}]");
  }

  @AfterAll
  static void stop() {
    assertThat(node.terminate()).as(node::logText).isZero();
  }

  private static String post(String path, String body) {
    HttpResponse<String> answer = node.post(path, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }

  @Test
  void whatIsSentAgainIsADuplicate() {
    assertThat(post("/v1/events", SINGLE)).isEqualTo("{\"status\":\"duplicate\"}");
    assertThat(post("/v1/events/batch", BATCH))
        .isEqualTo(
            "[{\"event_id\":\"e002\",\"status\":\"duplicate\"},"
                + "{\"event_id\":\"e003\",\"status\":\"duplicate\"}]");
  }

  @Test
  void eventsAreFoundInMemoryAndInTheDatabase() {
    assertFound();
    Awaitility.await()
        .until(() -> node.get("/metrics").body().contains("tidegrid_events_memory_bytes 0.0"));
    assertFound();
  }

  private static void assertFound() {
    assertThat(node.get("/v1/devices/deviceA/events?" + RANGE + "&limit=5").body())
        .isEqualTo("{\"events\":[" + E3 + "," + E2 + "," + E1 + "]}");
    assertThat(node.get("/v1/search?tag=room:101&" + RANGE + "&limit=100").body())
        .isEqualTo("{\"events\":[" + E2 + "," + E1 + "]}");
    assertThat(node.get("/v1/devices/deviceA/events?limit=1").body())
        .isEqualTo("{\"events\":[" + E3 + "]}");
    assertThat(node.get("/v1/search?tag=room:101", "X-Tenant-ID", "other").body())
        .isEqualTo("{\"events\":[]}");
  }

  @Test
  void metricsAreAggregated() {
    JsonObject answer =
        node.getJson(
            "/v1/metrics/aggregate?metric=temp&device_id=deviceA&" + RANGE + "&interval=1m");
    assertThat(answer.getJsonArray("buckets")).hasSize(3);
    assertThat(answer.getJsonArray("buckets").getJsonObject(0).toString())
        .isEqualTo(
            "{\"time\":\"2025-01-15T10:00:00Z\",\"count\":1,\"sum\":34.2,\"avg\":34.2,\"min\":34.2,"
                + "\"max\":34.2}");
  }

  @Test
  void wrongInputIsRefused() {
    assertThat(node.post("/v1/events", "[]").statusCode()).isEqualTo(422);
    assertThat(node.post("/v1/events", "{").statusCode()).isEqualTo(400);
    assertThat(node.post("/v1/events/batch", "[{}, 1]").statusCode()).isEqualTo(422);
    assertThat(node.post("/v1/events/batch", "[]").body()).isEqualTo("[]");
    assertThat(node.get("/v1/search").statusCode()).isEqualTo(422);
    assertThat(node.get("/v1/search?tag=a&limit=0").statusCode()).isEqualTo(422);
    assertThat(node.get("/v1/search?tag=a&from_time=now&to_time=1h").statusCode()).isEqualTo(422);
    assertThat(node.get("/v1/metrics/aggregate?metric=unknown").statusCode()).isEqualTo(404);
  }
}
