package io.tidegrid.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.core.JobStatus;
import io.tidegrid.alert.FakeGrid.Point;
import io.tidegrid.alert.FakeLedger.Announced;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The job on real members: restarts, members that come and go, and how fast it is. */
class AlertJobTest {

  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int SHARDS = 8;

  private final Members members = new Members();
  private final FakeGrid grid = new FakeGrid(SHARDS);
  private final FakeLedger ledger = new FakeLedger();
  private final TestRules rules = new TestRules();
  private final ManualClock clock = new ManualClock(Bench.START);
  private final AtomicInteger judged = new AtomicInteger();
  private HazelcastInstance first;
  private Job job;

  @BeforeEach
  void start() {
    first = members.start();
    join(first);
    for (int shard = 0; shard < SHARDS; shard++) {
      grid.give(shard, first.getName());
    }
    job = AlertJob.submit(first);
  }

  @AfterEach
  void stop() {
    members.close();
  }

  private void join(HazelcastInstance member) {
    AlertFeed feed = new AlertFeed(rules, EvaluationOptions.DEFAULT.maxWaitingSamples());
    grid.join(member.getName(), feed);
    new AlertPorts(
            rules,
            feed,
            grid.sourceOf(member.getName()),
            GroupSource.NONE,
            ledger,
            clock,
            EvaluationOptions.DEFAULT,
            new AlertListener() {
              @Override
              public void judged(int batches, long samples, Duration lag) {
                judged.addAndGet((int) samples);
              }
            })
        .install(member);
  }

  private void send(double value) {
    List<Point> points = new ArrayList<>();
    for (int host = 0; host < 20; host++) {
      points.add(new Point(Bench.host("cpu", "h" + host), clock.millis(), value));
    }
    grid.append(points);
  }

  private void awaitPending() {
    await()
        .atMost(LONG)
        .until(
            () -> ledger.all().stream().filter(s -> s.phase() == AlertPhase.PENDING).count() == 20);
  }

  private void assertFiredOnceAt(long since, long at) {
    await().atMost(LONG).until(() -> ledger.announced().size() >= 20);
    assertThat(ledger.announced())
        .hasSize(20)
        .allSatisfy(announced ->
            assertThat(announced)
                .isEqualTo(
                    new Announced(
                        "r", announced.host(), AlertPhase.FIRING, since, at, AlertState.NEVER)));
  }

  @Test
  void aRestartOfTheJobKeepsThePendingClock() {
    rules.put(TestRules.spec("cpu", "> 80", 300), "r", clock.millis());
    long since = clock.millis();
    send(90);
    awaitPending();
    clock.advance(100_000);
    send(91);
    job.restart();
    clock.advance(199_000);
    send(92);
    await().atMost(LONG).until(() -> job.getStatus() == JobStatus.RUNNING);
    clock.advance(500);
    send(92);
    assertThat(ledger.announced()).isEmpty();
    clock.advance(500);
    assertFiredOnceAt(since, since + 300_000);
    job.cancel();
    await().atMost(LONG).until(() -> job.getStatus() == JobStatus.FAILED);
    clock.advance(10_000);
    send(1);
    job = AlertJob.submit(first);
    await().atMost(LONG).until(() -> ledger.announced().size() == 40);
  }

  @Test
  void theOwnerDiesWhileAnAlertIsPendingAndAnotherFiresItAtTheRightMoment() {
    HazelcastInstance second = members.start();
    join(second);
    await().atMost(LONG).until(() -> first.getPartitionService().isClusterSafe());
    for (int shard = 0; shard < SHARDS; shard += 2) {
      grid.give(shard, second.getName());
    }
    rules.put(TestRules.spec("cpu", "> 80", 300), "r", clock.millis());
    long since = clock.millis();
    send(90);
    awaitPending();
    clock.advance(120_000);
    send(91);
    second.getLifecycleService().terminate();
    for (int shard = 0; shard < SHARDS; shard += 2) {
      grid.give(shard, first.getName());
    }
    clock.advance(179_000);
    send(92);
    assertThat(ledger.announced()).isEmpty();
    clock.advance(1000);
    assertFiredOnceAt(since, since + 300_000);
    assertThat(job.getStatus()).isIn(JobStatus.RUNNING, JobStatus.STARTING);
    clock.advance(5000);
    send(1);
    await().atMost(LONG).until(() -> ledger.announced().size() == 40);
  }

  @Test
  void withoutRulesNothingIsShownAndThePortsMayGo() {
    send(90);
    rules.put(TestRules.spec("cpu", "> 80", 0), "r", clock.millis());
    await().atMost(LONG).until(() -> ledger.announced().size() == 20);
    assertThat(judged).hasValue(0);
    send(91);
    await().atMost(LONG).until(() -> judged.get() >= 20);
    AlertPorts.of(first).orElseThrow().remove(first);
    await()
        .atMost(LONG)
        .until(() -> {
          int before = judged.get();
          send(92);
          return !grid.isShownBy(first.getName()) && judged.get() == before;
        });
    assertThat(job.getStatus()).isEqualTo(JobStatus.RUNNING);
  }
}
