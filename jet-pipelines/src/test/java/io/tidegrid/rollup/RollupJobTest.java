package io.tidegrid.rollup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.core.JobStatus;
import io.tidegrid.rollup.FakeShards.Put;
import io.tidegrid.rollup.FakeShards.Span;
import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The job on real members, over shards that are told what is dirty. */
class RollupJobTest {

  private static final long DAY = Tier.ONE_DAY.windowMs();
  private static final long BLOCK = SpanSchedule.BLOCK_MS;
  private static final long START = 20_000 * DAY;
  private static final long OLD = START - 10 * DAY;
  private static final Duration LONG = Duration.ofSeconds(30);

  private final Members members = new Members();
  private final FakeShards shards = new FakeShards();
  private final ManualClock clock = new ManualClock(Instant.ofEpochMilli(START));
  private HazelcastInstance first;
  private Job job;

  @BeforeEach
  void start() {
    first = members.start();
    shards.install(first, clock, RollupOptions.DEFAULT);
    job = RollupJob.submit(first, 1);
  }

  @AfterEach
  void stop() {
    members.close();
  }

  @Test
  void whatIsDirtyIsComputedWhenItIsDueAndOnlyOnce() {
    writeEverywhere(Tier.ONE_MINUTE, START, 5);
    awaitLooks(6);
    clock.set(START + BLOCK + 29_000);
    awaitLooks(6);
    assertThat(shards.puts).isEmpty();
    clock.set(START + BLOCK + 91_000);
    await().atMost(LONG).until(shards::isClean);
    awaitLooks(6);
    assertThat(shards.puts).hasSize(Members.SHARDS).extracting(Put::sequence).containsOnly(5L);
  }

  @Test
  void aFailingSpanNeitherEndsTheJobNorHoldsUpOthers() {
    writeEverywhere(Tier.ONE_MINUTE, OLD, 5);
    Span bad = new Span(3, Tier.ONE_MINUTE, OLD);
    Span unreadable = new Span(4, Tier.ONE_MINUTE, OLD);
    Span gone = new Span(5, Tier.ONE_MINUTE, OLD);
    shards.failing.add(bad);
    shards.unreadable.add(unreadable);
    shards.gone.add(gone);
    becomeQuiet();
    await()
        .atMost(LONG)
        .untilAsserted(() -> assertThat(shards.dirt).containsOnlyKeys(bad, unreadable));
    await().atMost(LONG).until(() -> shards.failures.get() == 1);
    assertThat(shards.refused).hasSize(1);
    awaitLooks(6);
    assertThat(shards.failures).as("it is not tried over and over").hasValue(1);
    assertThat(job.getStatus()).isEqualTo(JobStatus.RUNNING);

    shards.failing.clear();
    shards.unreadable.clear();
    clock.advance(Duration.ofSeconds(10));
    await().atMost(LONG).until(shards::isClean);
  }

  @Test
  void nothingIsLostWhileTheSinkIsClosed() {
    shards.open = false;
    writeEverywhere(Tier.ONE_MINUTE, OLD, 5);
    becomeQuiet();
    awaitLooks(6);
    assertThat(shards.puts).isEmpty();
    shards.open = true;
    await().atMost(LONG).until(shards::isClean);
  }

  @Test
  void whatWasHandedOverButNotCommittedIsComputedAgain() {
    shards.committing = false;
    writeEverywhere(Tier.ONE_MINUTE, OLD, 5);
    becomeQuiet();
    await().atMost(LONG).until(() -> shards.puts.size() == Members.SHARDS);
    awaitLooks(6);
    assertThat(shards.puts).hasSize(Members.SHARDS);
    shards.committing = true;
    clock.advance(Duration.ofSeconds(61));
    await().atMost(LONG).until(shards::isClean);
    assertThat(shards.puts).hasSize(2 * Members.SHARDS);
  }

  @Test
  void aRestartOfTheJobLosesNothing() {
    shards.open = false;
    writeEverywhere(Tier.ONE_MINUTE, OLD, 5);
    becomeQuiet();
    awaitLooks(2);
    job.restart();
    shards.open = true;
    awaitLooks(2);
    becomeQuiet();
    await().atMost(LONG).until(shards::isClean);
    assertThat(RollupJob.submit(first, 1).getId()).as("one job").isEqualTo(job.getId());
  }

  @Test
  void aCancelledJobCanBeSubmittedAgain() {
    job.cancel();
    await().atMost(LONG).until(() -> job.getStatus() == JobStatus.FAILED);
    writeEverywhere(Tier.ONE_MINUTE, OLD, 5);
    assertThat(RollupJob.submit(first, 1).getId()).isNotEqualTo(job.getId());
    becomeQuiet();
    await().atMost(LONG).until(shards::isClean);
  }

  @Test
  void membersShareTheWorkAndTakeItOver() {
    HazelcastInstance second = members.start();
    shards.install(second, clock, RollupOptions.DEFAULT);
    await().atMost(LONG).until(() -> first.getPartitionService().isClusterSafe());
    writeEverywhere(Tier.ONE_MINUTE, OLD, 5);
    becomeQuiet();
    await()
        .atMost(LONG)
        .until(() -> {
          clock.advance(Duration.ofSeconds(1));
          return shards.isClean();
        });
    assertThat(shards.puts.stream().map(Put::member).collect(Collectors.toSet()))
        .containsExactlyInAnyOrder(first.getName(), second.getName());

    // What the lost member had handed over, and nobody committed, the other computes.
    shards.committing = false;
    writeEverywhere(Tier.ONE_MINUTE, OLD + BLOCK, 6);
    becomeQuiet();
    await().atMost(LONG).until(() -> shards.puts.stream().anyMatch(put -> isBy(put, second, 6)));
    second.getLifecycleService().terminate();
    shards.committing = true;
    await()
        .atMost(LONG)
        .until(() -> {
          clock.advance(Duration.ofSeconds(5));
          return shards.isClean();
        });
    assertThat(job.getStatus()).isEqualTo(JobStatus.RUNNING);
  }

  private static boolean isBy(Put put, HazelcastInstance member, long sequence) {
    return put.member().equals(member.getName()) && put.sequence() == sequence;
  }

  private void writeEverywhere(Tier tier, long startMs, long sequence) {
    for (int shard = 0; shard < Members.SHARDS; shard++) {
      shards.write(shard, tier, startMs, sequence);
    }
  }

  /** Lets the job see what is dirty, and then that it has not changed for a while. */
  private void becomeQuiet() {
    awaitLooks(2);
    clock.advance(Duration.ofSeconds(6));
  }

  private void awaitLooks(int more) {
    int before = shards.looks.get();
    await().atMost(LONG).until(() -> shards.looks.get() >= before + more);
  }
}
