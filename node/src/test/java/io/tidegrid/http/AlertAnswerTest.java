package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.alerting.Alerts;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.Matcher;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How alerts stand and stood, ending them, and silencing them. */
class AlertAnswerTest {

  private static final String ACTIVE = "/api/v1/alerts/active";
  private static final String HISTORY = "/api/v1/alerts/history";
  private static final String SILENCES = "/api/v1/alerts/silences";

  private static TestNode node;

  @BeforeAll
  static void start() {
    node = new TestNode();
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @BeforeEach
  void clear() {
    node.alerts.clear();
  }

  private static Alert alert(String id, String severity, String host) {
    return FakeAlerts.firing(id, severity, Map.of("host", host));
  }

  @Test
  void noAlertIsAnEmptyList() {
    assertThat(node.get(ACTIVE).body())
        .isEqualTo("{\"alerts\":[],\"total\":0,\"page\":1,\"page_size\":1000}");
    assertThat(node.get(HISTORY).body())
        .isEqualTo("{\"alerts\":[],\"limit\":100,\"truncated\":false}");
    assertThat(node.get(SILENCES).body())
        .isEqualTo("{\"silences\":[],\"total\":0,\"page\":1,\"page_size\":50}");
  }

  @Test
  void activeAlertsAreShownWhole() {
    node.alerts.current.add(FakeAlerts.pending(alert("a1", "high", "b")));
    assertThat(node.get(ACTIVE).body())
        .isEqualTo(
            "{\"alerts\":[{\"id\":\"a1\",\"fingerprint\":\"00000000000000ab\","
                + "\"rule_id\":\"rule-1\",\"rule_name\":\"High CPU\",\"metric_name\":\"cpu\","
                + "\"severity\":\"high\",\"status\":\"pending\",\"condition\":\"> 80\","
                + "\"value\":81.5,\"threshold\":80,\"labels\":{\"host\":\"b\"},"
                + "\"annotations\":{\"description\":\"it is hot\"},"
                + "\"starts_at\":\"2025-12-03T23:59:00Z\",\"fired_at\":null,"
                + "\"resolved_at\":null,\"resolved_by\":null,\"silenced\":false}],"
                + "\"total\":1,\"page\":1,\"page_size\":1000}");
  }

  @ParameterizedTest
  @CsvSource({
    "'', '1,2,3'",
    "severity=high, '1,3'",
    "state=pending, 2",
    "'status=firing,pending', '1,2,3'",
    "label=host%3Da, 1",
    "label=host=a&label=host=b, ''",
    "matcher=host=~%22a%7Cc%22, '1,3'",
    "rule_id=rule-1, '1,2,3'",
    "rule_id=rule-2, ''",
    "metric_name=cpu&severity=low, 2",
    "metric_name=mem, ''",
    "page=2&page_size=2, 3",
    "tenant=other, '1,2,3'",
  })
  void activeAlertsAreFiltered(String query, String ids) {
    node.alerts.current.add(alert("1", "high", "a"));
    node.alerts.current.add(FakeAlerts.pending(alert("2", "low", "b")));
    node.alerts.current.add(alert("3", "high", "c"));
    String body = node.get(ACTIVE + '?' + query).body();
    List<String> found =
        java.util.regex.Pattern.compile("\\{\"id\":\"(\\d)\"")
            .matcher(body)
            .results()
            .map(match -> match.group(1))
            .toList();
    assertThat(String.join(",", found)).as(body).isEqualTo(ids);
    assertThat(node.get(ACTIVE + '?' + query, "X-Tenant-ID", "other").body())
        .startsWith("{\"alerts\":[],\"total\":0");
  }

  @Test
  void historyIsAskedForByTimeRuleAndSeverity() {
    assertThat(node.get(HISTORY).statusCode()).isEqualTo(200);
    assertThat(node.alerts.lastHistory.get())
        .isEqualTo(new Alerts.HistoryQuery(0, 253_402_300_800_000L, "", "", Set.of(), 101));

    String query =
        "?start=2025-01-01T00:00:00Z&end=1735693200&rule_id=r&severity=high&state=resolved&limit=7";
    assertThat(node.get(HISTORY + query).statusCode()).isEqualTo(200);
    assertThat(node.alerts.lastHistory.get())
        .isEqualTo(
            new Alerts.HistoryQuery(
                1_735_689_600_000L,
                1_735_693_200_001L,
                "r",
                "high",
                Set.of(AlertPhase.RESOLVED),
                8));

    assertThat(node.get(HISTORY + "?start=1h").statusCode()).isEqualTo(200);
    assertThat(node.alerts.lastHistory.get().fromMs())
        .isEqualTo(TestNode.NOW.minusSeconds(3600).toEpochMilli());
  }

  @Test
  void historySaysWhetherThereIsMore() {
    for (int i = 0; i < 3; i++) {
      node.alerts.past.add(FakeAlerts.resolved(alert("p" + i, "high", "a"), "ann"));
    }
    assertThat(node.get(HISTORY + "?limit=2").body())
        .contains("\"id\":\"p0\"", "\"id\":\"p1\"", "\"resolved_by\":\"ann\"")
        .doesNotContain("\"id\":\"p2\"")
        .endsWith("],\"limit\":2,\"truncated\":true}");
    assertThat(node.get(HISTORY + "?limit=3").body())
        .contains("\"id\":\"p2\"")
        .endsWith("],\"limit\":3,\"truncated\":false}");
  }

  @ParameterizedTest
  @CsvSource({
    "active?state=resolved, state",
    "active?state=open, state",
    "active?page=x, page",
    "active?page_size=0, page_size",
    "active?label=host, label",
    "active?matcher=a%3D~%22%5B%22, matcher",
    "active?labels=%5B%5D, labels",
    "active?labels=%7B%22a%22:%7B%7D%7D, labels",
    "history?limit=0, limit",
    "history?limit=1000000, limit",
    "history?start=yesterday, start",
    "history?end=never, end",
    "history?start=2025-01-02&end=2025-01-01, start",
    "history?state=pending, state",
    "history?label=host=a, ''",
    "rules?page_size=1e9, page_size",
    "silences?page=0, page",
  })
  void whatIsWrongWithAParameterIsSaid(String path, String pointer) {
    var answer = node.get("/api/v1/alerts/" + path);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
    if (!pointer.isEmpty()) {
      assertThat(answer.body()).contains("\"pointer\":\"" + pointer + '"');
    }
  }

  @Test
  void anAlertIsEndedByHandOnce() {
    node.alerts.current.add(alert("a-1", "high", "b"));
    String path = "/api/v1/alerts/resolve/a-1";
    assertThat(node.post(path, "", "X-Tenant-ID", "other").statusCode()).isEqualTo(404);

    var answer = node.postJson(path, "{\"resolved_by\":\"ann\"}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body())
        .contains(
            "\"id\":\"a-1\"",
            "\"status\":\"resolved\"",
            "\"resolved_at\":\"2025-12-04T00:00:00Z\",\"resolved_by\":\"ann\"");
    assertThat(node.get(ACTIVE).body()).contains("\"total\":0");

    answer = node.post(path, "");
    assertThat(answer.statusCode()).isEqualTo(409);
    assertThat(answer.body()).contains("\"code\":\"tg-conflict\"");
    assertThat(node.alerts.lastResolver.get()).isEqualTo("api");

    answer = node.post("/api/v1/alerts/resolve/unheard%20of", "");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).contains("\"code\":\"tg-unknown-alert\"", "unheard of");
    assertThat(node.postJson(path, "{\"by\":\"x\"}").statusCode()).isEqualTo(422);
    assertThat(node.postJson(path, "{").statusCode()).isEqualTo(400);
    assertThat(node.get(path).statusCode()).isEqualTo(405);
  }

  @Test
  void silencesAreMadeShownAndEnded() {
    var answer =
        node.postJson(
            SILENCES,
            """
            {"matchers": ["alertname=\\"High CPU\\"", "host=~\\"web-.*\\""],
             "labels": {"severity": "low"}, "ends_at": "2025-12-04T02:00:00+01:00",
             "created_by": "ann", "comment": "disk is being replaced"}\
            """);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    assertThat(answer.headers().firstValue("location")).hasValue(SILENCES + "/silence-1");
    assertThat(answer.body())
        .isEqualTo(
            "{\"id\":\"silence-1\",\"status\":\"active\",\"matchers\":[\"severity=\\\"low\\\"\","
                + "\"alertname=\\\"High CPU\\\"\",\"host=~\\\"web-.*\\\"\"],"
                + "\"starts_at\":\"2025-12-04T00:00:00Z\",\"ends_at\":\"2025-12-04T01:00:00Z\","
                + "\"created_by\":\"ann\",\"comment\":\"disk is being replaced\"}");
    assertThat(node.get(SILENCES).body())
        .isEqualTo(
            "{\"silences\":[" + answer.body() + "],\"total\":1,\"page\":1,\"page_size\":50}");
    assertThat(node.get(SILENCES, "X-Tenant-ID", "other").body()).contains("\"total\":0");
    assertThat(node.delete(SILENCES + "/silence-1", "X-Tenant-ID", "other").statusCode())
        .isEqualTo(404);
    assertThat(node.delete(SILENCES + "/silence-1").statusCode()).isEqualTo(204);
    assertThat(node.delete(SILENCES + "/silence-1").body())
        .contains("\"code\":\"tg-unknown-silence\"");
  }

  @Test
  void silencesOfAlertmanagersClientsAreUnderstood() {
    var answer =
        node.postJson(
            SILENCES,
            """
            {"matchers": [{"name": "host", "value": "a", "isRegex": false, "isEqual": true},
                          {"name": "env", "value": "p.*", "isRegex": true, "isEqual": false}],
             "startsAt": "2025-12-05T00:00:00Z", "endsAt": "2025-12-06T00:00:00Z",
             "createdBy": "ann", "comment": "later"}\
            """);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    assertThat(answer.body())
        .contains(
            "\"status\":\"pending\",\"matchers\":[\"host=\\\"a\\\"\",\"env!~\\\"p.*\\\"\"],"
                + "\"starts_at\":\"2025-12-05T00:00:00Z\"",
            "\"created_by\":\"ann\"");
    answer = node.postJson(SILENCES, "{\"matchers\": \"host=a\", \"duration\": \"2h\"}");
    assertThat(answer.body()).contains("\"ends_at\":\"2025-12-04T02:00:00Z\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{}; /matchers; missing",
        "{}; /ends_at; either ends_at or duration",
        "{\"matchers\":[\"host\"]}; /matchers/0; is no matcher",
        "{\"matchers\":[{\"name\":\"\"}]}; /matchers/0; a matcher is",
        "{\"matchers\":[{\"name\":\"a\",\"value\":\"(\",\"isRegex\":true}]}; /matchers; RE2",
        "{\"ends_at\":\"tomorrow\"}; /ends_at; is not a time",
        "{\"ends_at\":\"2025-12-03T00:00:00Z\"}; /ends_at; must end",
        "{\"ends_at\":\"2026-01-01\",\"duration\":\"1h\"}; /ends_at; either",
        "{\"starts_at\":\"2026-02-01\",\"ends_at\":\"2026-01-01\"}; /ends_at; after it starts",
        "{\"duration\":\"-1h\"}; /duration; is not a duration",
        "{\"created_by\":{}}; /created_by; must be a string",
        "{\"end_at\":\"x\"}; /end_at; did you mean \"ends_at\"?",
      })
  void whatIsWrongWithASilenceIsNamed(String body, String pointer, String detail) {
    var answer = node.postJson(SILENCES, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
    assertThat(answer.body()).contains("{\"pointer\":\"" + pointer + "\",\"detail\":\"");
    assertThat(answer.body().replace("\\\"", "\"")).contains(detail);
  }

  @Test
  void matchersReadBackAsTheyAreWritten() {
    Matcher matcher = Matcher.of(Matcher.Type.NOT_REGEX, "path", "a\\.b\"c\n.*");
    assertThat(MatcherParser.parse(AlertRuleJson.text(matcher), "x")).isEqualTo(matcher);
  }
}
