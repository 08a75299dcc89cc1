package io.tidegrid.alerting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.alert.AlertFeed;
import io.tidegrid.alert.AlertJob;
import io.tidegrid.alert.AlertLedger;
import io.tidegrid.alert.AlertListener;
import io.tidegrid.alert.AlertPorts;
import io.tidegrid.alert.EvaluationOptions;
import io.tidegrid.alert.GroupSource;
import io.tidegrid.alert.RuleBook;
import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.GridIngest;
import io.tidegrid.ingest.IngestOptions;
import io.tidegrid.live.CompositeTap;
import io.tidegrid.live.SampleTap;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.store.TestGrid;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Evaluation over real shards that move between real members, with a ledger that a test reads. */
class StoreAlertSourceTest {

  private static final Duration LONG = Duration.ofSeconds(40);
  private static final int SHARDS = 8;
  private static final int HOSTS = 40;
  private static final long START = 1_790_000_000_000L;

  private final AtomicLong now = new AtomicLong(START);
  private final TestLedger ledger = new TestLedger();
  private final Map<String, AlertFeed> feeds = new ConcurrentHashMap<>();
  private volatile RuleBook.Snapshot rules = new RuleBook.Snapshot(0, List.of());

  /** Keeps states by alert, and what was announced. */
  private static final class TestLedger implements AlertLedger {
    private final Map<Integer, Map<Long, AlertState>> states = new HashMap<>();
    private final List<AlertState> announced = new ArrayList<>();

    @Override
    public synchronized List<AlertState> load(int shard) {
      return List.copyOf(states.getOrDefault(shard, Map.of()).values());
    }

    @Override
    public synchronized List<AlertState> record(
        int shard, List<AlertState> changes, List<Breach> breaches) {
      for (AlertState state : changes) {
        AlertState before =
            states.computeIfAbsent(shard, s -> new HashMap<>()).put(state.fingerprint(), state);
        boolean known =
            before != null
                && before.phase() == state.phase()
                && before.pendingSinceMs() == state.pendingSinceMs();
        if (!state.announced() && !known) {
          announced.add(state);
        }
      }
      return changes;
    }

    @Override
    public synchronized void forget(int shard, List<AlertState> ended) {
      ended.forEach(state -> states.get(shard).remove(state.fingerprint()));
    }

    private synchronized List<AlertState> announced() {
      return List.copyOf(announced);
    }

    private synchronized long count(AlertPhase phase) {
      return states.values().stream()
          .flatMap(of -> of.values().stream())
          .filter(state -> state.phase() == phase)
          .count();
    }
  }

  private SampleTap tap(HazelcastInstance member) {
    AlertFeed feed = new AlertFeed(() -> rules, 1_000_000);
    feeds.put(member.getName(), feed);
    return new CompositeTap(List.of(SampleTap.CLOSED, feed));
  }

  private void join(TestGrid.Node node) {
    new AlertPorts(
            () -> rules,
            feeds.get(node.hazelcast().getName()),
            new StoreAlertSource(node.store().numberedReader()),
            GroupSource.NONE,
            ledger,
            () -> Instant.ofEpochMilli(now.get()),
            EvaluationOptions.DEFAULT,
            AlertListener.SILENT)
        .install(node.hazelcast());
  }

  private GridIngest ingest(TestGrid.Node node) {
    return new GridIngest(
        node.hazelcast(),
        node.store(),
        IngestOptions.defaults(),
        Duration.ofDays(3),
        Optional.empty(),
        () -> 0,
        () -> Instant.ofEpochMilli(now.get()),
        new SimpleMeterRegistry());
  }

  private void rule(String id, String condition, int forSeconds) {
    AlertRule.Spec spec =
        new AlertRule.Spec(
            id,
            "cpu",
            List.of(),
            List.of(),
            AlertConditions.parse(condition, OptionalDouble.empty()),
            "high",
            Duration.ofSeconds(forSeconds),
            Duration.ofMinutes(1),
            Map.of(),
            Map.of(),
            true,
            false);
    List<AlertRule> more = new ArrayList<>(rules.rules());
    Instant created = Instant.ofEpochMilli(now.get());
    more.add(new AlertRule("a", id, 1, spec, created, created));
    rules = new RuleBook.Snapshot(rules.version() + 1, more);
  }

  private void send(GridIngest ingest, double value) {
    SampleBatch.Builder batch = SampleBatch.builder(HOSTS);
    for (int host = 0; host < HOSTS; host++) {
      batch.add(
          SeriesKey.of("a", Labels.of("__name__", "cpu", "host", Integer.toString(host))),
          now.get(),
          value);
    }
    assertThat(ingest.append("a", batch.build(), Ack.REPLICATED).accepted()).isEqualTo(HOSTS);
  }

  private List<AlertState> announced(String rule) {
    return ledger.announced().stream().filter(state -> state.ruleId().equals(rule)).toList();
  }

  @Test
  void membersJoinAndDieWhileAlertsArePendingAndFlapping() {
    try (TestGrid grid =
        new TestGrid(
            TestGrid.memoryOnly(SHARDS), () -> Instant.ofEpochMilli(now.get()), this::tap)) {
      TestGrid.Node first = grid.start();
      join(first);
      GridIngest ingest = ingest(first);
      Job job = AlertJob.submit(first.hazelcast());
      rule("slow", "> 10", 300);
      rule("flap", "> 50", 0);
      rule("rise", "increase(10m) > 1000", 0);
      long since = now.get();
      send(ingest, 20);
      await().atMost(LONG).until(() -> ledger.count(AlertPhase.PENDING) == HOSTS);

      TestGrid.Node second = grid.start();
      join(second);
      int flaps = 0;
      for (int i = 0; i < 20; i++) {
        // Shards move meanwhile; what was acknowledged is judged, by whoever has it then.
        now.addAndGet(2000);
        boolean high = i % 2 == 0;
        flaps++;
        send(ingest, high ? 60 : 40);
      }
      int expected = flaps * HOSTS;
      await().atMost(LONG).until(() -> announced("flap").size() >= expected);
      grid.awaitSafe();
      now.addAndGet(100_000);
      send(ingest, 60);
      second.hazelcast().getLifecycleService().terminate();
      now.addAndGet(2000);
      send(ingest, 40);
      await().atMost(LONG).until(() -> announced("flap").size() >= expected + 2 * HOSTS);
      assertThat(announced("slow")).isEmpty();

      now.set(since + 299_000);
      send(ingest, 41);
      job.restart();
      assertThat(announced("slow")).isEmpty();
      now.set(since + 300_000);
      await().atMost(LONG).until(() -> announced("slow").size() >= HOSTS);
      now.addAndGet(1000);
      send(ingest, 5000);
      await().atMost(LONG).until(() -> announced("rise").size() >= HOSTS);

      assertThat(announced("slow"))
          .hasSize(HOSTS)
          .allSatisfy(state -> {
            assertThat(state.phase()).isEqualTo(AlertPhase.FIRING);
            assertThat(state.pendingSinceMs()).isEqualTo(since);
            assertThat(state.firedAtMs()).isEqualTo(since + 300_000);
          });
      assertThat(announced("rise")).hasSize(HOSTS);
      await().atMost(LONG).until(() -> announced("flap").size() >= expected + 3 * HOSTS);
      assertThat(announced("flap")).hasSize(expected + 3 * HOSTS);
      ingest.close();
    }
  }
}
