package io.tidegrid.alert;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Starts real members with Jet on loopback, on free ports, and stops them. */
final class Members implements AutoCloseable {

  private final String cluster = "alerts-" + UUID.randomUUID();
  private final List<HazelcastInstance> started = new ArrayList<>();

  HazelcastInstance start() {
    Config config = new Config();
    config.setClusterName(cluster);
    config.setProperty("hazelcast.partition.count", "8");
    config.setProperty("hazelcast.logging.type", "jdk");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.getJetConfig().setEnabled(true).setCooperativeThreadCount(1).setScaleUpDelayMillis(500);
    config.getNetworkConfig().setPort(18_601).setPortAutoIncrement(true).setPortCount(500);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config
        .getNetworkConfig()
        .getJoin()
        .getTcpIpConfig()
        .setEnabled(true)
        .setMembers(
            started.stream()
                .filter(other -> other.getLifecycleService().isRunning())
                .map(other -> other.getCluster().getLocalMember().getAddress())
                .map(address -> address.getHost() + ":" + address.getPort())
                .toList());
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
    started.add(member);
    return member;
  }

  @Override
  public void close() {
    started.forEach(member -> member.getLifecycleService().terminate());
  }
}
