package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that are compressed, and those that are not. */
class GzipTest {

  private static final Instant START = Instant.parse("2025-12-03T00:00:00Z");
  private static final String RAW =
      "/query/raw?metric_name=g&start_time=2025-12-03T00:00:00Z&end_time=";
  private static final String FEW = RAW + "2025-12-03T00:01:00Z";
  private static final String MANY = RAW + "2025-12-03T06:00:00Z";
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static TestNode node;

  @BeforeAll
  static void start() {
    node = new TestNode(ProtocolTest.SMALL);
    String samples =
        IntStream.range(0, Exchange.MAX_BUFFERED_POINTS + 5)
            .mapToObj(i ->
                "{\"metric_name\":\"g\",\"value\":%d,\"timestamp\":\"%s\",\"labels\":{\"host\":\"a\"}}"
                    .formatted(i % 100, START.plusSeconds(i)))
            .collect(Collectors.joining(",", "{\"metrics\":[", "]}"));
    assertThat(node.postJson("/api/v1/metrics/batch", samples).statusCode()).isEqualTo(201);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  private static HttpResponse<byte[]> get(String path, String acceptEncoding) {
    HttpRequest request =
        HttpRequest.newBuilder(node.base().resolve(path))
            .header("Accept-Encoding", acceptEncoding)
            .build();
    try {
      return CLIENT.send(request, BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String text(byte[] compressed) throws IOException {
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {FEW, MANY, "/metrics"})
  void largeAnswersAreCompressedForThoseWhoAcceptIt(String path) throws IOException {
    HttpResponse<byte[]> plain = get(path, "identity");
    assertThat(plain.headers().firstValue("Content-Encoding")).isEmpty();
    assertThat(plain.headers().allValues("Vary").toString()).contains("Accept-Encoding");
    HttpResponse<byte[]> compressed = get(path, "deflate, gzip;q=0.8, br");
    assertThat(compressed.headers().firstValue("Content-Encoding")).contains("gzip");
    assertThat(compressed.headers().allValues("Vary").toString()).contains("Accept-Encoding");
    assertThat(compressed.body()).hasSizeLessThan(plain.body().length / 3);
    if (path.startsWith("/query")) {
      assertThat(text(compressed.body()))
          .isEqualTo(new String(plain.body(), StandardCharsets.UTF_8));
    }
  }

  /** Caches are to tell answers apart by all that they depend on. */
  @Test
  void whatElseTheAnswerDependsOnIsStillSaid() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(node.base().resolve("/metrics"))
            .header("Accept-Encoding", "gzip")
            .header("Origin", "https://app.example")
            .build();
    assertThat(
            CLIENT.send(request, BodyHandlers.ofByteArray()).headers().allValues("Vary").stream()
                .flatMap(value -> Arrays.stream(value.split(",\\s*", -1))))
        .contains("Accept", "Accept-Encoding", "Origin");
  }

  @Test
  void smallOnesAndErrorsAreNot() {
    assertThat(get("/health", "gzip").headers().firstValue("Content-Encoding")).isEmpty();
    assertThat(get("/nothing", "gzip").headers().firstValue("Content-Encoding")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gzip|true",
        "GZIP ; q=0.5|true",
        "x-gzip|true",
        "br, *|true",
        "''|false",
        "br, deflate|false",
        "gzip;q=0, *|false",
        "*;q=0.0|false",
        "gzip;q=much|false",
        ",;,=|false"
      })
  void acceptEncodingIsRead(String header, boolean accepted) {
    assertThat(Gzip.isAccepted(header)).isEqualTo(accepted);
  }
}
