package io.tidegrid.alert;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.alert.AlertLedger.Breach;
import io.tidegrid.alert.FakeGrid.Point;
import io.tidegrid.alert.FakeLedger.Announced;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of alerts as samples come, time passes, and rules change. */
class AlertStatesTest {

  private static final long NEVER = AlertState.NEVER;
  private static final double STALE = Double.longBitsToDouble(0x7ff0000000000002L);

  private final Bench bench = new Bench(3);

  @BeforeEach
  void start() {
    bench.restart();
  }

  @AfterEach
  void stop() {
    bench.close();
  }

  private long now() {
    return bench.clock.millis();
  }

  private void rule(String id, String condition, long forSeconds) {
    bench.rules.put(TestRules.spec("cpu", condition, forSeconds), id, now());
    bench.settle();
  }

  private List<AlertPhase> phases() {
    return bench.ledger.announced().stream().map(Announced::phase).toList();
  }

  @Test
  void aThresholdFiresAndEndsWithTheSampleThatDoes() {
    rule("r", "> 80", 0);
    long first = now();
    bench.send("cpu", "a", 90);
    bench.pass(10);
    bench.send("cpu", "a", 95);
    bench.pass(10);
    long last = now();
    bench.send("cpu", "a", 80);
    assertThat(bench.ledger.announced())
        .containsExactly(
            new Announced("r", "a", AlertPhase.FIRING, first, first, NEVER),
            new Announced("r", "a", AlertPhase.RESOLVED, first, first, last));
    bench.pass(1);
    bench.send("cpu", "a", 81);
    assertThat(phases()).hasSize(3);
  }

  @Test
  void pendingFiresByTheClockOrByASampleAtTheSameMoment() {
    rule("r", "> 80", 300);
    long since = now();
    bench.send("cpu", "a", 90);
    bench.send("cpu", "b", 90);
    for (int i = 0; i < 29; i++) {
      bench.pass(10);
      bench.send("cpu", "a", 91);
      bench.send("cpu", "b", 91);
    }
    assertThat(bench.ledger.announced()).isEmpty();
    bench.clock.advance(12_000);
    bench.sendAt("cpu", "a", since + 301_000, 92);
    assertThat(bench.ledger.announced())
        .containsExactlyInAnyOrder(
            new Announced("r", "a", AlertPhase.FIRING, since, since + 300_000, NEVER),
            new Announced("r", "b", AlertPhase.FIRING, since, since + 300_000, NEVER));
  }

  @Test
  void pendingThatEndsLeavesNoTrace() {
    rule("r", "> 80", 60);
    bench.send("cpu", "a", 90);
    assertThat(bench.ledger.all())
        .singleElement()
        .satisfies(state -> assertThat(state.phase()).isEqualTo(AlertPhase.PENDING));
    bench.pass(30);
    bench.send("cpu", "a", 10);
    assertThat(bench.ledger.all()).isEmpty();
    bench.pass(100);
    assertThat(bench.ledger.announced()).isEmpty();
  }

  @Test
  void lateSamplesChangeNothing() {
    rule("r", "> 80", 0);
    bench.pass(100);
    bench.send("cpu", "a", 90);
    bench.sendAt("cpu", "a", now() - 50_000, 10);
    assertThat(phases()).containsExactly(AlertPhase.FIRING);
    bench.pass(10);
    bench.send("cpu", "a", 10);
    bench.sendAt("cpu", "a", now() - 5000, 99);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
  }

  @Test
  void notANumberIsNoValueAndAStaleMarkerEndsTheSeries() {
    bench.rules.put(TestRules.spec("cpu", "!= 5", 0), "r", now());
    bench.settle();
    bench.send("cpu", "a", Double.NaN);
    assertThat(phases()).isEmpty();
    bench.pass(1);
    bench.send("cpu", "a", 6);
    bench.pass(1);
    long ended = now();
    bench.send("cpu", "a", STALE);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
    assertThat(bench.ledger.announced().getLast().resolvedMs()).isEqualTo(ended);
  }

