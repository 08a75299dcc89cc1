package io.tidegrid.alert;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.alert.AlertLedger.Breach;
import io.tidegrid.alert.FakeGrid.Point;
import io.tidegrid.alert.FakeLedger.Announced;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Evaluation of random samples equals a plain replay of them, whatever happens meanwhile. */
class AlertReplayTest {

  private static final double STALE = Double.longBitsToDouble(0x7ff0000000000002L);
  private static final int HOSTS = 12;

  private static List<AlertRule.Spec> rules(SplittableRandom random) {
    List<AlertRule.Spec> specs = new ArrayList<>();
    for (String operator : List.of(">", ">=", "<", "<=", "==", "!=")) {
      for (int forSeconds : new int[] {0, 0, 20, 60, 300}) {
        specs.add(TestRules.spec("cpu", operator + " " + random.nextInt(10), forSeconds));
      }
    }
    for (String function :
        List.of("avg", "min", "max", "sum", "count", "rate", "increase", "stddev", "p50", "p99")) {
      int range = 5 + random.nextInt(90);
      String operator = random.nextBoolean() ? ">" : "<=";
      specs.add(
          TestRules.spec(
              "cpu",
              function + "(" + range + "s) " + operator + " " + (1 + random.nextInt(6)),
              random.nextBoolean() ? 0 : random.nextInt(40)));
    }
    return specs;
  }

  private static Map<String, List<Announced>> byAlert(List<Announced> all) {
    return all.stream().collect(Collectors.groupingBy(a -> a.rule() + "/" + a.host()));
  }

  private static void assertSame(Bench bench, Replay replay, long seed) {
    Map<String, List<Announced>> expected = byAlert(replay.announced);
    Map<String, List<Announced>> actual = byAlert(bench.ledger.announced());
    assertThat(expected).as("there is something to compare").isNotEmpty();
    expected.forEach((alert, changes) -> {
      String rule =
          bench.rules.current().rules().stream()
              .filter(r -> alert.startsWith(r.id() + "/"))
              .findFirst()
              .orElseThrow()
              .spec()
              .toString();
      assertThat(actual.getOrDefault(alert, List.of()))
          .as("seed %d, alert %s of %s", seed, alert, rule)
          .isEqualTo(changes);
    });
    assertThat(actual.keySet()).as("seed %d", seed).isSubsetOf(expected.keySet());
  }

  @Test
  void flappingGapsLateSamplesAndDuplicates() {
    int changes = 0;
    for (long seed = 1; seed <= 4; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      try (Bench bench = new Bench(4)) {
        bench.rules.putAll(rules(random), Bench.START);
        bench.restart();
        Replay replay = new Replay(bench.rules.current().rules());
        for (int step = 0; step < 400; step++) {
          bench.clock.advance(random.nextInt(40) == 0 ? 310_000 : 500L * (2 + random.nextInt(11)));
          List<Point> points = new ArrayList<>();
          for (int i = random.nextInt(20); i > 0; i--) {
            points.add(anything(bench, random));
          }
          bench.settle();
          replay.heartbeat(bench.clock.millis());
          bench.grid.append(points);
          bench.settle();
          points.forEach(point ->
              replay.sample(
                  point.labels().get("host"), point.timeMs(), point.value(), bench.clock.millis()));
        }
        assertSame(bench, replay, seed);
        changes += replay.announced.size();
      }
    }
    assertThat(changes).isGreaterThan(5_000);
  }

  private static Point anything(Bench bench, SplittableRandom random) {
    long now = bench.clock.millis();
    long time =
        switch (random.nextInt(10)) {
          case 0 -> now - random.nextInt(120_000);
          case 1 -> now - 1000L * random.nextInt(20);
          default -> now - random.nextInt(400);
        };
    double value =
        switch (random.nextInt(60)) {
          case 0 -> Double.NaN;
          case 1 -> STALE;
          default -> random.nextInt(10);
        };
    return new Point(Bench.host("cpu", "h" + random.nextInt(HOSTS)), time, value);
  }

