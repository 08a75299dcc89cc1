package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tidegrid.persist.CompactionData.Columns;
import io.tidegrid.store.BlockSpan;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@OnEachServer
class TimescaleSetupTest {

  @Test
  void settingUpAgainChangesNothing() throws SQLException {
    String url = TestServer.newDatabase();
    try (Connection connection = TestServer.connect(url)) {
      int ignored = new SchemaMigrator().migrate(connection);
      ServerFacts first = TimescaleSetup.prepare(connection);
      assertThat(TimescaleSetup.prepare(connection)).isEqualTo(first);
      assertThat(first.timescaledb().isPresent())
          .isEqualTo(first.timescaledbState().startsWith("installed"));
      assertThat(first.columnstore())
          .isEqualTo(first.timescaledbState().equals("installed (timescale)"));
      assertThat(SchemaMigrator.timescale().applied(connection))
          .isEqualTo(first.columnstore() ? List.of("T001__samples.sql") : List.of());
    }
  }

  /** The extension may come to a database whose blocks are full. */
  @Test
  void blocksFromBeforeAreReadAndMoveWhenTheyAreFoldedAnew() throws SQLException {
    CompactionData data = new CompactionData();
    assumeThat(data.columnstore()).isTrue();
    CompactionPair pair = new CompactionPair(CompactionData.BLOCK, 3);
    for (long id = 1; id <= 4; id++) {
      data.write(8, 3, id, series(id, 0));
    }
    fold(data, new CompactedTables(() -> false), pair);
    assertThat(TestServer.number(data.url, "SELECT count(*) FROM blocks")).isEqualTo(4);

    data.write(8, 3, 10, series(2, 5));
    data.write(8, 3, 11, series(5, 5));
    fold(data, data.tables, pair);
    data.check();
    assertThat(TestServer.number(data.url, "SELECT count(*) FROM blocks")).isEqualTo(3);
    data.write(8, 3, 12, series(2, 7));
    data.write(8, 3, 13, series(3, 7));
    fold(data, data.tables, pair);
    data.check();
    assertThat(TestServer.number(data.url, "SELECT count(*) FROM blocks")).isEqualTo(2);
    assertThat(TestServer.number(data.url, "SELECT count(*) FROM samples")).isEqualTo(60);

    try (Connection connection = TestServer.connect(data.url)) {
      int[] samples = new int[6];
      data.tables.read(
          connection,
          new long[] {1, 2, 3, 4, 5},
          CompactionData.BLOCK,
          CompactionData.BLOCK + BlockSpan.LENGTH_MS,
          (id, seq, buffer) -> samples[(int) id] += buffer.size());
      assertThat(samples).containsExactly(0, 10, 30, 20, 10, 10);
    }
  }

  private static Columns series(long id, long shiftMs) {
    Columns columns = new Columns();
    for (int i = 0; i < 10; i++) {
      long time = CompactionData.BLOCK + i * 10_000L + shiftMs;
      columns.add(id, time, i / 4.0 + shiftMs);
    }
    return columns;
  }

  private static void fold(CompactionData data, CompactedTables tables, CompactionPair pair)
      throws SQLException {
    BlockCompaction compaction =
        new BlockCompaction(
            tables,
            (shard, block) -> Optional.empty(),
            shard -> Long.MAX_VALUE,
            8,
            100_000,
            CompactionSteps.SILENT);
    try (Connection connection = TestServer.connect(data.url)) {
      assertThat(compaction.fold(connection, pair, Long.MAX_VALUE, CompactionData.NOW).outcome())
          .isEqualTo(BlockCompaction.Outcome.FROM_DATABASE);
    }
  }

  @Test
  void samplesThatTheServerCannotShowAnyMoreStopTheNode() throws SQLException {
    String url = TestServer.newDatabase();
    try (Connection connection = TestServer.connect(url)) {
      int ignored = new SchemaMigrator().migrate(connection);
      ServerFacts facts = TimescaleSetup.prepare(connection);
      assumeThat(facts.columnstore()).isFalse();
      TestServer.execute(url, "CREATE TABLE sample_days (day timestamptz)");
      assertThatThrownBy(() -> TimescaleSetup.prepare(connection))
          .isInstanceOf(SchemaException.class)
          .hasMessageContaining(facts.timescaledbState())
          .hasMessageContaining("timescaledb.license");
    }
  }
}
