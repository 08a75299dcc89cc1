package io.tidegrid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

class GenerateTest {

  private record Request(String path, String tenant, String body) {}

  private record Answer(int status, String body) {}

  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
  private final StringWriter out = new StringWriter();
  private final AtomicInteger served = new AtomicInteger();
  private IntFunction<Answer> answers = number -> new Answer(201, "{\"status\":\"ok\"}");
  private HttpServer server;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::serve);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void singleSamplesGoToTheIngestPathAtTheirTime() {
    Instant before = Instant.now();
    int code =
        generate(
            "--metric",
            "cpu_usage",
            "--duration",
            "400ms",
            "--interval",
            "100ms",
            "--labels",
            "host=server1,region=us-west",
            "--tenant",
            "acme");
    Duration took = Duration.between(before, Instant.now());

    assertThat(code).isZero();
    assertThat(took).isGreaterThanOrEqualTo(Duration.ofMillis(300));
    assertThat(requests)
        .hasSize(4)
        .allSatisfy(request -> {
          assertThat(request.path()).isEqualTo("/metrics/ingest");
          assertThat(request.tenant()).isEqualTo("acme");
          JsonObject sample = json(request.body());
          assertThat(sample.getString("metric_name")).isEqualTo("cpu_usage");
          assertThat(sample.getJsonObject("labels").getString("region")).isEqualTo("us-west");
          assertThat(Instant.parse(sample.getString("timestamp")))
              .isBetween(before.minusMillis(1), before.plus(took));
        });
    assertThat(out.toString()).startsWith("sent 4  accepted 4  failed 0");
  }

  @Test
  void manySeriesGoInBatchesWhoseTimesEndNow() {
    int code =
        generate(
            "--backfill",
            "--duration",
            "1h",
            "--interval",
            "60",
            "--series",
            "10",
            "--batch-size",
            "250");

    assertThat(code).isZero();
    assertThat(requests).hasSize(3);
    List<JsonObject> samples = samples();
    assertThat(samples).hasSize(600);
    assertThat(
            samples.stream().map(s -> s.getJsonObject("labels").getString("instance")).distinct())
        .hasSize(10);
    Instant last = Instant.parse(samples.getLast().getString("timestamp"));
    assertThat(Duration.between(last, Instant.now())).isLessThan(Duration.ofSeconds(10));
    assertThat(last).isBeforeOrEqualTo(Instant.now());
  }

  @ParameterizedTest
  @EnumSource(SamplePattern.class)
  void theSameSeedAndStartSendTheSameAgain(SamplePattern pattern) {
    String[] arguments = {
      "--pattern",
      pattern.name().toLowerCase(java.util.Locale.ROOT),
      "--speed",
      "fast",
      "--seed",
      "7",
      "--start",
      "2025-12-03T12:00:00Z",
      "--series",
      "2"
    };
    generate(arguments);
    List<JsonObject> first = samples();
    requests.clear();
    generate(arguments);

    assertThat(samples()).hasSize(120).isEqualTo(first);
    assertThat(first.stream().map(sample -> sample.getJsonNumber("value").doubleValue()).distinct())
        .hasSizeGreaterThan(5)
        .allSatisfy(value -> assertThat(value).isBetween(-200.0, 300.0));
  }

  @Test
  void aWaveStartsAtItsMiddleAndTurns() {
    generate(
        "--speed",
        "fast",
        "--duration",
        "60",
        "--interval",
        "15",
        "--base",
        "10",
        "--amplitude",
        "4");

    assertThat(samples().stream().map(sample -> sample.getJsonNumber("value").doubleValue()))
        .containsExactly(10.0, 14.0, 10.0, 6.0);
  }

  @Test
  void aBusyNodeIsAskedAgain() {
    answers =
        number ->
            number == 0
                ? new Answer(503, "{\"detail\":\"busy\"}")
                : new Answer(200, "{\"accepted\":2}");

    int code = generate("--speed", "fast", "--duration", "2", "--interval", "1");

    assertThat(code).isZero();
    assertThat(requests).hasSize(2);
    assertThat(requests.getFirst()).isEqualTo(requests.getLast());
  }

  @Test
  void whatIsRefusedIsCountedAndFails() {
    answers = number -> new Answer(200, "{\"accepted\":3,\"rejected\":2}");
    assertThat(generate("--speed", "fast", "--duration", "5", "--interval", "1")).isOne();
    assertThat(out.toString())
        .contains("sent 5  accepted 3  failed 2")
        .contains("first failure: a part was refused");
  }

  @Test
  void anErrorIsShownAndFails() {
    answers = number -> new Answer(422, "{\"detail\":\"too old\"}");
    assertThat(generate("--speed", "fast", "--duration", "5", "--interval", "1")).isOne();
    assertThat(requests).hasSize(1);
    assertThat(out.toString()).contains("failed 5").contains("too old");
  }

  @Test
  void aNodeThatIsAwayFails() {
    server.stop(0);
    assertThat(generate("--speed", "fast", "--duration", "1", "--interval", "1")).isOne();
    assertThat(out.toString()).contains("cannot be reached");
  }

  private int generate(String... arguments) {
    List<String> all = new ArrayList<>(List.of("generate", "--base-url"));
    all.add("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    all.addAll(List.of(arguments));
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(new StringWriter(), true));
    return commandLine.execute(all.toArray(String[]::new));
  }

  private List<JsonObject> samples() {
    return requests.stream()
        .flatMap(request -> {
          JsonObject body = json(request.body());
          return request.path().endsWith("/batch")
              ? body.getJsonArray("metrics").getValuesAs(JsonObject.class).stream()
              : java.util.stream.Stream.of(body);
        })
        .toList();
  }

  private static JsonObject json(String text) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      return reader.readObject();
    }
  }

  private void serve(HttpExchange exchange) {
    try (exchange) {
      requests.add(
          new Request(
              exchange.getRequestURI().getPath(),
              String.valueOf(exchange.getRequestHeaders().getFirst("X-Tenant-ID")),
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
      Answer answer = answers.apply(served.getAndIncrement());
      byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(answer.status(), body.length);
      exchange.getResponseBody().write(body);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
