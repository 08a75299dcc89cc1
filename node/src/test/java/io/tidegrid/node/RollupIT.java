package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.tier.Tier;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Windows are those of the samples, whatever way the samples came and whatever happened to the node
 * meanwhile.
 */
class RollupIT {

  private static final String DATABASE = "rollups";
  private static final int SERIES = 8;
  private static final String[] DURABLE = {
    "Content-Type", "text/plain", "X-Tidegrid-Ack", "durable"
  };

  private static final Duration BLOCK = Duration.ofHours(2);

  @TempDir Path directory;

  private record Sample(int series, Instant time, double value) {}

  private NodeProcess up(OutageServer server) {
    return NodeProcess.up(
        directory,
        server.flags(
            DATABASE,
            "--set",
            "grid.shards=8",
            "--set",
            "rollup.grace=1s",
            "--set",
            "rollup.quiet=1s",
            "--set",
            "compaction.delay=1s500ms"));
  }

  /**
   * Returns samples of six hours, ten seconds apart, in the order in which they come: most in
   * order, a fifth out of order, a twentieth two hours late, a fifth sent twice, some of them with
   * another value.
   */
  private static List<Sample> samples(Random random, Instant start, Instant end) {
    List<List<Sample>> arrivals = new ArrayList<>();
    int steps = (int) (Duration.between(start, end).toMillis() / 10_000);
    for (int step = 0; step < steps + 721; step++) {
      arrivals.add(new ArrayList<>());
    }
    double[] levels = new double[SERIES];
    for (int step = 0; step < steps; step++) {
      for (int series = 0; series < SERIES; series++) {
        Instant time = start.plusMillis(step * 10_000L + random.nextInt(9_000));
        levels[series] = next(random, series, levels[series]);
        int arrival = step;
        int luck = random.nextInt(100);
        if (luck < 20) {
          arrival = step + random.nextInt(30);
        } else if (luck < 25) {
          arrival = step + 720;
        }
        Sample sample = new Sample(series, time, levels[series]);
        arrivals.get(arrival).add(sample);
        if (random.nextInt(100) < 20) {
          arrivals
              .get(Math.min(arrival + random.nextInt(3), arrivals.size() - 1))
              .add(random.nextInt(4) == 0 ? new Sample(series, time, sample.value + 0.5) : sample);
        }
      }
    }
    List<Sample> all = new ArrayList<>();
    arrivals.forEach(one -> {
      Collections.shuffle(one, random);
      all.addAll(one);
    });
    return all;
  }

  /** Counters that are reset now and then, gauges of both signs, huge and tiny values. */
  private static double next(Random random, int series, double level) {
    return switch (series % 4) {
      case 0 -> random.nextInt(100) == 0 ? 0 : level + random.nextInt(50);
      case 1 -> Math.round((level + random.nextDouble(-1, 1)) * 100) / 100.0;
      case 2 -> random.nextGaussian() * 1e6;
      default -> Math.exp(random.nextDouble(-30, 30));
    };
  }

  private static void assertAnswered(KnownRollups known, NodeProcess node, Instant start) {
    for (int series = 0; series < SERIES; series++) {
      known.assertAnswered(node, series, Tier.ONE_MINUTE, start, start.plus(7, ChronoUnit.HOURS));
      known.assertAnswered(node, series, Tier.FIVE_MINUTES, start, start.plus(7, ChronoUnit.HOURS));
      Instant day = start.truncatedTo(ChronoUnit.DAYS);
      Instant end = day.plus(2, ChronoUnit.DAYS);
      known.assertAnswered(node, series, Tier.ONE_HOUR, day, end);
      known.assertAnswered(node, series, Tier.ONE_DAY, day, end);
    }
  }

  private static void awaitRolled(OutageServer server, Instant before) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(200))
        .untilAsserted(() ->
            assertThat(
                    server.number(
                        DATABASE,
                        "SELECT count(*) FROM rollup_dirty WHERE tier = '1m' AND start < '"
                            + before
                            + "'"))
                .isZero());
  }

  private static void assertStored(
      OutageServer server, KnownRollups known, Instant start, Instant end) throws Exception {
    try (Connection connection = server.connect(DATABASE)) {
      for (Tier tier : List.of(Tier.ONE_MINUTE, Tier.FIVE_MINUTES, Tier.ONE_HOUR)) {
        known.assertStored(connection, SERIES, tier, start, end);
      }
    }
  }

  @Test
  void windowsAreThoseOfTheSamplesThroughKillsAndLateData() throws Exception {
    Random random = new Random(20_261_122);
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Instant open =
        Instant.ofEpochMilli(
            Math.floorDiv(now.toEpochMilli(), BLOCK.toMillis()) * BLOCK.toMillis());
    Instant start = open.minus(BLOCK.multipliedBy(2));
    List<Sample> all = samples(random, start, now.minusSeconds(20));
    KnownSamples samples = new KnownSamples("m");
    KnownRollups known = new KnownRollups("m", samples);
    try (OutageServer server = new OutageServer(directory.resolve("server"))) {
      server.create(DATABASE);
      int third = all.size() / 3;
      try (NodeProcess node = up(server)) {
        send(samples, node, all.subList(0, third));
        assertAnswered(known, node, start);
        send(samples, node, all.subList(third, third + 500));
        node.kill();
      }
      try (NodeProcess node = up(server)) {
        assertAnswered(known, node, start);
        send(samples, node, all.subList(third + 500, all.size()));
        assertAnswered(known, node, start);
        awaitRolled(server, open);
        assertAnswered(known, node, start);
        assertStored(server, known, start, open);
        // Late ones, into what has been stored.
        for (int series = 0; series < SERIES; series += 2) {
          samples.add(series, start.plusMillis(4_321_123), -3.5);
        }
        samples.send(node, DURABLE);
        assertAnswered(known, node, start);
        awaitRolled(server, open);
        assertStored(server, known, start, open);
        node.kill();
      }
      try (NodeProcess node = up(server)) {
        assertAnswered(known, node, start);
        assertThat(node.terminate()).as(node::logText).isZero();
      }
      assertStored(server, known, start, open);
    }
  }

  private static void send(KnownSamples samples, NodeProcess node, List<Sample> some) {
    some.forEach(sample -> samples.add(sample.series, sample.time, sample.value));
    samples.send(node, DURABLE);
  }
}
