package io.tidegrid.soak;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends batch after batch when each is due, over several connections, each until it is
 * acknowledged: sending twice is harmless, and so it is known what must be there.
 */
final class SoakSender {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Duration RETRY_PAUSE = Duration.ofMillis(200);

  /** What one minute's requests took; replaced each minute. */
  static final class Minute {
    final LatencyHistogram latency = new LatencyHistogram();
    final AtomicLong samples = new AtomicLong();
    final AtomicLong retries = new AtomicLong();
    final AtomicLong behindMs = new AtomicLong();
  }

  private final SoakPlan plan;
  private final HttpClient client;
  private final URI uri;
  private final long endNumber;
  private final AtomicLong next = new AtomicLong();
  private final AtomicLongArray underWay;
  private final AtomicReference<Minute> minute = new AtomicReference<>(new Minute());
  private final AtomicReference<String> lastError = new AtomicReference<>("");
  private final List<Thread> threads = new ArrayList<>();

  SoakSender(SoakPlan plan, HttpClient client, URI node, int connections, long durationMs) {
    this.plan = plan;
    this.client = client;
    this.uri = node.resolve("/api/v1/write");
    this.endNumber = durationMs / SoakPlan.STEP_MS * plan.batchesPerStep();
    this.underWay = new AtomicLongArray(connections);
    for (int i = 0; i < connections; i++) {
      underWay.set(i, 0);
      int connection = i;
      threads.add(
          Thread.ofPlatform().daemon().name("sender-" + i).unstarted(() -> run(connection)));
    }
  }

  void start() {
    threads.forEach(Thread::start);
  }

  void join() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
  }

  boolean isRunning() {
    return threads.stream().anyMatch(Thread::isAlive);
  }

  /** Returns the figures since the last call. */
  Minute takeMinute() {
    return minute.getAndSet(new Minute());
  }

  /** Returns the last answer that was no success, or empty. */
  String lastError() {
    return lastError.get();
  }

  /** Returns a number below which every batch is acknowledged. */
  long acknowledgedBefore() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < underWay.length(); i++) {
      least = Math.min(least, underWay.get(i));
    }
    return least;
  }

  private void run(int connection) {
    BodyWriter writer = new BodyWriter(plan);
    while (true) {
      // What is under way is at least the number about to be taken: set first, so that nobody sees
      // a later one while this one is not acknowledged.
      underWay.set(connection, next.get());
      long number = next.getAndIncrement();
      if (number >= endNumber) {
        underWay.set(connection, endNumber);
        return;
      }
      awaitDue(number);
      send(writer.write(number), number);
    }
  }

  private double behindMs(long number) {
    return System.currentTimeMillis() - plan.startMs() - plan.dueMs(number);
  }

  private void awaitDue(long number) {
    double left = -behindMs(number);
    while (left > 0) {
      LockSupport.parkNanos((long) (left * 1e6));
      left = -behindMs(number);
    }
  }

  private void send(byte[] body, long number) {
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .POST(BodyPublishers.ofByteArray(body))
            .build();
    while (true) {
      Minute figures = minute.get();
      long begin = System.nanoTime();
      try {
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        if (response.statusCode() / 100 == 2) {
          figures.latency.add(System.nanoTime() - begin);
          figures.samples.addAndGet(plan.endSlot(number) - plan.firstSlot(number));
          figures.behindMs.accumulateAndGet((long) behindMs(number), Math::max);
          return;
        }
        lastError.set(response.statusCode() + " " + response.body().strip());
      } catch (IOException e) {
        lastError.set(e.toString());
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      figures.retries.incrementAndGet();
      LockSupport.parkNanos(RETRY_PAUSE.toNanos());
    }
  }
}
