package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that start, or stop, while their database cannot be used. */
class OutageStartIT {

  @TempDir static Path serverDirectory;
  private static OutageServer server;

  @TempDir Path directory;

  @BeforeAll
  static void startServer() {
    server = new OutageServer(serverDirectory);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Test
  void aNodeStartsWithoutItsDatabaseFillsItsBacklogAndCatchesUp() throws Exception {
    server.create("later");
    server.stop();
    try (NodeProcess node =
        NodeProcess.up(directory, server.flags("later", "--set", "persist.max-pending=1MiB"))) {
      assertThat(node.getJson("/db/status").getString("status")).isEqualTo("disconnected");
      assertThat(node.logText()).contains("starts without its database");
      HttpResponse<String> query = node.get("/metrics/list");
      assertThat(query.statusCode()).as(query.body()).isEqualTo(503);

      SampleWriter writer =
          new SampleWriter("w", System.currentTimeMillis() - 3_600_000 * 20, List.of(node));
      int n = 0;
      while (writer.send(n)) {
        n += SampleWriter.BATCH;
        assertThat(n).as("the bound of the backlog").isLessThan(2_000_000);
      }
      HttpResponse<String> refused =
          node.post("/metrics/ingest", "{\"metric_name\":\"refused\",\"value\":1}");
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.body()).contains("tg-backlog-full");
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
      assertThat(node.get("/health/ready").statusCode()).isEqualTo(503);
      assertThat(node.get("/health/live").statusCode()).isEqualTo(200);
      JsonObject waiting = node.getJson("/db/status").getJsonObject("writeBehind");
      assertThat(waiting.getBoolean("full")).isTrue();
      assertThat(waiting.getInt("pendingBytes")).isLessThan(3 << 20);

      server.start();
      OutageLoad.soon().until(node::isReady);
      OutageLoad.soon()
          .until(() ->
              node.getJson("/db/status").getJsonObject("writeBehind").getInt("pendingSamples")
                  == 0);
      OutageLoad.soon().until(() -> node.get("/metrics/list").statusCode() == 200);
      DatabaseSamples.assertHolds(Holdings.of(node, writer), writer, "the node");
      int last = n;
      OutageLoad.soon().until(() -> writer.send(last));
      OutageLoad.soon()
          .until(() ->
              node.getJson("/db/status").getJsonObject("writeBehind").getInt("pendingSamples")
                  == 0);
      DatabaseSamples.assertHolds(Holdings.of(node, writer), writer, "the node");
      assertThat(node.get("/metrics/refused/info").statusCode()).isEqualTo(404);
    } finally {
      if (!server.isRunning()) {
        server.start();
      }
    }
  }

  @Test
  void aNodeThatGetsNoConnectionWaitsForOne() {
    server.create("crowded");
    server.limitConnections(0);
    try (NodeProcess node = NodeProcess.up(directory, server.flags("crowded"))) {
      JsonObject status = node.getJson("/db/status");
      assertThat(status.getString("cause")).isEqualTo("connections");
      assertThat(status.getString("problem")).contains("max_connections");
      server.limitConnections(-1);
      OutageLoad.soon()
          .until(() -> node.getJson("/db/status").getString("status").equals("connected"));
      assertThat(node.getJson("/db/status").isNull("problem")).isTrue();
    } finally {
      server.limitConnections(-1);
    }
  }

  @Test
  void aSchemaThatIsNewerIsNeverTouched() throws Exception {
    server.create("newer");
    int code;
    try (NodeProcess node =
        NodeProcess.up(directory, server.flags("newer", "--set", "shutdown.grace=1s"))) {
      String body = "{\"metric_name\":\"early\",\"value\":1}";
      assertThat(node.post("/metrics/ingest", body, "X-Tidegrid-Ack", "durable").statusCode())
          .isEqualTo(201);
      server.sql("newer", "INSERT INTO tidegrid_schema VALUES (99, 'V099__future.sql', 'x')");
      OutageLoad.soon()
          .until(() -> node.getJson("/db/status").getString("status").equals("disconnected"));
      JsonObject status = node.getJson("/db/status");
      assertThat(status.getString("cause")).isEqualTo("schema");
      assertThat(status.getString("problem")).contains("version 99").contains("newer");
      assertThat(node.post("/metrics/ingest", body.replace("early", "late")).statusCode())
          .isEqualTo(201);
      // Told to stop, it waits for its grace, says what is missing, and does not say that all is
      // well.
      long start = System.nanoTime();
      code = node.terminate();
      assertThat(System.nanoTime() - start).isLessThan(Duration.ofSeconds(15).toNanos());
      assertThat(node.logText()).contains("1 samples").contains("are not in the database");
    }
    assertThat(code).isEqualTo(1);
    assertThat(server.number("newer", "SELECT count(*) FROM series")).isOne();

    Path other = Files.createDirectories(directory.resolve("other"));
    try (NodeProcess refused = NodeProcess.launch(other, server.flags("newer"))) {
      assertThat(refused.awaitExit()).isEqualTo(1);
      assertThat(refused.logText())
          .contains("tidegrid: the database has schema version 99")
          .doesNotContain("\tat io.tidegrid");
    }
  }

  @Test
  void aNodeThatIsToldToStopWhileItsDatabaseHangsEndsInTime() throws Exception {
    server.create("hanging");
    List<String> flags =
        new ArrayList<>(List.of(server.flags("hanging", "--set", "shutdown.grace=2s")));
    NodeProcess node = NodeProcess.up(directory, flags.toArray(String[]::new));
    SampleWriter writer =
        new SampleWriter("w", System.currentTimeMillis() - 3_600_000 * 20, List.of(node));
    assertThat(writer.send(0)).isTrue();
    server.freeze();
    try {
      for (int n = 1; n < 20; n++) {
        assertThat(writer.send(n * SampleWriter.BATCH)).isTrue();
      }
      long start = System.nanoTime();
      assertThat(node.terminate()).as(node::logText).isEqualTo(1);
      assertThat(System.nanoTime() - start).isLessThan(Duration.ofSeconds(20).toNanos());
      assertThat(node.logText()).contains("are not in the database");
    } finally {
      server.thaw();
    }
  }
}
