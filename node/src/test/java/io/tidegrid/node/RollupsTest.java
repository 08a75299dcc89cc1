package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.core.JobStatus;
import com.hazelcast.map.IMap;
import io.helidon.common.SerializationConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.RollupJob;
import io.tidegrid.rollup.RollupOptions;
import io.tidegrid.rollup.WindowSource;
import io.tidegrid.store.StoreOptions;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The job on a member as a node sets it up, with the filters a node has. */
class RollupsTest {

  private static final Duration LONG = Duration.ofSeconds(30);
  private static final DirtySpan SPAN = new DirtySpan(3, Tier.ONE_MINUTE, 0, 5);

  private final Source source = new Source();
  private final AtomicLong pending = new AtomicLong();
  private HazelcastInstance hazelcast;
  private Rollups rollups;

  @BeforeEach
  void start() throws IOException {
    SerializationConfig.configureRuntime();
    NodeConfig config = NodeConfig.builder().set("grid.cluster-name", "rollups-test").build();
    hazelcast =
        Hazelcast.newHazelcastInstance(
            GridConfig.of(
                config,
                new StoreOptions(16, 0, Duration.ofDays(3), Duration.ofMinutes(10), true),
                freePort(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                "test"));
    rollups =
        new Rollups(
            hazelcast,
            source,
            new Rollups.Outlet(shard -> 1_000 + shard, () -> true, pending::get, 10),
            RollupOptions.DEFAULT.with(Duration.ZERO, Duration.ofMillis(1)),
            () -> true,
            new SimpleMeterRegistry(),
            InstantSource.system());
  }

  @AfterEach
  void stop() {
    rollups.close(true);
    hazelcast.getLifecycleService().terminate();
  }

  @Test
  void aDirtyBlockGoesIntoTheMap() {
    source.dirty.add(SPAN);
    rollups.start();
    await().atMost(LONG).until(() -> map().size() == 1);
    RollupBlock block = map().get(new RollupKey(3, 1_003, Tier.ONE_MINUTE, 0));
    assertThat(block.sequence()).isEqualTo(5);
    assertThat(block.ids()).containsExactly(42);
    assertThat(rollups.status().tiers().getFirst().dirtySpans()).isOne();
  }

  @Test
  void atTheBoundOfWhatMayWaitNothingIsComputed() {
    pending.set(10);
    source.dirty.add(SPAN);
    rollups.start();
    await().atMost(LONG).until(() -> job() != null && job().getStatus() == JobStatus.RUNNING);
    await().during(Duration.ofSeconds(1)).until(() -> map().isEmpty());
    pending.set(9);
    await().atMost(LONG).until(() -> map().size() == 1);
  }

  @Test
  void whoTookNoPartOrIsClosedComputesNothing() {
    rollups.start();
    await().atMost(LONG).until(() -> job() != null && job().getStatus() == JobStatus.RUNNING);
    rollups.close(false);
    source.dirty.add(SPAN);
    await().during(Duration.ofSeconds(1)).until(() -> map().isEmpty());
  }

  private Job job() {
    return hazelcast.getJet().getJob(RollupJob.NAME);
  }

  private IMap<RollupKey, RollupBlock> map() {
    return hazelcast.getMap(GridNames.ROLLUPS);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Has the same window in every span. */
  private static final class Source implements WindowSource {

    final Set<DirtySpan> dirty = ConcurrentHashMap.newKeySet();

    @Override
    public List<DirtySpan> dirty() {
      return List.copyOf(dirty);
    }

    @Override
    public Reading read(DirtySpan span) {
      return new Content(
          span.sequence(),
          consumer -> {
            RollupColumns windows = new RollupColumns();
            windows.add(span.startMs(), 1, 2, 2, 2, 2, 0, 2, 0, 0, 0, new byte[0]);
            consumer.accept(42, windows);
          });
    }

    @Override
    public void refuse(DirtySpan span) {
      throw new AssertionError();
    }
  }
}
