package io.tidegrid.store;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.GridSerializers;
import io.tidegrid.live.SampleTap;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/** A cluster of real members in this JVM, over loopback. */
public final class TestGrid implements AutoCloseable {

  /** One member with its part of the store. */
  public record Node(HazelcastInstance hazelcast, SeriesStore store) {}

  private final String name = "test-" + UUID.randomUUID();
  private final int basePort = freePort();
  private final StoreOptions options;
  private final InstantSource clock;
  private final Consumer<Config> configure;
  private final MeterRegistry meters;
  private final Optional<Function<HazelcastInstance, SampleTap>> taps;
  private final List<Node> nodes = new ArrayList<>();

  public TestGrid(StoreOptions options, InstantSource clock) {
    this(options, clock, config -> {}, new SimpleMeterRegistry());
  }

  /**
   * @param configure adds to the configuration of each member
   * @param meters where all members measure
   */
  public TestGrid(
      StoreOptions options, InstantSource clock, Consumer<Config> configure, MeterRegistry meters) {
    this(options, clock, configure, meters, Optional.empty());
  }

  /** The same with Jet, and with a tap that is made for each member. */
  public TestGrid(
      StoreOptions options, InstantSource clock, Function<HazelcastInstance, SampleTap> taps) {
    this(options, clock, config -> {}, new SimpleMeterRegistry(), Optional.of(taps));
  }

  /** The same, with additions to the configuration of each member. */
  public TestGrid(
      StoreOptions options,
      InstantSource clock,
      Consumer<Config> configure,
      Function<HazelcastInstance, SampleTap> taps) {
    this(options, clock, configure, new SimpleMeterRegistry(), Optional.of(taps));
  }

  private TestGrid(
      StoreOptions options,
      InstantSource clock,
      Consumer<Config> configure,
      MeterRegistry meters,
      Optional<Function<HazelcastInstance, SampleTap>> taps) {
    this.options = options;
    this.clock = clock;
    this.configure = configure;
    this.meters = meters;
    this.taps = taps;
  }

  public static StoreOptions memoryOnly(int shards) {
    return new StoreOptions(shards, 1, Duration.ofDays(3), Duration.ofMinutes(10), false);
  }

  public static StoreOptions withDatabase(int shards) {
    return new StoreOptions(shards, 1, Duration.ofDays(3), Duration.ofMinutes(10), true);
  }

  public Node start() {
    Config config = new Config();
    config.setClusterName(name);
    config.setProperty(
        "hazelcast.logging.type", System.getProperty("tidegrid.test.logging", "none"));
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.operation.fail.on.indeterminate.state", "true");
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.partition.migration.interval", "0");
    config
        .getSerializationConfig()
        .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers());
    config.addMapConfig(
        new MapConfig(GridNames.JOURNAL)
            .setInMemoryFormat(InMemoryFormat.BINARY)
            .setBackupCount(options.backupCount()));
    config.getNetworkConfig().setPort(basePort).setPortAutoIncrement(true).setPortCount(20);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    var join = config.getNetworkConfig().getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(true);
    // All of them: who takes the port of a member that left must find those that stayed.
    for (int port = basePort; port < basePort + 4; port++) {
      join.getTcpIpConfig().addMember("127.0.0.1:" + port);
    }
    config.getJetConfig().setEnabled(taps.isPresent()).setCooperativeThreadCount(1);
    SeriesStore.configure(config, options);
    configure.accept(config);
    HazelcastInstance hazelcast = Hazelcast.newHazelcastInstance(config);
    Node node =
        new Node(
            hazelcast,
            SeriesStore.open(
                hazelcast,
                options,
                clock,
                BacklogGate.open(),
                meters,
                taps.map(made -> made.apply(hazelcast)).orElse(SampleTap.CLOSED)));
    nodes.add(node);
    return node;
  }

  public void awaitSafe() {
    nodes.stream()
        .filter(node -> node.hazelcast().getLifecycleService().isRunning())
        .forEach(node ->
            org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> node.hazelcast().getPartitionService().isClusterSafe()));
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    nodes.forEach(node -> node.hazelcast().getLifecycleService().terminate());
  }
}
