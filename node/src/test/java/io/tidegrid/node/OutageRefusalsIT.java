package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node under load whose database answers, but refuses what is asked of it. */
class OutageRefusalsIT {

  private static final Duration A_WHILE = Duration.ofSeconds(1);

  @TempDir Path directory;

  @Test
  void aDatabaseThatRefusesGetsEverythingOnceWhenItNoLongerDoes() throws Exception {
    try (OutageServer server = new OutageServer(directory.resolve("server"))) {
      server.create("refusals");
      try (NodeProcess node = NodeProcess.up(directory, server.flags("refusals"));
          OutageLoad load = new OutageLoad(node, 15)) {
        load.begin().awaitStatus(true, true);

        server.readOnly(true);
        JsonObject readOnly = load.awaitStatus(true, false);
        assertThat(readOnly.getString("cause")).isEqualTo("read-only");
        load.last(A_WHILE);
        server.readOnly(false);
        load.awaitStatus(true, true);

        server.refuseSamples("refusals", "53100", "");
        JsonObject full = load.awaitStatus(true, false);
        assertThat(full.getString("cause")).isEqualTo("disk-full");
        assertThat(full.getString("problem")).contains("free space");
        assertThat(node.getJson("/health/detailed").getString("status")).isEqualTo("degraded");
        load.last(A_WHILE);
        // A refusal counts once it has lasted, which the next attempt tells.
        OutageLoad.soon()
            .untilAsserted(() ->
                assertThat(node.get("/metrics").body())
                    .contains("tidegrid_database_outages_total{cause=\"disk-full\"} 1.0"));
        server.takeSamples("refusals");
        load.awaitStatus(true, true);

        server.limitConnections(0);
        server.endAllConnections();
        JsonObject none = load.awaitCause("connections");
        assertThat(none.getString("status")).isEqualTo("disconnected");
        assertThat(none.getString("problem")).contains("too many connections");
        load.last(A_WHILE);
        server.limitConnections(-1);
        load.awaitStatus(true, true);

        // Errors that a retry cures: a deadlock's victim, a serialization failure.
        server.refuseSamples("refusals", "40P01", "");
        load.last(A_WHILE);
        server.takeSamples("refusals");
        load.awaitStatus(true, true);

        load.end();
        load.awaitStored();
        load.assertHeldOnce();
        server.assertStoredOnce("refusals", load.writers());
        assertThat(server.number("refusals", "SELECT count(*) FROM dead_letters")).isZero();
        assertThat(node.get("/metrics").body())
            .contains("tidegrid_database_outages_total{cause=\"read-only\"} 1.0")
            .contains("tidegrid_database_outages_total{cause=\"disk-full\"} 1.0")
            .contains("tidegrid_database_outages_total{cause=\"connections\"} 1.0");

        // From here on a single batch is at fault.
        server.refuseSamples("refusals", "22003", "4711");
        assertGoesToTheDeadLettersAlone(server, node, "4711", "22003");
        assertThat(node.terminate()).as(node::logText).isZero();
      }
    }
  }

  private static void assertGoesToTheDeadLettersAlone(
      OutageServer server, NodeProcess node, String value, String state) {
    post(node, "poisoned", value);
    String letters = "SELECT coalesce(sum(samples), 0) FROM dead_letters WHERE sqlstate = '%s'";
    int[] others = new int[1];
    OutageLoad.soon()
        .until(() -> {
          post(node, "healthy" + state, Integer.toString(others[0]++));
          return server.number("refusals", letters.formatted(state)) > 0;
        });
    assertThat(server.number("refusals", letters.formatted(state))).isOne();
    // What waits is measured once a second, so the rows themselves are asked for.
    OutageLoad.soon()
        .untilAsserted(() ->
            assertThat(
                    server.number(
                        "refusals", DatabaseSamples.COUNT_OF_METRIC.formatted("healthy" + state)))
                .isEqualTo(others[0]));
    assertThat(node.logText()).contains("dead_letters").contains(state);
  }

  private static final AtomicLong TIME = new AtomicLong(System.currentTimeMillis() - 3_600_000);

  private static void post(NodeProcess node, String metric, String value) {
    String body =
        "{\"metric_name\":\"%s\",\"value\":%s,\"timestamp\":%d}"
            .formatted(metric, value, TIME.getAndIncrement());
    assertThat(node.post("/metrics/ingest", body).statusCode()).isEqualTo(201);
  }
}