  @Test
  void restartsTakeoversAndLostBatches() {
    int disturbed = 0;
    for (long seed = 100; seed < 104; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      try (Bench bench = new Bench(4)) {
        bench.options =
            new EvaluationOptions(
                EvaluationOptions.DEFAULT.staleAfter(),
                EvaluationOptions.DEFAULT.resolvedKept(),
                100_000,
                EvaluationOptions.DEFAULT.maxWindowBytes());
        bench.rules.putAll(rules(random), Bench.START - 3_600_000);
        bench.restart();
        Replay replay = new Replay(bench.rules.current().rules());
        double[] levels = new double[HOSTS];
        for (int step = 0; step < 300; step++) {
          // Every host sends each time, so that no window is judged by the clock alone.
          bench.clock.advance(1000);
          long now = bench.clock.millis();
          List<Point> points = new ArrayList<>();
          for (int host = 0; host < HOSTS; host++) {
            if (random.nextInt(4) == 0) {
              levels[host] = random.nextInt(10);
            }
            points.add(new Point(Bench.host("cpu", "h" + host), now, levels[host]));
          }
          disturbed += disturb(bench, random, points) ? 1 : 0;
          bench.settle();
          points.forEach(
              point -> replay.sample(point.labels().get("host"), now, point.value(), now));
          replay.heartbeat(now);
        }
        assertSame(bench, replay, seed);
      }
    }
    assertThat(disturbed).isGreaterThan(100);
  }

  /** Rules that announce each sample lose none while evaluation restarts, late ones neither. */
  @Test
  void eachBreachThatCameWhileNobodyJudgedIsAnnounced() {
    int late = 0;
    for (long seed = 200; seed < 204; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      Set<Double> expected = new TreeSet<>();
      try (Bench bench = new Bench(4)) {
        bench.rules.put(TestRules.spec("cpu", "> 0", 0, true), "each", Bench.START - 3_600_000);
        bench.restart();
        for (int step = 1; step <= 200; step++) {
          bench.clock.advance(1000);
          boolean down = random.nextInt(5) == 0;
          if (down) {
            bench.stop();
          }
          for (int batch = random.nextInt(3); batch >= 0; batch--) {
            List<Point> points = new ArrayList<>();
            for (int i = random.nextInt(20); i > 0; i--) {
              int back = random.nextInt(3) == 0 ? random.nextInt(1, 200_000) : random.nextInt(900);
              // Each value but those that are not met is another one, at another time.
              double value = random.nextBoolean() ? expected.size() + 1 : -1;
              Labels host = Bench.host("cpu", "h" + random.nextInt(HOSTS));
              points.add(new Point(host, bench.clock.millis() - back, value));
              if (value > 0) {
                expected.add(value);
                late += down && back > 1000 ? 1 : 0;
              }
            }
            bench.grid.append(points);
          }
          if (down) {
            bench.go();
          }
          bench.settle();
        }
        assertThat(bench.ledger.breaches.stream().map(Breach::value).collect(toSet()))
            .as("seed %d", seed)
            .isEqualTo(expected);
      }
    }
    assertThat(late).isGreaterThan(100);
  }

  private static boolean disturb(Bench bench, SplittableRandom random, List<Point> points) {
    switch (random.nextInt(20)) {
      case 0 -> {
        // Taken but not judged.
        bench.grid.append(points);
        bench.restart();
      }
      case 1 -> {
        // Just before, as clocks that are due now wait for the samples of now.
        bench.clock.advance(-1);
        bench.restart();
        bench.clock.advance(1);
        bench.grid.append(points);
      }
      case 2 -> {
        bench.grid.interceptor = Optional.of(batch -> bench.feed.overflow(batch));
        bench.grid.append(points);
        bench.grid.interceptor = Optional.empty();
      }
      case 3 -> {
        for (int shard = 0; shard < bench.grid.shards(); shard++) {
          if (random.nextBoolean()) {
            bench.grid.give(shard, Bench.MEMBER);
          }
        }
        bench.grid.append(points);
      }
      case 4 -> {
        bench.ledger.failAfterwards = 1;
        bench.grid.append(points);
        bench.turns(2);
        bench.restart();
        bench.ledger.failAfterwards = 0;
      }
      default -> {
        bench.grid.append(points);
        return false;
      }
    }
    return true;
  }
}