  @Test
  void aSeriesThatFallsSilentEndsItsAlertsAndMayFireAgain() {
    rule("r", "> 80", 0);
    rule("p", "> 80", 400);
    bench.send("cpu", "a", 90);
    long fired = now();
    bench.clock.advance(299_000);
    bench.settle();
    assertThat(phases()).containsExactly(AlertPhase.FIRING);
    bench.pass(1);
    assertThat(bench.ledger.announced().getLast())
        .isEqualTo(new Announced("r", "a", AlertPhase.RESOLVED, fired, fired, fired + 300_000));
    bench.pass(200);
    assertThat(phases()).hasSize(2);
    bench.send("cpu", "a", 90);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED, AlertPhase.FIRING);
  }

  @Test
  void samplesOfLongAgoFireToo() {
    rule("r", "> 32", 0);
    rule("p", "> 32", 60);
    long then = 1_736_939_000_000L;
    bench.sendAt("cpu", "a", then, 40);
    bench.pass(10);
    assertThat(phases()).containsExactly(AlertPhase.FIRING);
    bench.sendAt("cpu", "a", then + 61_000, 41);
    assertThat(bench.ledger.announced().getLast())
        .isEqualTo(new Announced("p", "a", AlertPhase.FIRING, then, then + 60_000, NEVER));
    bench.pass(310);
    assertThat(phases()).hasSize(4);
    bench.sendAt("cpu", "a", then + 62_000, 42);
    assertThat(phases()).hasSize(5);
  }

  @Test
  void aNewRuleIsJudgedByTheNewestSampleOfEachSeriesUnlessThatIsStale() {
    rule("other", "> 1000", 0);
    bench.send("cpu", "a", 95);
    bench.send("mem", "a", 95);
    bench.sendAt("mem", "b", now() - 298_000, 95);
    bench.sendAt("mem", "c", now() - 301_000, 95);
    bench.pass(1);
    rule("r", "> 90", 0);
    bench.rules.put(TestRules.spec("mem", "max(5m) > 90", 0), "m", now());
    bench.settle();
    assertThat(bench.ledger.announced())
        .extracting(entry -> entry.rule() + entry.host())
        .containsExactlyInAnyOrder("ra", "ma", "mb");
    // The same sample does not count twice.
    bench.sendAt("cpu", "a", now() - 1000, 95);
    assertThat(phases()).hasSize(3);
  }

  @Test
  void aChangedRuleIsJudgedAnew() {
    rule("r", "> 80", 0);
    rule("p", "> 80", 60);
    bench.send("cpu", "a", 90);
    bench.send("cpu", "b", 99);
    assertThat(phases()).hasSize(2);
    rule("r", "> 95", 0);
    assertThat(bench.ledger.announced().getLast().phase()).isEqualTo(AlertPhase.RESOLVED);
    assertThat(bench.ledger.announced().getLast().host()).isEqualTo("a");
    assertThat(phases()).hasSize(3);
    rule("p", "> 80", 10);
    bench.pass(11);
    assertThat(phases()).as("by the shorter time").hasSize(5);
    bench.send("cpu", "a", 97);
    assertThat(phases()).hasSize(6);
    assertThat(bench.ledger.all())
        .filteredOn(state -> state.phase() != AlertPhase.RESOLVED)
        .allSatisfy(state -> assertThat(state.ruleVersion()).isEqualTo(2));
  }

  @Test
  void rulesThatGoEndTheirAlerts() {
    rule("r", "> 80", 0);
    rule("p", "> 80", 60);
    rule("d", "> 80", 0);
    bench.send("cpu", "a", 90);
    bench.rules.remove("r");
    bench.rules.remove("p");
    bench.rules.put(TestRules.disabled(TestRules.spec("cpu", "> 80", 0)), "d", now());
    bench.settle();
    assertThat(phases())
        .containsExactly(
            AlertPhase.FIRING, AlertPhase.FIRING, AlertPhase.RESOLVED, AlertPhase.RESOLVED);
    assertThat(bench.ledger.all()).hasSize(2);
    bench.pass(901);
    assertThat(bench.ledger.all()).as("forgotten after their time").isEmpty();
  }

  @Test
  void aRuleThatMeetsOtherSeriesEndsTheAlertsOfThoseBefore() {
    rule("r", "> 80", 0);
    bench.send("cpu", "a", 90);
    bench.send("cpu", "b", 90);
    bench.rules.put(
        TestRules.spec("cpu", List.of(Matcher.equal("host", "b")), "> 80", 0, false), "r", now());
    bench.settle();
    assertThat(bench.ledger.announced().getLast().host()).isEqualTo("a");
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.FIRING, AlertPhase.RESOLVED);
  }

  @Test
  void whatWasResolvedByHandFiresOnlyAfterItsConditionWasNotMetOnce() {
    rule("r", "> 80", 0);
    bench.send("cpu", "a", 90);
    bench.pass(1);
    int shard = bench.grid.shardOf(Bench.host("cpu", "a"));
    bench.feed.changedElsewhere(shard, bench.ledger.resolve(shard, "r", "a", now()));
    bench.settle();
    bench.pass(1);
    bench.send("cpu", "a", 91);
    assertThat(phases()).hasSize(1);
    bench.restart();
    bench.pass(1);
    bench.send("cpu", "a", 92);
    assertThat(phases()).as("after a restart, too").hasSize(1);
    bench.pass(1);
    bench.send("cpu", "a", 10);
    bench.restart();
    bench.pass(1);
    bench.send("cpu", "a", 93);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.FIRING);
  }

  @Test
  void aResolutionThatNobodyToldOfIsLearnedFromTheLedger() {
    rule("r", "> 80", 0);
    bench.send("cpu", "a", 90);
    bench.pass(1);
    int shard = bench.grid.shardOf(Bench.host("cpu", "a"));
    AlertState unused = bench.ledger.resolve(shard, "r", "a", now());
    assertThat(unused.phase()).isEqualTo(AlertPhase.RESOLVED);
    bench.send("cpu", "a", 10);
    assertThat(phases()).as("its end is refused").hasSize(1);
    bench.pass(1);
    bench.send("cpu", "a", 95);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.FIRING);
  }

  @Test
  void eachSampleIsAnnouncedOnceHoweverLate() {
    bench.rules.put(TestRules.spec("temp", "> 32", 0, true), "e", now());
    bench.settle();
    bench.send("temp", "a", 40);
    bench.sendAt("temp", "a", now() - 60_000, 41);
    bench.sendAt("temp", "a", now() - 60_000, 41);
    bench.pass(1);
    bench.send("temp", "a", 42);
    bench.send("temp", "a", 42);
    bench.sendAt("temp", "a", now() - 30_000, 5);
    assertThat(bench.ledger.breaches).extracting(Breach::value).containsExactly(40.0, 41.0, 42.0);
    assertThat(phases()).containsExactly(AlertPhase.FIRING);
    bench.restart();
    assertThat(bench.ledger.breaches).as("nothing again").hasSize(3);
    bench.pass(1);
    bench.send("temp", "a", 1);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
  }

  @Test
  void lateBreachesThatCameWhileNobodyJudgedAreAnnouncedOnce() {
    bench.rules.put(TestRules.spec("temp", "> 32", 0, true), "e", now());
    bench.settle();
    bench.pass(60);
    bench.send("temp", "a", 40);
    bench.stop();
    Labels host = Bench.host("temp", "a");
    bench.grid.append(List.of(new Point(host, now() - 20_000, 41), new Point(host, now(), 40)));
    bench.grid.append(List.of(new Point(host, now() - 20_000, 41)));
    bench.clock.advance(1000);
    bench.grid.append(List.of(new Point(host, now(), 42), new Point(host, now() - 9_000, 5)));
    bench.go();
    assertThat(bench.ledger.breaches)
        .extracting(Breach::value)
        .containsExactlyInAnyOrder(40.0, 41.0, 42.0);
    assertThat(phases()).containsExactly(AlertPhase.FIRING);
  }

  @Test
  void lateBreachesThatWaitedForAMissingBatchAreAnnouncedOnce() {
    bench.rules.put(TestRules.spec("temp", "> 32", 0, true), "e", now());
    bench.settle();
    bench.pass(60);
    bench.send("temp", "a", 40);
    Labels host = Bench.host("temp", "a");
    bench.grid.interceptor = Optional.of(batch -> bench.feed.overflow(batch));
    bench.clock.advance(1000);
    bench.grid.append(List.of(new Point(host, now(), 41)));
    bench.grid.interceptor = Optional.empty();
    bench.clock.advance(1000);
    bench.grid.append(List.of(new Point(host, now() - 30_000, 42), new Point(host, now(), 43)));
    bench.settle();
    assertThat(bench.ledger.breaches)
        .extracting(Breach::value)
        .containsExactlyInAnyOrder(40.0, 41.0, 42.0, 43.0);
  }

  /** A node answers before its job has started: what is sent at once is not lost. */
  @Test
  void whatComesBeforeEvaluationHasStartedIsAnnouncedOnce() {
    bench.stop();
    bench.open();
    bench.rules.put(TestRules.spec("temp", "> 32", 0, true), "e", now());
    long yearsAgo = now() - 400L * 86_400_000;
    bench.grid.append(List.of(new Point(Bench.host("temp", "a"), yearsAgo, 40)));
    bench.grid.append(List.of(new Point(Bench.host("temp", "a"), yearsAgo + 1000, 10)));
    bench.grid.append(List.of(new Point(Bench.host("temp", "b"), now(), 41)));
    bench.go();
    assertThat(bench.ledger.breaches)
        .extracting(Breach::value)
        .containsExactlyInAnyOrder(40.0, 41.0);
    bench.pass(1);
    bench.send("temp", "b", 42);
    assertThat(bench.ledger.breaches)
        .extracting(Breach::value)
        .containsExactlyInAnyOrder(40.0, 41.0, 42.0);
  }

  @Test
  void absenceIsNoticedByTheClockAndEndsWithASample() {
    bench.rules.put(TestRules.spec("cpu", "absent(1m)", 0), "r", now());
    bench.settle();
    long last = now();
    bench.send("cpu", "a", 1);
    bench.pass(59);
    assertThat(phases()).isEmpty();
    bench.pass(1);
    assertThat(bench.ledger.announced())
        .containsExactly(
            new Announced("r", "a", AlertPhase.FIRING, last + 60_000, last + 60_000, NEVER));
    bench.pass(600);
    assertThat(phases()).hasSize(1);
    bench.restart();
    assertThat(phases()).hasSize(1);
    bench.send("cpu", "a", 1);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
  }

  @Test
  void windowsAreJudgedAsSamplesComeAndGo() {
    rule("avg", "avg(30s) > 50", 0);
    rule("rise", "rate(30s) > 1", 0);
    bench.send("cpu", "a", 0);
    bench.pass(10);
    bench.send("cpu", "a", 40);
    assertThat(bench.ledger.announced()).extracting(Announced::rule).containsExactly("rise");
    bench.pass(10);
    bench.send("cpu", "a", 130);
    assertThat(bench.ledger.announced()).extracting(Announced::rule).containsExactly("rise", "avg");
    bench.pass(20);
    // The first two are gone now; one sample has no rate.
    assertThat(bench.ledger.announced().getLast().rule()).isEqualTo("rise");
    assertThat(bench.ledger.announced().getLast().phase()).isEqualTo(AlertPhase.RESOLVED);
    bench.pass(10);
    assertThat(bench.ledger.announced().getLast().rule()).isEqualTo("avg");
    assertThat(bench.ledger.announced().getLast().phase()).isEqualTo(AlertPhase.RESOLVED);
  }

  @Test
  void windowsWithoutRoomAreJudgedOnceASecond() {
    bench.options =
        new EvaluationOptions(
            EvaluationOptions.DEFAULT.staleAfter(),
            EvaluationOptions.DEFAULT.resolvedKept(),
            1000,
            200);
    bench.restart();
    bench.rules.put(TestRules.spec("cpu", "sum(1m) > 100", 0), "r", now());
    bench.settle();
    for (int i = 0; i < 20; i++) {
      bench.send("cpu", "a", 6);
      bench.pass(1);
    }
    assertThat(phases()).containsExactly(AlertPhase.FIRING);
  }

  @Test
  void groupsAreAskedForAndTheirAlertsAreKept() {
    double[] value = {10};
    Labels group = Labels.of(Labels.METRIC_NAME, "cpu", "region", "eu");
    bench.groups =
        (rule, nowMs) ->
            value[0] < 0 ? List.of() : List.of(new GroupSource.GroupValue(group, value[0]));
    bench.restart();
    bench.rules.put(
        TestRules.grouped(TestRules.spec("cpu", "avg(5m) > 80", 10), "region"), "g", now());
    bench.settle();
    value[0] = 90;
    bench.pass(3);
    bench.restart();
    bench.pass(10);
    assertThat(phases()).containsExactly(AlertPhase.FIRING);
    bench.restart();
    value[0] = -1;
    bench.pass(3);
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
  }

  @Test
  void whatCannotBeRecordedIsTriedAgainAndNothingIsLostOrRepeated() {
    rule("r", "> 80", 0);
    bench.ledger.failing = true;
    bench.send("cpu", "a", 90);
    bench.turns(3);
    bench.pass(1);
    bench.send("cpu", "a", 10);
    assertThat(phases()).isEmpty();
    bench.ledger.failing = false;
    bench.ledger.failAfterwards = 1;
    org.awaitility.Awaitility.await()
        .until(() -> {
          bench.turns(1);
          return phases().size() >= 2;
        });
    bench.settle();
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
  }

  @Test
  void batchesOutOfOrderAreJudgedInOrder() {
    rule("r", "> 80", 0);
    bench.send("cpu", "a", 1);
    var kept = new java.util.ArrayDeque<io.tidegrid.live.AppendedSamples>();
    bench.grid.interceptor = java.util.Optional.of(kept::push);
    long first = now() + 1000;
    for (double value : new double[] {90, 10, 90}) {
      bench.clock.advance(1000);
      bench.grid.append(List.of(new Point(Bench.host("cpu", "a"), now(), value)));
    }
    kept.forEach(bench.feed::appended);
    bench.settle();
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED, AlertPhase.FIRING);
    assertThat(bench.ledger.announced().getFirst().sinceMs()).isEqualTo(first);
  }

  @Test
  void nothingIsShownWithoutRules() {
    assertThat(bench.feed.isOpen()).isFalse();
    rule("r", "> 80", 0);
    assertThat(bench.feed.isOpen()).isTrue();
    bench.send("cpu", "a", 90);
    bench.rules.remove("r");
    assertThat(bench.feed.isOpen()).isFalse();
    bench.settle();
    assertThat(phases()).containsExactly(AlertPhase.FIRING, AlertPhase.RESOLVED);
  }
}
