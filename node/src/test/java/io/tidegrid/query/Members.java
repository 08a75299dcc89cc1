package io.tidegrid.query;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.util.List;
import java.util.UUID;

/** Starts real members on loopback, on free ports. */
final class Members {

  static final int SHARDS = 64;

  private final String cluster = "query-" + UUID.randomUUID();

  HazelcastInstance start(HazelcastInstance... others) {
    Config config = new Config();
    config.setClusterName(cluster);
    config.setProperty("hazelcast.partition.count", Integer.toString(SHARDS));
    config.setProperty("hazelcast.logging.type", "jdk");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    config.setProperty("hazelcast.socket.bind.any", "false");
    config
        .getNetworkConfig()
        .setPort(others.length == 0 ? 17_301 : 17_302)
        .setPortAutoIncrement(true)
        .setPortCount(500);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config
        .getNetworkConfig()
        .getJoin()
        .getTcpIpConfig()
        .setEnabled(true)
        .setMembers(
            List.of(others).stream()
                .map(other -> other.getCluster().getLocalMember().getAddress())
                .map(address -> address.getHost() + ":" + address.getPort())
                .toList());
    GridQueryEngine.configure(config);
    return Hazelcast.newHazelcastInstance(config);
  }
}
