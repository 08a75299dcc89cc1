package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every kind of error in the contract, over a real socket. */
class ErrorTest {

  private static TestNode node;

  @BeforeAll
  static void start() {
    node = new TestNode();
    node.postJson(
        "/metrics/ingest",
        """
        {"metric_name": "known", "value": 1, "timestamp": "2025-12-03T12:00:00Z",
         "labels": {"host": "a"}}\
        """);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @AfterEach
  void repair() {
    node.grid.failure.set(Optional.empty());
  }

  private static void isProblem(HttpResponse<String> answer, int status, String code) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("content-type")).hasValue("application/problem+json");
    byte[] json = answer.body().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    Map<String, Object> problem = Json.object(json, json.length);
    assertThat(problem).containsKeys("type", "title", "status", "detail", "code");
    assertThat(problem.get("status")).hasToString(Integer.toString(status));
    assertThat(problem.get("code")).isEqualTo(code);
    assertThat(problem.get("detail").toString()).isNotBlank();
  }

  private static void pointsTo(HttpResponse<String> answer, String pointer) {
    assertThat(answer.body()).contains("\"errors\":[{\"pointer\":\"" + pointer + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[1]", "null", "{\"a\":1}x", "{\"a\":NaN}", "\u0000", "{'a':1}"})
  void aBodyThatIsNoJsonObjectIs400(String body) {
    isProblem(node.postJson("/query", body), 400, "tg-not-parseable");
    isProblem(node.postJson("/api/v1/metrics/query", body), 400, "tg-not-parseable");
  }

  @Test
  void nestedTooDeepIs400() {
    String deep = "{\"a\":" + "[".repeat(100_000);
    isProblem(node.postJson("/query", deep), 400, "tg-not-parseable");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/metrics/ingest",
        "/api/v1/metrics/ingest",
        "/api/v1/metrics/batch",
        "/api/v1/metrics/ingest/batch",
        "/api/v1/write",
        "/write",
        "/api/v2/write",
        "/api/v1/import/prometheus"
      })
  void anEmptyBodyIs400(String path) {
    isProblem(node.post(path, ""), 400, "tg-not-parseable");
  }

  @Test
  void whatADecoderCannotReadIs400() {
    isProblem(node.post("/api/v1/write", "garbage"), 400, "tg-not-parseable");
    isProblem(node.post("/write", "garbage"), 400, "tg-not-parseable");
  }

  @Test
  void aDecoderThatFailsIs400() {
    isProblem(node.post("/api/v1/write", "crash"), 400, "tg-not-parseable");
  }

  @Test
  void badGzipIs400() {
    isProblem(node.post("/write", "cpu 1", "Content-Encoding", "gzip"), 400, "tg-not-parseable");
    isProblem(node.post("/write", "cpu 1", "Content-Encoding", "deflate"), 400, "tg-not-parseable");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/b", "a b", "ä", "..;", "%20"})
  void aBadTenantIs400(String tenant) {
    isProblem(node.get("/metrics/list", "X-Scope-OrgID", tenant), 400, "tg-bad-tenant");
    isProblem(node.post("/metrics/ingest", "{}", "X-Tenant-ID", tenant), 400, "tg-bad-tenant");
  }

  @Test
  void aTenantOf65CharactersIs400() {
    isProblem(node.get("/api/metrics", "X-Tenant-ID", "t".repeat(65)), 400, "tg-bad-tenant");
    assertThat(node.get("/api/metrics", "X-Tenant-ID", "t".repeat(64)).statusCode()).isEqualTo(200);
  }

  @Test
  void twoTenantsAre400() {
    isProblem(
        node.get("/api/metrics", "X-Tenant-ID", "a", "X-Scope-OrgID", "b"), 400, "tg-bad-tenant");
  }

  @Test
  void aBrokenEscapeIs400() throws Exception {
    String head = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assertThat(node.raw("GET /metrics/list?search=%zz" + head))
        .startsWith("HTTP/1.1 400")
        .contains("tg-not-parseable");
    assertThat(node.raw("GET /metrics/%ff/info" + head)).startsWith("HTTP/1.1 400");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/no/such/path",
        "/api",
        "/metrics/a/b/info",
        "/api/v1/alerts/unheard-of",
        "/v1/events"
      })
  void anUnknownPathIs404(String path) {
    isProblem(node.get(path), 404, "tg-unknown-path");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/metrics/nothing/info",
        "/query/raw?metric_name=nothing",
        "/query/rollup?metric_name=nothing&window=1h",
        "/api/v1/metrics/aggregated?metric_name=nothing",
        "/rollups?metric_name=nothing",
        "/api/metrics/nothing",
        "/api/metrics/nothing/latest",
        "/api/v1/metrics/latest/nothing",
        "/api/metrics/known/latest?host=nobody"
      })
  void anUnknownMetricIs404(String path) {
    isProblem(node.get(path), 404, "tg-unknown-metric");
  }

  @Test
  void anotherTenantsMetricIs404() {
    isProblem(node.get("/metrics/known/info", "X-Tenant-ID", "other"), 404, "tg-unknown-metric");
    isProblem(
        node.post("/query", "{\"metric_name\":\"known\"}", "X-Tenant-ID", "other"),
        404,
        "tg-unknown-metric");
    assertThat(node.get("/api/metrics", "X-Tenant-ID", "other").body())
        .isEqualTo("{\"metrics\":[]}");
  }

  @Test
  void aKnownMetricWithoutSamplesInTheRangeIsAnEmptyAnswer() {
    assertThat(node.get("/query/raw?metric_name=known&start_time=2001-01-01&end_time=2001-01-02"))
        .satisfies(answer -> {
          assertThat(answer.statusCode()).isEqualTo(200);
          assertThat(answer.body()).endsWith("\"data\":[]}");
        });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET | /query | POST, OPTIONS",
        "DELETE | /metrics/ingest | POST, OPTIONS",
        "PUT | /api/metrics/cpu | GET, HEAD, OPTIONS",
        "POST | /health | GET, HEAD, OPTIONS",
        "BREW | / | GET, HEAD, OPTIONS"
      })
  void aKnownPathWithAnotherMethodIs405(String method, String path, String allow) {
    var answer =
        node.send(
            node.request(path)
                .method(method, java.net.http.HttpRequest.BodyPublishers.noBody())
                .build());
    isProblem(answer, 405, "tg-method-not-allowed");
    assertThat(answer.headers().firstValue("allow")).hasValue(allow);
  }

  @ParameterizedTest
  @CsvSource({
    "/metrics/ingest,text/xml",
    "/query,image/png",
    "/api/v1/metrics/batch,multipart/form-data",
    "/api/v1/write,application/json",
    "/api/v1/write,application/x-protobuf;proto=io.prometheus.write.v2.Request",
    "/write,application/json"
  })
  void aClearlyWrongContentTypeIs415(String path, String type) {
    isProblem(node.post(path, "{}", "Content-Type", type), 415, "tg-unsupported-media-type");
  }

  @Test
  void anUnknownContentCodingIs415() {
    isProblem(
        node.post("/write", "cpu 1", "Content-Encoding", "br"), 415, "tg-unsupported-media-type");
    isProblem(
        node.post("/query", "{}", "Content-Encoding", "snappy"), 415, "tg-unsupported-media-type");
  }

  @Test
  void whatCurlSendsByDefaultIsTaken() {
    var answer =
        node.post(
            "/metrics/ingest",
            "{\"metric_name\":\"curl\",\"value\":1}",
            "Content-Type",
            "application/x-www-form-urlencoded");
    assertThat(answer.statusCode()).isEqualTo(201);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | /metric_name | tg-invalid-value",
        "{\"metric_name\": [1]} | /metric_name | tg-invalid-value",
        "{\"metric_name\": \"known\", \"function\": \"avrg\"} | /function | tg-invalid-value",
        "{\"metric_name\": \"known\", \"interval\": \"soon\"} | /interval | tg-invalid-value",
        "{\"metric_name\": \"known\", \"interval\": 0} | /interval | tg-invalid-value",
        "{\"metric_name\": \"known\", \"interval\": \"-5m\"} | /interval | tg-invalid-value",
        "{\"metric_name\": \"known\", \"interval\": \"1ms\"} | /interval | tg-invalid-value",
        "{\"metric_name\": \"known\", \"labels\": \"host\"} | /labels | tg-invalid-value",
        "{\"metric_name\": \"known\", \"labels\": {\"h\": {}}} | /labels/h | tg-invalid-value",
        "{\"metric_name\": \"known\", \"group_by\": 5} | /group_by | tg-invalid-value",
        "{\"metric_name\": \"known\", \"matchers\": [\"=\"]} | /matchers | tg-invalid-value",
        "{\"metric_name\": \"known\", \"matchers\": [\"a=~(\"]} | /matchers | tg-invalid-value",
        "{\"metric_name\": \"known\", \"start_time\": \"noon\"} | /start_time | tg-invalid-time",
        "{\"metric_name\": \"known\", \"end_time\": 1e99} | /end_time | tg-invalid-time",
        "{\"metric_name\": \"known\", \"start_time\": \"2025-02-30T00:00:00Z\"} | /start_time"
            + " | tg-invalid-time",
        "{\"metric_name\": \"known\", \"start_time\": 2000, \"end_time\": 1000} | /start_time"
            + " | tg-invalid-range"
      })
  void aBadFieldOfAQueryIs422(String body, String pointer, String code) {
    var answer = node.postJson("/query", body);
    isProblem(answer, 422, code);
    pointsTo(answer, pointer);
  }

  @ParameterizedTest
  @CsvSource({
    "/query/rollup?metric_name=known&window=2h, window",
    "/query/rollup?metric_name=known&window=%20, window",
    "/query/rollup?window=1h, metric_name",
    "/api/v1/metrics/aggregated?metric_name=known&window=1w, window",
    "/api/metrics/known?points=-1, points",
    "/api/metrics/known?points=1000000000, points",
    "/api/metrics/known?points=0, points",
    "/api/metrics/known?points=100001, points",
    "/api/metrics/known?points=many, points",
    "/api/metrics/known?agg=median, agg",
    "/api/metrics/known?start=yesterday, start",
    "/api/metrics/known?start=1h&end=2h, start",
    "/metrics/list?page=0, page",
    "/metrics/list?page_size=100000, page_size",
    "/query/raw?start_time=1, metric_name"
  })
  void aBadParameterIs422(String path, String pointer) {
    var answer = node.get(path);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
    pointsTo(answer, pointer);
  }

  @Test
  void labelsThatAreNoJsonAre400() {
    var answer = node.get("/query/raw?metric_name=known&labels=host");
    isProblem(answer, 400, "tg-not-parseable");
    pointsTo(answer, "labels");
  }

  @Test
  void aVeryLongMetricNameIs422() {
    isProblem(
        node.postJson("/query", "{\"metric_name\":\"" + "m".repeat(10_000) + "\"}"),
        422,
        "tg-invalid-value");
    isProblem(node.get("/metrics/" + "m".repeat(10_000) + "/info"), 422, "tg-invalid-value");
  }

  @Test
  void aRegexMeantToExplodeIsAnsweredAtOnce() {
    String body = "{\"metric_name\":\"known\",\"matchers\":[\"host=~\\\"(a+)+$\\\"\"]}";
    assertThat(node.postJson("/query", body).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/metrics/ingest", "/api/v1/metrics/ingest"})
  void oneBadSampleIs422(String path) {
    var answer = node.postJson(path, "{\"metric_name\":\"a\",\"value\":\"high\"}");
    isProblem(answer, 422, "tg-invalid-value");
    pointsTo(answer, "");
  }

  @Test
  void aBatchWithSomeBadRowsStoresTheGoodOnes() {
    var answer =
        node.postJson(
            "/api/v1/metrics/batch",
            """
            {"metrics": [
              {"name": "partial", "value": 1},
              {"name": "", "value": 2},
              {"name": "partial", "value": 3, "timestamp": "1970-01-01T00:00:00Z"}]}\
            """);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .isEqualTo(
            "{\"accepted\":1,\"rejected\":2,\"errors\":["
                + "{\"index\":1,\"code\":\"tg-invalid-value\",\"detail\":\"metric_name is missing\"},"
                + "{\"index\":2,\"code\":\"tg-sample-too-old\","
                + "\"detail\":\"the sample is too old to keep\"}]}");
  }

  @Test
  void aBatchOfBadRowsIs422() {
    var answer =
        node.postJson("/api/v1/metrics/batch", "{\"metrics\": [{\"value\":1},{\"name\":\"a\"}]}");
    isProblem(answer, 422, "tg-invalid-value");
    pointsTo(answer, "/metrics/0");
    assertThat(answer.body()).contains("\"pointer\":\"/metrics/1\"");
  }

  @Test
  void linesTakePartsTheSameWay() {
    assertThat(node.post("/write", "a 1\nb").statusCode()).isEqualTo(200);
    assertThat(node.post("/write", "a 1\nb 2").statusCode()).isEqualTo(204);
    isProblem(node.post("/api/v1/import/prometheus", "b"), 422, "tg-invalid-value");
    isProblem(node.post("/write?precision=weeks", "a 1"), 422, "tg-invalid-value");
  }

  @Test
  void anUnknownAcknowledgementIs422() {
    isProblem(node.post("/write", "a 1", "X-Tidegrid-Ack", "maybe"), 422, "tg-invalid-value");
  }

  @ParameterizedTest
  @CsvSource({"BACKLOG_FULL,503", "NOT_READY,503", "STORAGE_AWAY,503", "QUERY_TIMEOUT,503"})
  void whatCannotBeTakenNowIsAnsweredWithRetryAfter(ErrorCode code, int status) {
    node.grid.failure.set(
        Optional.of(TidegridException.retryable(code, "wait", Duration.ofMillis(2500))));
    var write = node.post("/api/v1/write", "a 1");
    isProblem(write, status, code.id());
    assertThat(write.headers().firstValue("retry-after")).hasValue("3");
    var query = node.get("/query/raw?metric_name=known");
    isProblem(query, status, code.id());
    assertThat(query.headers().firstValue("retry-after")).hasValue("3");
  }

  @Test
  void aLimitOfTheEngineKeepsItsCode() {
    node.grid.failure.set(
        Optional.of(new TidegridException(ErrorCode.QUERY_SAMPLE_LIMIT, "ask for less")));
    isProblem(node.get("/query/raw?metric_name=known"), 422, "tg-query-sample-limit");
  }
}
