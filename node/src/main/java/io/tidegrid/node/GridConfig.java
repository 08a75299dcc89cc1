package io.tidegrid.node;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MapStoreConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.TcpIpConfig;
import io.tidegrid.events.GridEvents;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.GridSerializers;
import io.tidegrid.live.LiveHub;
import io.tidegrid.query.GridQueryEngine;
import io.tidegrid.store.SeriesStore;
import io.tidegrid.store.StoreOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** How a member of the grid is set up, and why it differs from Hazelcast's defaults. */
final class GridConfig {

  /** Says to other members where this one persists, since all must use the same place. */
  static final String STORAGE_ATTRIBUTE = "tidegrid.storage";

  private GridConfig() {}

  /**
   * @param journalStore stores the map journal; empty without a database
   * @param metadataStore stores the map metadata; empty without a database
   * @param rollupStore stores the map rollups; empty without a database
   * @param eventStore stores the map events; empty without a database
   * @param storageIdentity what members that persist in the same place have in common
   */
  static Config of(
      NodeConfig node,
      StoreOptions store,
      int port,
      Optional<MapStoreConfig> journalStore,
      Optional<MapStoreConfig> metadataStore,
      Optional<MapStoreConfig> rollupStore,
      Optional<MapStoreConfig> eventStore,
      String storageIdentity) {
    Config config = new Config();
    config.setClusterName(node.gridClusterName());
    config.getMemberAttributeConfig().setAttribute(STORAGE_ATTRIBUTE, storageIdentity);
    properties(config, node);
    network(config.getNetworkConfig(), node, port);
    config.getMetricsConfig().setEnabled(false);
    // Only the grid's own classes travel as Java objects; anything else is somebody's gadget.
    config
        .getSerializationConfig()
        .setJavaSerializationFilterConfig(trusted())
        .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers());
    SeriesStore.configure(config, store);
    GridQueryEngine.configure(config);
    LiveHub.configure(config);
    GridEvents.configure(config, store.backupCount(), eventStore);
    MapConfig journal =
        new MapConfig(GridNames.JOURNAL)
            .setInMemoryFormat(InMemoryFormat.BINARY)
            .setBackupCount(store.backupCount())
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false);
    journalStore.ifPresent(journal::setMapStoreConfig);
    config.addMapConfig(journal);
    MapConfig metadata = new MapConfig(GridNames.METADATA).setBackupCount(store.backupCount());
    metadataStore.ifPresent(metadata::setMapStoreConfig);
    config.addMapConfig(metadata);
    MapConfig rollups =
        new MapConfig(GridNames.ROLLUPS)
            .setInMemoryFormat(InMemoryFormat.BINARY)
            .setBackupCount(store.backupCount())
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false);
    rollupStore.ifPresent(rollups::setMapStoreConfig);
    config.addMapConfig(rollups);
    jet(config, store);
    return config;
  }

  private static void properties(Config config, NodeConfig node) {
    config.setProperty("hazelcast.logging.type", "jdk");
    config.setProperty("hazelcast.logging.details.enabled", "false");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    // The node stops the grid itself, after it has drained and flushed.
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.socket.bind.any", "false");
    // By default a write is acknowledged after five seconds without the backup's answer. It must
    // fail then, and be sent again, or what was acknowledged dies with its owner.
    config.setProperty("hazelcast.operation.fail.on.indeterminate.state", "true");
    config.setProperty("hazelcast.heartbeat.interval.seconds", "1");
    config.setProperty("hazelcast.max.no.heartbeat.seconds", "10");
    config.setProperty("hazelcast.operation.call.timeout.millis", "20000");
    config.setProperty("hazelcast.wait.seconds.before.join", node.gridJoin().isEmpty() ? "0" : "1");
    config.setProperty("hazelcast.max.wait.seconds.before.join", "5");
    config.setProperty("hazelcast.merge.first.run.delay.seconds", "10");
    config.setProperty("hazelcast.merge.next.run.delay.seconds", "10");
    config.setProperty(
        "hazelcast.graceful.shutdown.max.wait",
        Long.toString(Math.max(1, node.shutdownGrace().toSeconds())));
  }

  private static void jet(Config config, StoreOptions store) {
    config
        .getJetConfig()
        .setEnabled(true)
        // No code comes from outside the class path.
        .setResourceUploadEnabled(false)
        // These threads pass on what is to be done; the work is done by threads of its own.
        .setCooperativeThreadCount(1)
        // Only streams between members need more of it, and no stream here leaves its member.
        .setFlowControlPeriodMs(1_000)
        // A member that joins gets its part of a job when the job starts anew, by default after ten
        // seconds: so long the samples of its shards would wait to be judged by alert rules.
        .setScaleUpDelayMillis(500)
        .setBackupCount(store.backupCount());
    // An idle thread of Jet looks for work every half millisecond by default, which costs percents
    // of a core day and night. What it looks for here comes every quarter of a second.
    config.setProperty("hazelcast.jet.idle.cooperative.min.microseconds", "20000");
    config.setProperty("hazelcast.jet.idle.cooperative.max.microseconds", "100000");
    config.setProperty("hazelcast.jet.idle.noncooperative.min.microseconds", "20000");
    config.setProperty("hazelcast.jet.idle.noncooperative.max.microseconds", "100000");
  }

  private static void network(NetworkConfig network, NodeConfig node, int port) {
    network.setPort(port).setPortAutoIncrement(false);
    network.getInterfaces().setEnabled(true).addInterface(address(node.gridHost()));
    network.setPublicAddress(node.gridHost() + ":" + port);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    network.getJoin().getMulticastConfig().setEnabled(false);
    TcpIpConfig tcpIp = network.getJoin().getTcpIpConfig().setEnabled(true);
    tcpIp.addMember(node.gridHost() + ":" + port);
    node.gridJoin().forEach(tcpIp::addMember);
  }

  private static String address(String host) {
    try {
      return InetAddress.getByName(host).getHostAddress();
    } catch (IOException e) {
      throw new ConfigException(List.of("grid.host: the address " + host + " is not known"));
    }
  }

  private static JavaSerializationFilterConfig trusted() {
    JavaSerializationFilterConfig filter = new JavaSerializationFilterConfig();
    filter.getWhitelist().addPrefixes("java.lang.", "java.util.", "com.hazelcast.", "io.tidegrid.");
    return filter;
  }
}
