package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node under load whose database goes away and comes back. The outages last {@code
 * -Dtidegrid.test.outage} (such as 60s), 5 s without it; each of two writers sends {@code
 * -Dtidegrid.test.rate} batches of 200 samples a second, 25 without it.
 */
class OutageIT {

  private static final Duration OUTAGE =
      Durations.parse(System.getProperty("tidegrid.test.outage", "5s"));

  private static final int BATCHES_PER_SECOND = Integer.getInteger("tidegrid.test.rate", 25);

  @TempDir Path directory;

  @Test
  void aDatabaseThatIsStoppedAndThenFreezesLosesAndDoublesNothing() throws Exception {
    try (OutageServer server = new OutageServer(directory.resolve("server"))) {
      server.create("outage");
      try (NodeProcess node = NodeProcess.up(directory, server.flags("outage"));
          OutageLoad load = new OutageLoad(node, BATCHES_PER_SECOND)) {
        load.begin().awaitStatus(true, true);

        server.stopAtOnce();
        long stopped = System.nanoTime();
        JsonObject away = load.awaitStatus(false, false);
        assertThat(System.nanoTime() - stopped).isLessThan(Duration.ofSeconds(5).toNanos());
        assertThat(away.getString("cause")).isEqualTo("unreachable");
        assertThat(away.getString("problem")).contains("refused");
        assertThat(away.getString("since")).startsWith("20");
        assertThat(node.getJson("/health/detailed").getString("status")).isEqualTo("degraded");
        load.last(OUTAGE);
        assertDurableWritesSayThatTheStorageIsAway(node);
        server.start();
        load.awaitStatus(true, true);
        load.last(Duration.ofSeconds(1));

        server.freeze();
        long frozen = System.nanoTime();
        JsonObject hanging = load.awaitStatus(false, false);
        assertThat(System.nanoTime() - frozen).isLessThan(Duration.ofSeconds(6).toNanos());
        assertThat(hanging.getString("cause")).isEqualTo("hanging");
        load.last(OUTAGE);
        assertDurableWritesSayThatTheStorageIsAway(node);
        server.thaw();
        load.awaitStatus(true, true);
        load.last(Duration.ofSeconds(1));

        load.end();
        load.awaitStored();
        load.assertHeldOnce();
        server.assertStoredOnce("outage", load.writers());
        assertThat(node.get("/metrics").body())
            .contains("tidegrid_database_outages_total{cause=\"unreachable\"} 1.0")
            .contains("tidegrid_database_outages_total{cause=\"hanging\"} 1.0")
            .contains("tidegrid_database_connected 1.0");
        assertThat(node.logText()).contains("the database is back after");
        assertThat(node.terminate()).as(node::logText).isZero();
      }
      // From the database alone.
      try (NodeProcess again = NodeProcess.up(directory, server.flags("outage"))) {
        assertThat(again.getJson("/db/status").getString("status")).isEqualTo("connected");
      }
    }
  }

  private static void assertDurableWritesSayThatTheStorageIsAway(NodeProcess node) {
    long start = System.nanoTime();
    var answer =
        node.post(
            "/metrics/ingest",
            "{\"metric_name\":\"durable\",\"value\":1}",
            "X-Tidegrid-Ack",
            "durable");
    assertThat(System.nanoTime() - start).isLessThan(Duration.ofSeconds(8).toNanos());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
    assertThat(answer.body()).contains("tg-storage-away");
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
  }

  @Test
  void anEmbeddedDatabaseThatFreezesOrIsKilledComesBack() throws Exception {
    Path data = directory.resolve("data");
    OutageServer.shareBinaries(data);
    try (NodeProcess node = NodeProcess.up(directory);
        OutageLoad load = new OutageLoad(node, BATCHES_PER_SECOND)) {
      load.begin().awaitStatus(true, true);
      OutageServer.freeze(data);
      load.awaitStatus(false, false);
      load.last(Duration.ofSeconds(1));
      OutageServer.thaw(data);
      load.awaitStatus(true, true);

      OutageServer.postmaster(data).destroyForcibly();
      load.awaitCause("embedded");
      load.awaitStatus(true, true);
      load.last(Duration.ofSeconds(1));
      load.end();
      load.awaitStored();
      load.assertHeldOnce();
      assertThat(node.terminate()).as(node::logText).isZero();
    }
    try (NodeProcess again = NodeProcess.up(directory)) {
      assertThat(again.getJson("/db/status").getString("status")).isEqualTo("connected");
    }
  }
}
