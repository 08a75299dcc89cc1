package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rows inserted with SQL while the node is killed and started again. */
@Timeout(180)
class InboxIT {

  private static final int ROWS = 20_000;

  @TempDir Path directory;

  @Test
  void everyCommittedRowBecomesASampleOnceThoughTheNodeIsKilled() throws SQLException {
    int port = NodeProcess.freePort();
    String[] flags = {
      "--set", "storage.embedded.port=" + port, "--set", "storage.embedded.password=a 'b'"
    };
    String url = "jdbc:postgresql://localhost:" + port + "/postgres?user=postgres&password=a%20'b'";
    try (NodeProcess node = NodeProcess.up(directory, flags)) {
      insert(url, 0);
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .pollInterval(Duration.ofMillis(20))
          .until(() -> number(url, "SELECT count(*) FROM inbox") < ROWS);
      node.kill();
    }
    try (NodeProcess node = NodeProcess.up(directory, flags)) {
      insert(url, ROWS);
      awaitEmpty(url);
      assertThat(number(url, "SELECT count(*) FROM metrics WHERE metric_name = 'inserted'"))
          .isEqualTo(2 * ROWS);
      assertThat(number(url, "SELECT sum(value) FROM metrics WHERE metric_name = 'inserted'"))
          .isEqualTo(2L * ROWS * (2L * ROWS + 1) / 2);
      assertThat(number(url, "SELECT count(*) FROM inbox_rejected")).isZero();
      assertThat(node.getJson("/metrics/inserted/info").getJsonNumber("samples").longValue())
          .isEqualTo(2 * ROWS);
      assertThat(node.logText()).doesNotContain("a 'b'");
    }
  }

  /** In one statement: rows of ten series, a sample every ten seconds; no two calls share times. */
  private static void insert(String url, int from) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO metrics (time, host, metric_name, value) SELECT"
              + " date_bin('10 s', now(), 'epoch') - %d * interval '5 s' - (i / 10) * interval '10 s',"
                  .formatted(from / ROWS)
              + " 'h' || i %% 10, 'inserted', i FROM generate_series(%d, %d) i"
                  .formatted(from + 1, from + ROWS));
    }
  }

  private static void awaitEmpty(String url) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(90))
        .until(() -> number(url, "SELECT count(*) FROM inbox") == 0);
  }

  private static long number(String url, String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getLong(1);
    }
  }
}
