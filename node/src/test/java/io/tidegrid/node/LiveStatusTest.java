package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.Partition;
import io.tidegrid.store.BacklogGate;
import io.tidegrid.store.SeriesStore;
import io.tidegrid.store.StoreOptions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a member may say that it is ready. */
@Timeout(60)
class LiveStatusTest {

  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofSeconds(40);

  private HazelcastInstance hazelcast;
  private LiveStatus status;

  @BeforeEach
  void start() {
    StoreOptions options =
        new StoreOptions(16, 0, Duration.ofDays(3), Duration.ofMinutes(10), false);
    Config config = new Config().setClusterName("live-status-test");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    // While no member takes data, no partition gets an owner.
    config.setLiteMember(true);
    SeriesStore.configure(config, options);
    hazelcast = Hazelcast.newHazelcastInstance(config);
    SeriesStore store =
        SeriesStore.open(hazelcast, options, InstantSource.system(), BacklogGate.open());
    status =
        new LiveStatus(hazelcast, store, Optional.empty(), Instant.EPOCH, InstantSource.system());
  }

  @AfterEach
  void stop() {
    hazelcast.getLifecycleService().terminate();
  }

  @Test
  void aMemberWaitsUntilAllPartitionsHaveOwners() throws InterruptedException {
    assertThat(waited(SHORT)).isGreaterThanOrEqualTo(SHORT);
    assertThat(hazelcast.getPartitionService().getPartitions())
        .extracting(Partition::getOwner)
        .containsOnlyNulls();
    hazelcast.getCluster().promoteLocalLiteMember();
    assertThat(waited(LONG)).isLessThan(LONG);
    assertThat(hazelcast.getPartitionService().getPartitions())
        .extracting(Partition::getOwner)
        .doesNotContainNull();
  }

  @Test
  void whoHasNotStartedOrIsStoppingIsNotReady() {
    assertThat(status.ready()).isFalse();
    status.started();
    assertThat(status.ready()).isTrue();
    status.stopping();
    assertThat(status.ready()).isFalse();
    assertThat(status.live()).isTrue();
  }

  private Duration waited(Duration atMost) throws InterruptedException {
    long start = System.nanoTime();
    status.awaitDirectory(atMost);
    return Duration.ofNanos(System.nanoTime() - start);
  }
}
