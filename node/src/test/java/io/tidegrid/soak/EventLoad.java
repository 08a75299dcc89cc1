package io.tidegrid.soak;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Sends batches of events to a running node, some of them again and again, and checks each verdict:
 * {@code ./benchmark events --help}. Each sender has ids of its own, and knows of every one whether
 * it was acknowledged, so that it can tell what the node must say.
 */
@Command(
    name = "events",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Sends events at a constant rate and checks which the node takes for new.")
public final class EventLoad implements Callable<Integer> {

  private static final int REMEMBERED = 200_000;

  @Option(names = "--url", defaultValue = "http://127.0.0.1:8000", description = "The node.")
  private URI url;

  @Option(names = "--rate", defaultValue = "50000", description = "Events a second; 0: no limit.")
  private int rate;

  @Option(names = "--batch", defaultValue = "500", description = "Events of a request.")
  private int batch;

  @Option(names = "--duplicates", defaultValue = "10", description = "Percentage sent again.")
  private int duplicates;

  @Option(names = "--devices", defaultValue = "10000", description = "Devices.")
  private int devices;

  @Option(names = "--connections", defaultValue = "4", description = "Requests at one time.")
  private int connections;

  @Option(names = "--seconds", defaultValue = "60", description = "How long.")
  private int seconds;

  @Option(names = "--pid", description = "Process of the node; found when only one runs here.")
  private Long pid;

  @Option(names = "--data-dir", description = "The node's, for its PostgreSQL's processor time.")
  private Path dataDirectory;

  private final PrintStream out;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String run = Long.toString(System.nanoTime(), 36);
  private final AtomicLong slots = new AtomicLong();
  private final LongAdder stored = new LongAdder();
  private final LongAdder repeated = new LongAdder();
  private final LongAdder wrong = new LongAdder();
  private final LongAdder retried = new LongAdder();
  private final LatencyHistogram latency = new LatencyHistogram();

  private EventLoad(PrintStream out) {
    this.out = out;
  }

  /** Runs the command and ends the process. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new EventLoad(System.out)).execute(arguments));
  }

  /** An event that was acknowledged. */
  private record Sent(String id, String json) {}

  @Override
  public Integer call() throws InterruptedException {
    NodeFigures figures =
        new NodeFigures(
            client,
            url,
            pid == null ? OptionalLong.empty() : OptionalLong.of(pid),
            Optional.ofNullable(dataDirectory));
    OptionalDouble node = figures.nodeCpuSeconds();
    OptionalDouble postgres = figures.postgresCpuSeconds();
    long start = System.nanoTime();
    List<Thread> senders = new ArrayList<>();
    for (int sender = 0; sender < connections; sender++) {
      int number = sender;
      senders.add(Thread.ofPlatform().start(() -> send(number, start)));
    }
    for (Thread sender : senders) {
      sender.join();
    }
    double took = (System.nanoTime() - start) / 1e9;
    figures.refresh();
    long all = stored.sum() + repeated.sum();
    print(
        String.format(
            Locale.ROOT, "events answered  %,d in %.1f s: %,.0f/s", all, took, all / took));
    print(
        String.format(
            Locale.ROOT,
            "verdicts         %,d stored, %,d duplicate, %,d wrong",
            stored.sum(),
            repeated.sum(),
            wrong.sum()));
    print(
        String.format(
            Locale.ROOT, "batches retried  %,d (503 or a broken connection)", retried.sum()));
    print(
        String.format(
            Locale.ROOT,
            "latency          p50 %.1f ms, p99 %.1f ms",
            latency.quantileMillis(0.5),
            latency.quantileMillis(0.99)));
    print(
        String.format(
            Locale.ROOT, "node             %s", cores(node, figures.nodeCpuSeconds(), took)));
    print(
        String.format(
            Locale.ROOT,
            "PostgreSQL       %s",
            cores(postgres, figures.postgresCpuSeconds(), took)));
    double ids = figures.meter("tidegrid_events_ids").orElse(0);
    print(
        String.format(
            Locale.ROOT,
            "ids remembered   %,.0f at %.1f bytes",
            ids,
            figures.meter("tidegrid_events_ids_bytes").orElse(0) / Math.max(1, ids)));
    print(
        String.format(
            Locale.ROOT,
            "events pending   %,.0f bytes",
            figures.meter("tidegrid_events_memory_bytes").orElse(0)));
    print(
        String.format(
            Locale.ROOT,
            "ids looked up    %,.0f",
            figures.meter("tidegrid_events_lookups_total").orElse(0)));
    return wrong.sum() == 0 ? 0 : 1;
  }

  private void print(String line) {
    out.println(line);
  }

  private static String cores(OptionalDouble before, OptionalDouble after, double seconds) {
    return before.isEmpty() || after.isEmpty()
        ? "not known"
        : String.format(
            Locale.ROOT, "%.2f cores", (after.getAsDouble() - before.getAsDouble()) / seconds);
  }

  private void send(int sender, long start) {
    SplittableRandom random = new SplittableRandom(sender);
    List<Sent> known = new ArrayList<>();
    long next = 0;
    long end = start + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() < end && await(start, end)) {
      List<Sent> events = new ArrayList<>(batch);
      boolean[] isNew = new boolean[batch];
      StringBuilder body = new StringBuilder(batch * 160).append('[');
      for (int i = 0; i < batch; i++) {
        boolean again = !known.isEmpty() && random.nextInt(100) < duplicates;
        Sent event =
            again ? known.get(random.nextInt(known.size())) : event(sender, next++, random);
        isNew[i] = !again;
        events.add(event);
        body.append(i == 0 ? "" : ",").append(event.json());
      }
      boolean first = post(body.append(']').toString(), events, isNew);
      for (int i = 0; i < batch; i++) {
        if (isNew[i] && first) {
          if (known.size() < REMEMBERED) {
            known.add(events.get(i));
          } else {
            known.set(random.nextInt(REMEMBERED), events.get(i));
          }
        }
      }
    }
  }

  private Sent event(int sender, long number, SplittableRandom random) {
    String id = run + "-" + sender + "-" + number;
    String json =
        "{\"event_id\":\""
            + id
            + "\",\"device_id\":\"device-"
            + random.nextInt(devices)
            + "\",\"timeStamp\":\""
            + Instant.now().truncatedTo(java.time.temporal.ChronoUnit.MILLIS)
            + "\",\"metrics\":{\"temp\":"
            + random.nextInt(1_000) / 10.0
            + ",\"cpu\":"
            + random.nextInt(100) / 100.0
            + "},\"tags\":[\"room:"
            + random.nextInt(500)
            + "\"]}";
    return new Sent(id, json);
  }

  /** Waits for the time of the next batch; false when that is past the end. */
  private boolean await(long start, long end) {
    if (rate == 0) {
      return true;
    }
    long due = start + slots.getAndIncrement() * (long) (1e9 * batch / rate);
    try {
      TimeUnit.NANOSECONDS.sleep(Math.max(0, due - System.nanoTime()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    return due < end;
  }

  /** Sends until there is an answer; tells whether that was the first try. */
  private boolean post(String body, List<Sent> events, boolean[] isNew) {
    HttpRequest request =
        HttpRequest.newBuilder(url.resolve("/v1/events/batch"))
            .timeout(Duration.ofSeconds(60))
            .POST(BodyPublishers.ofString(body))
            .build();
    for (boolean first = true; ; first = false) {
      long begin = System.nanoTime();
      try {
        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
        if (answer.statusCode() == 200) {
          synchronized (latency) {
            latency.add(System.nanoTime() - begin);
          }
          check(answer.body(), events, isNew, first);
          return first;
        }
        if (answer.statusCode() != 503) {
          throw new IllegalStateException(answer.body());
        }
        TimeUnit.MILLISECONDS.sleep(200);
      } catch (IOException e) {
        // Sent again below.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
      retried.increment();
    }
  }

  /** Of a batch that was sent twice, new events may be known from the first time. */
  private void check(String body, List<Sent> events, boolean[] isNew, boolean first) {
    StringBuilder wanted = new StringBuilder("[");
    int fresh = 0;
    for (int i = 0; i < events.size(); i++) {
      fresh += isNew[i] ? 1 : 0;
      wanted
          .append(i == 0 ? "" : ",")
          .append("{\"event_id\":\"")
          .append(events.get(i).id())
          .append("\",\"status\":\"")
          .append(isNew[i] ? "stored" : "duplicate")
          .append("\"}");
    }
    stored.add(fresh);
    repeated.add(events.size() - fresh);
    if (first && !body.contentEquals(wanted.append(']'))) {
      String[] got = body.split("\\},", -1);
      String[] right = wanted.toString().split("\\},", -1);
      for (int i = 0; i < right.length; i++) {
        if (i >= got.length || !got[i].equals(right[i])) {
          wrong.increment();
        }
      }
    }
  }
}
