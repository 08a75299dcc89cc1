package io.tidegrid.alert;

import io.tidegrid.alert.FakeGrid.Point;
import io.tidegrid.model.Labels;
import java.util.List;

/** One member's evaluation over fake shards, driven by the test's thread. */
final class Bench implements AutoCloseable {

  static final long START = 1_767_225_600_000L;
  static final String MEMBER = "a";

  final FakeGrid grid;
  final TestRules rules = new TestRules();
  final FakeLedger ledger = new FakeLedger();
  final ManualClock clock = new ManualClock(START);
  AlertFeed feed;
  EvaluationOptions options = EvaluationOptions.DEFAULT;
  GroupSource groups = GroupSource.NONE;
  private MemberEvaluator evaluator;

  Bench(int shards) {
    grid = new FakeGrid(shards);
  }

  /** Starts evaluation, or starts it anew: what it knew is gone. */
  void restart() {
    stop();
    open();
    go();
  }

  /** Ends evaluation. */
  void stop() {
    if (evaluator != null) {
      evaluator.close();
      evaluator = null;
    }
  }

  /** Shows what shards take to a new feed that nobody takes from yet. */
  void open() {
    feed = new AlertFeed(rules, options.maxWaitingSamples());
    grid.join(MEMBER, feed);
    for (int shard = 0; shard < grid.shards(); shard++) {
      grid.give(shard, MEMBER);
    }
  }

  /** Starts evaluation of what is shown. */
  void go() {
    evaluator = new MemberEvaluator(ports(), Runnable::run);
    settle();
  }

  private AlertPorts ports() {
    return new AlertPorts(
        rules, feed, grid.sourceOf(MEMBER), groups, ledger, clock, options, AlertListener.SILENT);
  }

  /** Has everything judged that is there, and recorded. */
  void settle() {
    try {
      int quiet = 0;
      for (int i = 0; i < 10_000 && quiet < 2; i++) {
        evaluator.turn(0);
        quiet = evaluator.isSettled() && feed.isIdle() ? quiet + 1 : 0;
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Judges for some turns, whatever is not settled then. */
  void turns(int count) {
    try {
      for (int i = 0; i < count; i++) {
        evaluator.turn(0);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static Labels host(String metric, String host) {
    return Labels.of(Labels.METRIC_NAME, metric, "host", host);
  }

  /** Sends a sample of a host with the time of the clock, and has it judged. */
  void send(String metric, String host, double value) {
    sendAt(metric, host, clock.millis(), value);
  }

  void sendAt(String metric, String host, long timeMs, double value) {
    grid.append(List.of(new Point(host(metric, host), timeMs, value)));
    settle();
  }

  /** Lets time pass, second by second. */
  void pass(long seconds) {
    for (long i = 0; i < seconds; i++) {
      clock.advance(1000);
      settle();
    }
  }

  @Override
  public void close() {
    if (evaluator != null) {
      evaluator.close();
    }
  }
}
