package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.WindowFunction;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Making, showing, changing and removing alert rules. */
class AlertRuleTest {

  private static final String RULES = "/api/v1/alerts/rules";

  private static final String HIGH_CPU =
      """
      {
          "name": "High CPU Alert",
          "metric_name": "cpu_usage_percent",
          "condition": "> 80",
          "threshold": 80.0,
          "severity": "high",
          "evaluation_interval": 60,
          "for_duration": 300,
          "annotations": {
            "description": "CPU usage is above 80% for 5 minutes"
          }
        }\
      """;

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

  private static AlertRule.Spec created(String body) {
    HttpResponse<String> answer = node.postJson(RULES, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    List<AlertRule> rules = node.alerts.list("default");
    return rules.getLast().spec();
  }

  private static String rule(String members) {
    return "{\"name\":\"n\",\"metric_name\":\"m\",%s}".formatted(members);
  }

  @Test
  void aRuleIsAnsweredInTheWordsOfItsRequest() {
    HttpResponse<String> answer = node.postJson(RULES, HIGH_CPU);

    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.headers().firstValue("location")).hasValue(RULES + "/rule-1");
    assertThat(answer.body())
        .isEqualTo(
            "{\"id\":\"rule-1\",\"name\":\"High CPU Alert\",\"metric_name\":\"cpu_usage_percent\","
                + "\"condition\":\"> 80\",\"threshold\":80,\"severity\":\"high\","
                + "\"evaluation_interval\":60,\"for_duration\":300,\"annotations\":"
                + "{\"description\":\"CPU usage is above 80% for 5 minutes\"},"
                + "\"matchers\":[],\"labels\":{},\"group_by\":[],\"rule_labels\":{},"
                + "\"enabled\":true,\"each_sample\":false,\"state\":\"inactive\",\"version\":1,"
                + "\"created_at\":\"2025-12-04T00:00:00Z\",\"updated_at\":\"2025-12-04T00:00:00Z\"}");
    assertThat(node.get(RULES + "/rule-1").body()).isEqualTo(answer.body());
    assertThat(node.alerts.list("default").getFirst().spec())
        .isEqualTo(
            new AlertRule.Spec(
                "High CPU Alert",
                "cpu_usage_percent",
                List.of(),
                List.of(),
                new AlertCondition.Threshold(Comparison.GREATER, 80),
                "high",
                Duration.ofMinutes(5),
                Duration.ofMinutes(1),
                Map.of(),
                Map.of("description", "CPU usage is above 80% for 5 minutes"),
                true,
                false));
  }

  @Test
  void allFieldsAreTaken() {
    AlertRule.Spec spec =
        created(
            rule(
                """
                "condition": "avg(5m) >=", "threshold": 1.5, "labels": {"host": "a"},
                "matchers": ["env=~\\"prod|test\\"", "dc!=\\"x\\""], "group_by": ["region", "dc"],
                "rule_labels": {"team": "web"}, "enabled": false, "for_duration": "1h30m",
                "evaluation_interval": "30s"\
                """));

    assertThat(spec.condition())
        .isEqualTo(
            new AlertCondition.Window(
                WindowFunction.AVG, Duration.ofMinutes(5), Comparison.GREATER_OR_EQUAL, 1.5));
    assertThat(spec.matchers())
        .containsExactly(
            Matcher.equal("host", "a"),
            Matcher.of(Matcher.Type.REGEX, "env", "prod|test"),
            Matcher.of(Matcher.Type.NOT_EQUAL, "dc", "x"));
    assertThat(spec.groupBy()).containsExactly("region", "dc");
    assertThat(spec.labels()).isEqualTo(Map.of("team", "web"));
    assertThat(spec.enabled()).isFalse();
    assertThat(spec.forDuration()).isEqualTo(Duration.ofMinutes(90));
    assertThat(spec.evaluationInterval()).isEqualTo(Duration.ofSeconds(30));
    assertThat(spec.severity()).isEqualTo("warning");
    assertThat(node.get(RULES + "/rule-1").body())
        .contains(
            "\"condition\":\"avg(5m) >= 1.5\",\"threshold\":1.5",
            "\"matchers\":[\"env=~\\\"prod|test\\\"\",\"dc!=\\\"x\\\"\"],\"labels\":{\"host\":\"a\"}",
            "\"for_duration\":5400");
  }

  @Test
  void anAbsentRuleHasNoThreshold() {
    assertThat(created(rule("\"condition\":\"absent(5m)\"")).condition())
        .isEqualTo(new AlertCondition.Absent(Duration.ofMinutes(5)));
    assertThat(node.get(RULES + "/rule-1").body()).doesNotContain("threshold");
  }

