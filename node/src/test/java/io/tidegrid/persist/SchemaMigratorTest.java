package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@OnEachServer
class SchemaMigratorTest {

  private static int migrate(String url) throws SQLException {
    try (Connection connection = TestServer.connect(url)) {
      return new SchemaMigrator().migrate(connection);
    }
  }

  @Test
  void nodesThatStartTogetherMigrateOnce() throws Exception {
    String url = TestServer.newDatabase();
    List<Future<Integer>> versions = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 4; i++) {
        versions.add(pool.submit(() -> migrate(url)));
      }
    }
    for (Future<Integer> version : versions) {
      assertThat(version.get()).isEqualTo(2);
    }
    assertThat(TestServer.number(url, "SELECT count(*) FROM tidegrid_schema")).isEqualTo(2);
  }

  @Test
  void aNewerSchemaIsRefused() throws SQLException {
    String url = TestServer.newDatabase();
    migrate(url);
    TestServer.execute(url, "INSERT INTO tidegrid_schema VALUES (99, 'V099__future.sql', 'x')");
    assertThatThrownBy(() -> migrate(url))
        .isInstanceOf(SchemaException.class)
        .hasMessageContaining("version 99");
  }

  @Test
  void aSchemaMadeFromAnotherScriptIsRefused() throws SQLException {
    String url = TestServer.newDatabase();
    migrate(url);
    TestServer.execute(url, "UPDATE tidegrid_schema SET checksum = 'abc'");
    assertThatThrownBy(() -> migrate(url))
        .isInstanceOf(SchemaException.class)
        .hasMessageContaining("abc");
  }

  @Test
  void factsAreDetected() throws SQLException {
    try (Connection connection = TestServer.connect(TestServer.newDatabase())) {
      ServerFacts facts = ServerFacts.detect(connection);
      assertThat(facts.product()).matches("PostgreSQL \\d+\\.\\d+");
      assertThat(facts.timescaledbState()).isEqualTo("absent");
    }
  }
}
