package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What clients of live streams are sent, and what they are not. */
class LiveStreamsIT {

  private static LiveNode node;

  @BeforeAll
  static void start() {
    node = LiveNode.start(Map.of());
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void theStreamOfAMetricSendsTheSamplesOfItsHost() {
    try (LiveClient client =
        LiveClient.connect(node.uri(), "/ws/metrics/cpu_usage?host=server-01")) {
      node.ingest(
          """
          {"metrics":[
            {"name":"cpu_usage","value":1,"labels":{"host":"server-02"}},
            {"name":"memory_usage","value":2,"labels":{"host":"server-01"}},
            {"name":"cpu_usage","value":45.2,"timestamp":"%s",
             "labels":{"region":"us-west","host":"server-01"}}]}
          """
              .formatted(Instant.ofEpochSecond(Instant.now().getEpochSecond())));
      String message = client.next();

      assertThat(message)
          .matches(
              "\\{\"metric_name\":\"cpu_usage\",\"host\":\"server-01\","
                  + "\"time\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\",\"value\":45\\.2,"
                  + "\"labels\":\\{\"host\":\"server-01\",\"region\":\"us-west\"\\}\\}");
      node.ingest("cpu_usage", "server-01", 40);
      assertThat(client.next()).contains("\"value\":40,");
      assertThat(client.messages).isEmpty();
    }
  }

  @Test
  void labelsAndMatchersAreConditions() {
    try (LiveClient client =
        LiveClient.connect(
            node.uri(), "/ws/metrics/conditions?region=eu&matcher=host%3D~%22web-.*%22")) {
      for (String host : List.of("db-1", "web-1")) {
        for (String region : List.of("us", "eu")) {
          node.ingest(
              "{\"metrics\":[{\"name\":\"conditions\",\"value\":1,\"labels\":{\"host\":\"%s\",\"region\":\"%s\"}}]}"
                  .formatted(host, region));
        }
      }
      assertThat(client.nextJson().getString("host")).isEqualTo("web-1");
      assertThat(client.messages).isEmpty();
    }
  }

  @Test
  void aSampleIsSentOnceWhenItIsNewOrChangedAlsoLate() {
    try (LiveClient client = LiveClient.connect(node.uri(), "/ws/metrics/repeated")) {
      Instant now = Instant.now();
      String first = repeated(now, 1);
      node.ingest(first);
      node.ingest(first);
      node.ingest(repeated(now, 2));
      node.ingest(repeated(now.minus(Duration.ofHours(5)), 3));
      node.ingest(repeated(now.minus(Duration.ofHours(5)), 3));
      node.ingest(repeated(now.plusSeconds(1), 4));

      assertThat(
              IntStream.range(0, 4)
                  .mapToObj(i -> client.nextJson().getJsonNumber("value").intValue()))
          .containsExactly(1, 2, 3, 4);
      assertThat(client.messages).isEmpty();
    }
  }

  private static String repeated(Instant time, int value) {
    return "{\"metrics\":[{\"name\":\"repeated\",\"value\":%d,\"timestamp\":\"%s\"}]}"
        .formatted(value, time);
  }

  @Test
  void aClientSubscribesAndUnsubscribes() {
    try (LiveClient client = LiveClient.connect(node.uri(), "/ws/metrics")) {
      node.ingest("unheard", "a", 1);
      client.send("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\"}}");
      assertThat(client.next())
          .isEqualTo("{\"type\":\"subscribed\",\"data\":{\"subscription\":\"metrics\"}}");
      client.send("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"alerts\"}}");
      assertThat(client.nextJson().getString("type")).isEqualTo("subscribed");

      node.ingest("heard", "a", 2);
      JsonObject update = client.nextJson();
      assertThat(update.getString("type")).isEqualTo("metric_update");
      JsonObject sample = update.getJsonObject("data").getJsonArray("metrics").getJsonObject(0);
      assertThat(sample.getString("metric_name")).isEqualTo("heard");
      assertThat(sample.getJsonNumber("value").intValue()).isEqualTo(2);

      client.send("{\"type\":\"unsubscribe\",\"data\":{\"subscription\":\"metrics\"}}");
      assertThat(client.nextJson().getString("type")).isEqualTo("unsubscribed");
      node.ingest("unheard", "a", 3);
      client.send(
          "{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\",\"metric_name\":\"chosen\","
              + "\"labels\":{\"host\":\"b\"}}}");
      assertThat(client.next())
          .isEqualTo(
              "{\"type\":\"subscribed\",\"data\":{\"subscription\":\"metrics\","
                  + "\"metric_name\":\"chosen\",\"labels\":{\"host\":\"b\"}}}");
      node.ingest("chosen", "a", 4);
      node.ingest("chosen", "b", 5);
      assertThat(client.next()).contains("\"host\":\"b\"").doesNotContain("\"host\":\"a\"");
      assertThat(client.messages).isEmpty();
    }
  }

  @Test
  void aSampleThatMatchesTwiceIsSentOnce() {
    try (LiveClient client = LiveClient.connect(node.uri(), "/ws/metrics")) {
      for (String filter : List.of("\"metric_name\":\"twice\"", "\"labels\":{\"host\":\"twin\"}")) {
        client.send(
            "{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\",%s}}"
                .formatted(filter));
        assertThat(client.nextJson().getString("type")).isEqualTo("subscribed");
      }
      node.ingest("twice", "twin", 1);
      node.ingest("twice", "other", 2);
      List<Integer> values = new ArrayList<>();
      while (values.size() < 2) {
        client
            .nextJson()
            .getJsonObject("data")
            .getJsonArray("metrics")
            .getValuesAs(JsonObject.class)
            .forEach(sample -> values.add(sample.getJsonNumber("value").intValue()));
      }
      assertThat(values).containsExactly(1, 2);
      assertThat(client.messages).isEmpty();
    }
  }

  @Test
  void everyClientIsSentItsOwn() {
    int clients = 20;
    List<LiveClient> all = new ArrayList<>();
    try {
      for (int i = 0; i < clients; i++) {
        all.add(LiveClient.connect(node.uri(), "/ws/metrics/shared?host=h" + i % 10));
      }
      assertThat(node.metric("websocket_connections")).isGreaterThanOrEqualTo(clients);
      assertThat(node.metric("tidegrid_live_subscriptions")).isGreaterThanOrEqualTo(clients);
      for (int value = 0; value < 5; value++) {
        for (int host = 0; host < 10; host++) {
          node.ingest("shared", "h" + host, value);
        }
      }
      for (int i = 0; i < clients; i++) {
        LiveClient client = all.get(i);
        assertThat(IntStream.range(0, 5).mapToObj(n -> client.nextJson()).toList())
            .extracting(m -> m.getString("host"), m -> m.getJsonNumber("value").intValue())
            .containsExactlyElementsOf(
                IntStream.range(0, 5)
                    .mapToObj(
                        n -> org.assertj.core.groups.Tuple.tuple("h" + all.indexOf(client) % 10, n))
                    .toList());
      }
    } finally {
      all.forEach(LiveClient::close);
    }
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(() -> assertThat(node.metric("tidegrid_live_subscriptions")).isZero());
  }

  @Test
  void noTenantSeesAnothers() {
    try (LiveClient byHeader =
            LiveClient.connect(node.uri(), "/ws/metrics/secret", "X-Tenant-ID", "acme");
        LiveClient byParameter = LiveClient.connect(node.uri(), "/ws/metrics/secret?tenant=acme");
        LiveClient byDefault = LiveClient.connect(node.uri(), "/ws/metrics/secret");
        LiveClient everything = LiveClient.connect(node.uri(), "/ws/metrics?tenant=other")) {
      everything.send("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\"}}");
      assertThat(everything.next()).contains("subscribed");
      String body = "{\"metrics\":[{\"name\":\"secret\",\"value\":%d}]}";
      node.ingest(body.formatted(1), "X-Tenant-ID", "acme");
      node.ingest(body.formatted(2));
      node.ingest(body.formatted(3), "X-Tenant-ID", "acme");

      assertThat(byHeader.nextJson().getInt("value")).isEqualTo(1);
      assertThat(byHeader.nextJson().getInt("value")).isEqualTo(3);
      assertThat(byParameter.nextJson().getInt("value")).isEqualTo(1);
      assertThat(byParameter.nextJson().getInt("value")).isEqualTo(3);
      assertThat(byDefault.nextJson().getInt("value")).isEqualTo(2);
      assertThat(byDefault.messages).isEmpty();
      assertThat(everything.messages).isEmpty();
    }
  }

  @Test
  void aClientThatCatchesUpIsToldWhatItMissed() {
    int series = 20;
    int steps = 250;
    String padding = "y".repeat(4_000);
    Instant start = Instant.now().minus(Duration.ofHours(1));
    try (LiveClient client = LiveClient.stalled(node.uri(), "/ws/metrics/missed")) {
      for (int step = 0; step < steps; step += 10) {
        StringBuilder batch = new StringBuilder("{\"metrics\":[");
        for (int i = 0; i < 10 * series; i++) {
          int value = step + i / series;
          batch.append(
              "%s{\"name\":\"missed\",\"value\":%d,\"timestamp\":\"%s\",\"labels\":{\"host\":\"%d\",\"padding\":\"%s\"}}"
                  .formatted(
                      i == 0 ? "" : ",", value, start.plusSeconds(value), i % series, padding));
        }
        node.ingest(batch.append("]}").toString());
      }
      client.read();
      long dropped = 0;
      int samples = 0;
      int[] newest = new int[series];
      while (samples + dropped < (long) series * steps) {
        JsonObject message = client.nextJson();
        if (message.containsKey("type")) {
          assertThat(message.getString("type")).isEqualTo("dropped");
          dropped += message.getInt("count");
        } else {
          samples++;
          int host = Integer.parseInt(message.getString("host"));
          assertThat(message.getInt("value")).isGreaterThanOrEqualTo(newest[host]);
          newest[host] = message.getInt("value");
        }
      }
      assertThat(dropped).isPositive();
      assertThat(newest).containsOnly(steps - 1);
    }
  }

  @Test
  void manySeriesOfOneBatchAllCome() {
    try (LiveClient client = LiveClient.connect(node.uri(), "/ws/metrics/wide")) {
      node.ingest(
          "{\"metrics\":["
              + IntStream.range(0, 5_000)
                  .mapToObj(i ->
                      "{\"name\":\"wide\",\"value\":%d,\"labels\":{\"host\":\"h%d\"}}"
                          .formatted(i, i))
                  .collect(Collectors.joining(","))
              + "]}");
      TreeSet<Integer> values = new TreeSet<>();
      for (int i = 0; i < 5_000; i++) {
        assertThat(values.add(client.nextJson().getInt("value"))).isTrue();
      }
    }
  }
}