  /** What is shown can be sent back, so that a client changes one thing of it. */
  @Test
  void aRuleThatWasReadCanBeSentBackChanged() {
    created(HIGH_CPU);
    String read = node.get(RULES + "/rule-1").body();

    HttpResponse<String> answer =
        node.putJson(
            RULES + "/rule-1", read.replace("\"high\"", "\"critical\"").replace("> 80", "< 80"));

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body())
        .contains(
            "\"id\":\"rule-1\"",
            "\"severity\":\"critical\"",
            "\"condition\":\"< 80\"",
            "\"version\":2",
            "\"updated_at\":\"2025-12-04T00:00:01Z\"");
  }

  @Test
  void rulesAreListedInPages() {
    for (String severity : List.of("low", "high", "low")) {
      created(rule("\"condition\":\"> 1\",\"severity\":\"" + severity + '"'));
    }
    assertThat(node.get(RULES).body())
        .startsWith("{\"rules\":[{\"id\":\"rule-1\"")
        .contains("rule-2", "rule-3")
        .endsWith("],\"total\":3,\"page\":1,\"page_size\":50}");
    assertThat(node.get(RULES + "?page=2&page_size=2").body())
        .startsWith("{\"rules\":[{\"id\":\"rule-3\"")
        .endsWith("],\"total\":3,\"page\":2,\"page_size\":2}");
    assertThat(node.get(RULES + "?severity=high").body())
        .startsWith("{\"rules\":[{\"id\":\"rule-2\"")
        .contains("\"total\":1");
    assertThat(node.get(RULES + "?metric_name=other").body())
        .startsWith("{\"rules\":[],\"total\":0");
    assertThat(node.get(RULES + "?page=0").statusCode()).isEqualTo(422);
    assertThat(node.get(RULES, "X-Tenant-ID", "other").body()).startsWith("{\"rules\":[]");
  }

  @Test
  void aRuleShowsWhereItsAlertsStand() {
    created(rule("\"condition\":\"> 1\""));
    node.alerts.current.add(FakeAlerts.pending(FakeAlerts.firing("a", "high", Map.of())));
    assertThat(node.get(RULES).body()).contains("\"state\":\"pending\"");
    node.alerts.current.add(FakeAlerts.firing("b", "high", Map.of()));
    node.alerts.current.add(FakeAlerts.pending(FakeAlerts.firing("c", "high", Map.of())));
    assertThat(node.get(RULES + "/rule-1").body()).contains("\"state\":\"firing\"");
  }

  @Test
  void aRemovedRuleIsGone() {
    created(HIGH_CPU);
    assertThat(node.delete(RULES + "/rule-1", "X-Tenant-ID", "other").statusCode()).isEqualTo(404);
    assertThat(node.delete(RULES + "/rule-1").statusCode()).isEqualTo(204);
    for (HttpResponse<String> answer :
        List.of(
            node.get(RULES + "/rule-1"),
            node.delete(RULES + "/rule-1"),
            node.putJson(RULES + "/rule-1", HIGH_CPU))) {
      assertThat(answer.statusCode()).isEqualTo(404);
      assertThat(answer.body()).contains("\"code\":\"tg-unknown-rule\"");
    }
    assertThat(node.post(RULES + "/rule-1", "{}").headers().firstValue("allow"))
        .hasValue("GET, PUT, DELETE, HEAD, OPTIONS");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{}; /name; name is missing",
        "{}; /metric_name; metric_name is missing",
        "{}; /condition; condition is missing",
        "{\"name\":\"\"}; /name; must not be empty",
        "{\"name\":[]}; /name; must be a string",
        "{\"metric_name\":{}}; /metric_name; must be a string",
        "{\"condition\":\"80\"}; /condition; ",
        "{\"condition\":\"=> 80\"}; /condition; =>",
        "{\"condition\":\"~ 80\"}; /condition; ",
        "{\"condition\":\"avrg(5m) > 1\"}; /condition; avg",
        "{\"condition\":\"avg(5x) > 1\"}; /condition; 5x",
        "{\"condition\":\"> eighty\"}; /condition; ",
        "{\"condition\":\">\"}; /condition; threshold",
        "{\"condition\":\"> 80\",\"threshold\":90}; /condition; 90",
        "{\"condition\":\"absent(5m)\",\"threshold\":1}; /condition; threshold",
        "{\"condition\":5}; /condition; ",
        "{\"threshold\":\"NaN\"}; /threshold; finite number",
        "{\"threshold\":1e999}; /threshold; finite number",
        "{\"threshold\":[1]}; /threshold; finite number",
        "{\"for_duration\":-5}; /for_duration; is not a duration",
        "{\"for_duration\":\"soon\"}; /for_duration; is not a duration",
        "{\"evaluation_interval\":0}; /evaluation_interval; is not a duration",
        "{\"severity\":\"  \"}; /severity; must not be empty",
        "{\"severity\":true}; /severity; must be a string",
        "{\"annotations\":\"x\"}; /annotations; object of strings",
        "{\"annotations\":{\"a\":{}}}; /annotations/a; value that is a string",
        "{\"labels\":[\"host\"]}; /labels; object of strings",
        "{\"labels\":{\"\":\"x\"}}; /labels/; has a name",
        "{\"labels\":{\"a/b\":[]}}; /labels/a~1b; value that is a string",
        "{\"matchers\":[\"host\"]}; /matchers/0; is no matcher",
        "{\"matchers\":[\"a=\\\"b\\\"\",\"c=~\\\"(\\\"\"]}; /matchers/1; not valid RE2",
        "{\"matchers\":[\"__name__=\\\"x\\\"\"]}; /matchers; metric_name",
        "{\"group_by\":[1]}; /group_by; list of names",
        "{\"group_by\":{\"a\":1}}; /group_by; list of names",
        "{\"rule_labels\":{\"severity\":\"x\"}}; /rule_labels; set by the rule itself",
        "{\"enabled\":\"yes\"}; /enabled; true or false",
        "{\"treshold\":80}; /treshold; did you mean \"threshold\"?",
        "{\"for\":\"5m\"}; /for; did you mean \"for_duration\"?",
        "{\"metricName\":\"x\"}; /metricName; did you mean \"metric_name\"?",
        "{\"colour\":\"red\"}; /colour; known are name, metric_name",
        "{\"condition\":\"avg(5m) > 1\",\"each_sample\":true}; /each_sample; plain threshold",
        "{\"expr\":\"up == 0\"}; /expr; metric_name and condition",
      })
  void whatIsWrongIsNamed(String body, String pointer, String detail) {
    for (HttpResponse<String> answer :
        List.of(node.postJson(RULES, body), node.putJson(RULES + "/rule-1", body))) {
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
      assertThat(errors(answer)).containsKey(pointer);
      assertThat(errors(answer).get(pointer)).contains(detail == null ? "" : detail);
    }
    assertThat(node.alerts.list("default")).isEmpty();
  }

  private static Map<String, String> errors(HttpResponse<String> answer) {
    byte[] json = answer.body().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    Map<String, String> errors = new java.util.HashMap<>();
    for (Object error : (List<?>) Json.object(json, json.length).get("errors")) {
      Map<?, ?> members = (Map<?, ?>) error;
      errors.putIfAbsent(members.get("pointer").toString(), members.get("detail").toString());
    }
    return errors;
  }

  @Test
  void everythingThatIsWrongIsNamedAtOnce() {
    HttpResponse<String> answer =
        node.postJson(RULES, "{\"nme\":\"x\",\"condition\":\"?\",\"for_duration\":-1}");
    assertThat(answer.statusCode()).isEqualTo(422);
    assertThat(errors(answer).keySet())
        .containsExactlyInAnyOrder("/nme", "/name", "/metric_name", "/condition", "/for_duration");
    assertThat(answer.body()).contains("; 4 more in errors");
  }

  @Test
  void bodiesThatAreNoneAreRefused() {
    for (String body : new String[] {"", "[]", "{", "null"}) {
      assertThat(node.postJson(RULES, body).statusCode()).isEqualTo(400);
      assertThat(node.postJson("/v1/alerts", body).statusCode()).isEqualTo(400);
      assertThat(node.postJson("/api/v1/alerts/silences", body).statusCode()).isEqualTo(400);
    }
    assertThat(node.post(RULES, "<a/>", "Content-Type", "text/xml").statusCode()).isEqualTo(415);
    assertThat(
            node.postJson(
                    RULES, rule("\"condition\":\"> 1\",\"annotations\":{\"a\":\"{{ $value\"}"))
                .body())
        .contains("\"pointer\":\"/annotations\"", "template");
  }

  @Test
  void aDeviceIsWatchedOnceHoweverOftenItIsAskedFor() {
    String body =
        """
        {
          "device_id":"deviceA",
          "metric":"temp",
          "op":">",
          "threshold":32
        }\
        """;
    HttpResponse<String> answer = node.postJson("/v1/alerts", body);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"status\":\"ok\",\"id\":\"rule-1\"}");
    assertThat(node.postJson("/v1/alerts", body).body()).isEqualTo(answer.body());
    assertThat(node.postJson("/v1/alerts", body.replace("32", "32.0")).body())
        .isEqualTo(answer.body());
    assertThat(node.alerts.list("default"))
        .singleElement()
        .satisfies(rule -> {
          assertThat(rule.spec().eachSample()).isTrue();
          assertThat(rule.spec().name()).isEqualTo("temp > 32 on deviceA");
          assertThat(rule.spec().metric()).isEqualTo("temp");
          assertThat(rule.spec().matchers()).containsExactly(Matcher.equal("device_id", "deviceA"));
          assertThat(rule.spec().condition())
              .isEqualTo(new AlertCondition.Threshold(Comparison.GREATER, 32));
          assertThat(rule.spec().forDuration()).isZero();
        });
    assertThat(node.postJson("/v1/alerts", body.replace(">", "<")).body()).contains("rule-2");
    assertThat(node.post("/v1/alerts", body, "X-Tenant-ID", "other").body()).contains("rule-3");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{}; /device_id; missing",
        "{}; /metric; missing",
        "{}; /op; missing",
        "{}; /threshold; missing",
        "{\"op\":\"~\"}; /op; use > >= < <= == !=",
        "{\"threshold\":\"hot\"}; /threshold; finite number",
        "{\"deviceid\":\"a\"}; /deviceid; did you mean \"device_id\"?",
      })
  void whatIsWrongWithADevicesAlertIsNamed(String body, String pointer, String detail) {
    HttpResponse<String> answer = node.postJson("/v1/alerts", body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
    assertThat(errors(answer).get(pointer)).contains(detail);
  }
}
