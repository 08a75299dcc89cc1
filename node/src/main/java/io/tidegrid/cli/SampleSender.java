package io.tidegrid.cli;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Posts samples to a node and reads what it says. Used by one thread. */
final class SampleSender implements AutoCloseable {

  private static final int TRIES = 4;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  /**
   * What became of a request.
   *
   * @param accepted samples that the node took
   * @param error why it did not take all of them; empty when it did
   */
  record Outcome(int accepted, Optional<String> error) {}

  private final HttpClient client;
  private final String baseUrl;
  private final String tenant;
  private final CountDownLatch stop;

  /**
   * @param tenant null for none
   * @param stop ends waiting between tries
   */
  SampleSender(URI baseUrl, String tenant, CountDownLatch stop) {
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    this.baseUrl = baseUrl.toString().replaceAll("/+$", "");
    this.tenant = tenant;
    this.stop = stop;
  }

  /** Sends samples, again when the node is busy or away for a moment: sending twice is harmless. */
  Outcome send(List<SampleSource.Sample> samples) throws InterruptedException {
    HttpRequest request = request(samples);
    String error = "";
    for (int attempt = 1; attempt <= TRIES; attempt++) {
      Duration wait = Duration.ofMillis(250L << attempt);
      try {
        HttpResponse<String> response =
            client.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        int status = response.statusCode();
        if (status / 100 == 2) {
          return read(response, samples.size());
        }
        error = "status " + status + " " + shortened(response.body());
        if (status != 429 && status != 503) {
          return new Outcome(0, Optional.of(error));
        }
        wait = retryAfter(response).orElse(wait);
      } catch (IOException unreachable) {
        error = baseUrl + " cannot be reached: " + unreachable;
      }
      if (attempt < TRIES && stop.await(wait.toMillis(), TimeUnit.MILLISECONDS)) {
        break;
      }
    }
    return new Outcome(0, Optional.of(error));
  }

  @Override
  public void close() {
    client.close();
  }

  private HttpRequest request(List<SampleSource.Sample> samples) {
    String path;
    String body;
    if (samples.size() == 1) {
      path = "/metrics/ingest";
      body = samples.getFirst().json().toString();
    } else {
      path = "/api/v1/metrics/batch";
      JsonArrayBuilder rows = Json.createArrayBuilder();
      samples.forEach(sample -> rows.add(sample.json()));
      body = Json.createObjectBuilder().add("metrics", rows).build().toString();
    }
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(baseUrl + path))
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8));
    if (tenant != null) {
      builder.header("X-Tenant-ID", tenant);
    }
    return builder.build();
  }

  private static Outcome read(HttpResponse<String> response, int sent) {
    try (JsonReader reader = Json.createReader(new StringReader(response.body()))) {
      JsonObject answer = reader.readObject();
      int accepted = Math.min(sent, answer.getInt("accepted", sent));
      return new Outcome(
          accepted,
          accepted == sent
              ? Optional.empty()
              : Optional.of("a part was refused: " + shortened(response.body())));
    } catch (JsonException | ClassCastException unclear) {
      return new Outcome(0, Optional.of("unclear answer: " + shortened(response.body())));
    }
  }

  private static Optional<Duration> retryAfter(HttpResponse<String> response) {
    return response
        .headers()
        .firstValue("Retry-After")
        .filter(text -> text.matches("\\d{1,9}"))
        .map(text -> Duration.ofSeconds(Long.parseLong(text)))
        .map(wait -> wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait);
  }

  private static String shortened(String body) {
    String line = body.replaceAll("\\s+", " ").strip();
    return line.length() <= 300 ? line : line.substring(0, 300) + "…";
  }
}
