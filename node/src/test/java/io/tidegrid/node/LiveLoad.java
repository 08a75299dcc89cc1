package io.tidegrid.node;

import io.tidegrid.ingest.Ack;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Measures how long samples take from the sender's write to a client's message, with clients that
 * read and clients that do not, all in this JVM. Not a test: {@code LiveLoad clients stalled
 * intervalMs seconds}.
 */
final class LiveLoad {

  private static final int HOSTS = 100;
  private static final String METRIC = "live_load";

  private final ConcurrentLinkedQueue<long[]> latencies = new ConcurrentLinkedQueue<>();

  private LiveLoad() {}

  public static void main(String[] args) throws Exception {
    new LiveLoad()
        .run(
            Integer.parseInt(args[0]),
            Integer.parseInt(args[1]),
            Long.parseLong(args[2]),
            Integer.parseInt(args[3]));
    System.exit(0);
  }

  private void run(int clients, int stalled, long intervalMs, int seconds) throws Exception {
    try (LiveNode node =
        LiveNode.start(Map.of("websocket.max-connections", "2000", "websocket.heartbeat", "5s"))) {
      List<Socket> sockets = new ArrayList<>();
      CountDownLatch done = new CountDownLatch(clients - stalled);
      for (int i = 0; i < clients; i++) {
        boolean reads = i >= stalled;
        Socket socket =
            open(node.uri(), "/ws/metrics/" + METRIC + (reads ? "?host=h" + i % HOSTS : ""));
        sockets.add(socket);
        if (reads) {
          Thread.ofVirtual().start(() -> read(socket, done));
        }
      }
      SeriesKey[] keys = new SeriesKey[HOSTS];
      for (int i = 0; i < HOSTS; i++) {
        keys[i] =
            SeriesKey.of(
                "default", Labels.of(Labels.METRIC_NAME, METRIC, "host", "h" + i, "region", "eu"));
      }
      long[] accepted = new long[(int) (seconds * 1000L / intervalMs) + 1];
      int batches = 0;
      long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
      while (System.nanoTime() < end) {
        SampleBatch.Builder batch = SampleBatch.builder(HOSTS);
        long now = System.currentTimeMillis();
        long start = System.nanoTime();
        for (SeriesKey key : keys) {
          batch.add(key, now, (double) start);
        }
        var _ = node.node().ingest().append("default", batch.build(), Ack.REPLICATED);
        if (batches < accepted.length) {
          accepted[batches++] = System.nanoTime() - start;
        }
        TimeUnit.MILLISECONDS.sleep(intervalMs);
      }
      TimeUnit.SECONDS.sleep(1);
      System.gc();
      long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
      String counters =
          "sent %.0f dropped %.0f cut %.0f skipped %.0f open %.0f"
              .formatted(
                  node.metric("tidegrid_live_sent_total"),
                  node.metric("tidegrid_live_dropped_total"),
                  node.metric("tidegrid_live_cut_total"),
                  node.metric("tidegrid_live_skipped_total"),
                  node.metric("websocket_connections"));
      for (Socket socket : sockets) {
        socket.close();
      }
      var _ = done.await(10, TimeUnit.SECONDS);
      report("write to acknowledgement", Arrays.copyOf(accepted, batches));
      report("write to message", latencies.stream().flatMapToLong(Arrays::stream).toArray());
      System.out.println(counters + ", heap " + heap + " MiB");
    }
  }

  private static void report(String what, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf(
        "%s: n %d p50 %.2f ms p99 %.2f ms p99.9 %.2f ms max %.2f ms%n",
        what, nanos.length, at(nanos, 0.5), at(nanos, 0.99), at(nanos, 0.999), at(nanos, 1));
  }

  private static double at(long[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1, sorted.length * share)] / 1e6;
  }

  private static Socket open(URI node, String path) throws IOException {
    Socket socket = new Socket(node.getHost(), node.getPort());
    socket
        .getOutputStream()
        .write(
            LiveLimitsIT.UPGRADE
                .formatted(path, node.getAuthority())
                .getBytes(StandardCharsets.US_ASCII));
    int matched = 0;
    while (matched < 4) {
      int next = socket.getInputStream().read();
      if (next < 0) {
        throw new IOException("refused");
      }
      matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
    }
    return socket;
  }

  private void read(Socket socket, CountDownLatch done) {
    long[] own = new long[100_000];
    int count = 0;
    byte[] pong = {(byte) 0x8A, (byte) 0x80, 0, 0, 0, 0};
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(socket.getInputStream()))) {
      while (true) {
        int head = in.readUnsignedByte();
        int length = in.readUnsignedByte();
        length = length == 126 ? in.readUnsignedShort() : length;
        String text = new String(in.readNBytes(length), StandardCharsets.US_ASCII);
        if (head == 0x89) {
          socket.getOutputStream().write(pong);
          continue;
        }
        int at = text.indexOf("\"value\":");
        if (at > 0 && count < own.length) {
          long sent = Long.parseLong(text.substring(at + 8, text.indexOf(',', at)));
          own[count++] = System.nanoTime() - sent;
        }
      }
    } catch (IOException e) {
      // The end of the measurement.
    } finally {
      latencies.add(Arrays.copyOf(own, count));
      done.countDown();
    }
  }
}
