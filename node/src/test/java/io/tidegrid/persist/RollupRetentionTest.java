package io.tidegrid.persist;

import static io.tidegrid.persist.RollupData.BLOCK;
import static io.tidegrid.persist.RollupData.SHARDS;
import static io.tidegrid.persist.RollupData.block;
import static io.tidegrid.persist.RollupData.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.persist.RetentionOptions.Keep;
import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@OnEachServer
class RollupRetentionTest {

  private static final Duration DAY = Duration.ofDays(1);

  private final RollupData data = new RollupData();
  private final Random random = new Random(3);
  private final BlockWriter samples = new BlockWriter();

  private Retention retention(RetentionOptions options) {
    return new Retention(
        samples,
        data.partitions,
        options,
        data.now::get,
        new SimpleMeterRegistry(),
        CompactionSteps.SILENT);
  }

  private void run(RetentionOptions options) throws SQLException {
    try (Connection connection = TestServer.connect(data.url)) {
      retention(options).run(connection);
    }
  }

  private void pass(Duration time) {
    data.now.set(data.now.get().plus(time));
  }

  private void series(long id, String tenant) {
    TestServer.execute(
        data.url,
        "INSERT INTO series (series_id, tenant, metric, canonical, labels, shard_hash) VALUES ("
            + id
            + ", '"
            + tenant
            + "', 'm', '', '{}', 0)");
  }

  private void sample(long id) throws SQLException {
    try (Connection connection = TestServer.connect(data.url)) {
      samples.prepare(connection, BLOCK, data.now.get());
      connection.setAutoCommit(false);
      try (CompactedWriter.Rows rows = samples.write(connection, BLOCK)) {
        rows.write(id, 1, new long[] {BLOCK}, new double[] {1}, 0, 1);
        assertThat(rows.finish()).isOne();
      }
      connection.commit();
    }
  }

  private long count(String table) {
    return TestServer.number(data.url, "SELECT count(*) FROM " + table);
  }

  @Test
  void tiersGoAtTheirOwnTimes() throws SQLException {
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), block(random, 1, Tier.ONE_MINUTE, BLOCK, 1)));
    RetentionOptions options =
        new RetentionOptions(
            Keep.DEFAULT
                .with(Tier.ONE_MINUTE, Duration.ofDays(10))
                .with(Tier.FIVE_MINUTES, Duration.ofDays(20)),
            Map.of());
    pass(DAY.multipliedBy(9));
    run(options);
    assertThat(List.of(count("rollup_1m"), count("rollup_5m"), count("rollup_1h")))
        .containsExactly(1L, 1L, 1L);
    pass(DAY.multipliedBy(3));
    run(options);
    assertThat(List.of(count("rollup_1m"), count("rollup_5m"), count("rollup_1h")))
        .containsExactly(0L, 1L, 1L);
    pass(DAY.multipliedBy(1_000));
    run(options);
    assertThat(List.of(count("rollup_1m"), count("rollup_5m"), count("rollup_1h")))
        .containsExactly(0L, 0L, 1L);
    assertThat(count("rollup_partitions")).isOne();
    // Written anew, there is room again.
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), block(random, 2, Tier.ONE_MINUTE, BLOCK, 1)));
    assertThat(count("rollup_1m")).isOne();
  }

  @Test
  void samplesStayUntilTheirRollupsAreStoredAndAreRememberedThen() throws SQLException {
    sample(1);
    data.mark(Tier.ONE_MINUTE, SHARDS, 1, BLOCK, 5);
    pass(DAY.multipliedBy(40));
    run(RetentionOptions.DEFAULT);
    assertThat(count("blocks")).isOne();
    assertThat(count("raw_dropped")).isZero();
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), block(random, 5, Tier.ONE_MINUTE, BLOCK, 1)));
    run(RetentionOptions.DEFAULT);
    assertThat(count("blocks")).isZero();
    assertThat(count("raw_dropped WHERE day = '2026-03-01T00:00:00Z'")).isOne();
    assertThat(count("rollup_1m")).isOne();
  }

  @Test
  void tenantsHaveTimesOfTheirOwn() throws SQLException {
    series(1, "long");
    series(2, "short");
    series(3, "other");
    for (long id = 1; id <= 3; id++) {
      sample(id);
    }
    data.write(
        Map.of(key(1, Tier.ONE_MINUTE, BLOCK), block(random, 5, Tier.ONE_MINUTE, BLOCK, 1, 2, 3)));
    RetentionOptions options =
        new RetentionOptions(
            Keep.DEFAULT,
            Map.of(
                "long",
                Keep.DEFAULT.withRaw(Duration.ofDays(90)),
                "short",
                Keep.DEFAULT.withRaw(Duration.ofDays(5)).with(Tier.ONE_HOUR, Duration.ofDays(7))));
    pass(DAY.multipliedBy(3));
    run(options);
    assertThat(count("blocks")).isEqualTo(3);
    pass(DAY.multipliedBy(6));
    run(options);
    assertThat(count("blocks")).isEqualTo(2);
    assertThat(count("blocks WHERE series_id = 2")).isZero();
    assertThat(count("rollup_1h WHERE series_id = 2")).isZero();
    assertThat(count("rollup_1h")).isEqualTo(2);
    assertThat(count("rollup_1m")).isEqualTo(3);
    assertThat(count("raw_dropped")).isOne();
    pass(DAY.multipliedBy(30));
    run(options);
    assertThat(count("blocks WHERE series_id = 1")).isOne();
    assertThat(count("blocks")).isOne();
    pass(DAY.multipliedBy(60));
    run(options);
    assertThat(count("blocks")).isZero();
    try (Connection connection = TestServer.connect(data.url)) {
      RetentionPlan plan = retention(options).plan(connection);
      assertThat(plan.keep()).isEqualTo(Duration.ofDays(90));
      Instant now = data.now.get();
      assertThat(plan.kinds())
          .hasSize(15)
          .contains(
              new RetentionPlan.Kind(
                  "raw", Optional.of("short"), Duration.ofDays(5), now.minus(Duration.ofDays(5))),
              new RetentionPlan.Kind("1h", Optional.empty(), Duration.ZERO, Instant.EPOCH));
    }
  }
}
