package io.tidegrid.alerting;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Posts to one address. Never names it whole: it may hold secrets. Safe for many threads. */
final class NotifySender implements AutoCloseable {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** What a receiver finds wrong with a body itself: the same again would be refused again. */
  private static final Set<Integer> REFUSALS = Set.of(400, 413, 415, 422);

  /** How it went. */
  sealed interface Outcome {
    /** The receiver has it. */
    record Taken() implements Outcome {}

    /** The receiver does not want it. */
    record Refused(String reason) implements Outcome {}

    /** Nobody knows; to be sent again. */
    record Failed(String reason) implements Outcome {}
  }

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client;
  private final URI uri;
  private final Optional<String> authorization;
  private final Duration timeout;

  /**
   * @param uri where to post; user and password in it are sent by basic authentication
   * @param timeout how long an answer may take, all of it
   */
  NotifySender(URI uri, Duration timeout) {
    this.uri = withoutUser(uri);
    this.authorization =
        Optional.ofNullable(uri.getUserInfo())
            .map(user ->
                "Basic "
                    + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
    this.timeout = timeout;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT.compareTo(timeout) < 0 ? CONNECT_TIMEOUT : timeout)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .executor(threads)
            .build();
  }

  private static URI withoutUser(URI uri) {
    if (uri.getRawUserInfo() == null) {
      return uri;
    }
    return URI.create(uri.toString().replace(uri.getRawUserInfo() + "@", ""));
  }

  Outcome post(byte[] body) throws InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .header("User-Agent", "tidegrid")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    authorization.ifPresent(value -> request.header("Authorization", value));
    CompletableFuture<HttpResponse<Void>> answer =
        client.sendAsync(request.build(), HttpResponse.BodyHandlers.discarding());
    try {
      // The request's own limit ends with the head of the answer.
      int status = answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS).statusCode();
      if (status >= 200 && status < 300) {
        return new Outcome.Taken();
      }
      return REFUSALS.contains(status)
          ? new Outcome.Refused("it answered " + status)
          : new Outcome.Failed("it answered " + status);
    } catch (TimeoutException e) {
      boolean ignored = answer.cancel(true);
      return new Outcome.Failed("it did not answer within " + timeout.toMillis() + " ms");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      return new Outcome.Failed(
          cause instanceof IOException && cause.getMessage() != null
              ? cause.getMessage()
              : cause.getClass().getSimpleName());
    }
  }

  /** Returns where it posts to, for people. */
  String place() {
    return uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
  }

  @Override
  public void close() {
    client.shutdownNow();
    threads.shutdownNow();
  }
}
