package io.tidegrid.node;

import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A client that writes known samples without pause and remembers what was acknowledged. Its samples
 * are numbered: number n of writer w is (metric m, label writer=w, series=n mod 20, time = start +
 * n seconds / 20, value n).
 */
final class SampleWriter extends Thread {

  static final int SERIES = 20;
  static final int BATCH = 200;

  /** A batch that was answered. */
  record Acknowledged(int first, long atNanos) {}

  private final List<NodeProcess> nodes;
  private final String name;
  private final long startMs;
  private final String[] headers;
  private final List<Acknowledged> acknowledged = new ArrayList<>();
  private final AtomicBoolean stop = new AtomicBoolean();
  private long pauseNanos;
  private boolean persistent;
  private final AtomicInteger refusals = new AtomicInteger();
  private int next;

  SampleWriter(String name, long startMs, List<NodeProcess> nodes, String... headers) {
    super("writer-" + name);
    this.name = name;
    this.startMs = startMs;
    this.nodes = nodes;
    this.headers = headers;
  }

  /** Has it send no faster, and send a batch again that was not acknowledged. */
  void persistAtRate(int batchesPerSecond) {
    pauseNanos = 1_000_000_000L / batchesPerSecond;
    persistent = true;
  }

  @Override
  public void run() {
    while (!stop.get()) {
      long start = System.nanoTime();
      if (send(next)) {
        next += BATCH;
      } else if (persistent) {
        refusals.incrementAndGet();
      } else {
        return;
      }
      if (pauseNanos > 0) {
        LockSupport.parkNanos(start + pauseNanos - System.nanoTime());
      }
    }
  }

  /** Returns how often a batch was not acknowledged. */
  int refusals() {
    return refusals.get();
  }

  /** Sends a batch to the first node that answers, and tells whether one did. */
  boolean send(int first) {
    for (NodeProcess node : nodes) {
      try {
        HttpResponse<String> answer = node.post("/api/v1/metrics/batch", body(first), headers);
        if (answer.statusCode() == 201) {
          synchronized (acknowledged) {
            acknowledged.add(new Acknowledged(first, System.nanoTime()));
          }
          return true;
        }
      } catch (UncheckedIOException e) {
        // The next node may answer.
      }
    }
    return false;
  }

  private String body(int first) {
    StringBuilder body = new StringBuilder(BATCH * 120).append("{\"metrics\":[");
    for (int n = first; n < first + BATCH; n++) {
      body.append(n == first ? "" : ",")
          .append("{\"metric_name\":\"m\",\"value\":")
          .append(n)
          .append(",\"timestamp\":")
          .append(timeOf(n))
          .append(",\"labels\":{\"writer\":\"")
          .append(name)
          .append("\",\"series\":\"")
          .append(n % SERIES)
          .append("\"}}");
    }
    return body.append("]}").toString();
  }

  long timeOf(int n) {
    return startMs + n / SERIES * 1_000L;
  }

  String writer() {
    return name;
  }

  void stopSoon() {
    stop.set(true);
  }

  void finish() throws InterruptedException {
    stopSoon();
    join();
  }

  /** Returns the batches answered so far. */
  List<Acknowledged> acknowledged() {
    synchronized (acknowledged) {
      return List.copyOf(acknowledged);
    }
  }

  /** Returns the number of the batch that was under way when the writer ended. */
  int unanswered() {
    return next;
  }
}
