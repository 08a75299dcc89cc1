package io.tidegrid.alerting;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.GridSerializers;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertIdentity;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.persist.AlertPersistence;
import io.tidegrid.persist.PersistOptions;
import io.tidegrid.persist.Persistence;
import io.tidegrid.store.ShardKeys;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;

/** A real member with its part in alerts, and no evaluation: tests say what it finds. */
final class AlertMember implements AutoCloseable {

  static final int SHARDS = 8;
  static final Duration LONG = Duration.ofSeconds(30);
  static final long T0 = 1_700_000_000_000L;

  final HazelcastInstance hazelcast;
  final AlertCenter center;
  final AlertDoors doors;
  final Optional<Persistence> database;

  private AlertMember(
      HazelcastInstance hazelcast, AlertCenter center, Optional<Persistence> database) {
    this.hazelcast = hazelcast;
    this.center = center;
    this.doors = center.doors();
    this.database = database;
  }

  /**
   * Starts a member.
   *
   * @param databaseUrl empty for none
   */
  static AlertMember start(
      String cluster,
      Optional<String> databaseUrl,
      Duration retention,
      AlertCenterOptions options,
      AlertMember... others) {
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    Optional<Persistence> database =
        databaseUrl.map(url ->
            Persistence.start(
                PersistOptions.remote(url, Path.of("target")), meters, Clock.systemUTC()));
    Config config = new Config();
    config.setClusterName(cluster);
    config.setProperty("hazelcast.partition.count", Integer.toString(SHARDS));
    config.setProperty("hazelcast.logging.type", "none");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    config.setProperty("hazelcast.partition.migration.interval", "0");
    config.setProperty("hazelcast.operation.fail.on.indeterminate.state", "true");
    config
        .getSerializationConfig()
        .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers());
    config.getNetworkConfig().setPort(18_301).setPortAutoIncrement(true).setPortCount(500);
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
                .map(other -> other.hazelcast.getCluster().getLocalMember().getAddress())
                .map(address -> address.getHost() + ":" + address.getPort())
                .toList());
    Optional<AlertPersistence> alerts = database.map(Persistence::alerts);
    AlertCenter.configure(config, 1, alerts);
    HazelcastInstance hazelcast = Hazelcast.newHazelcastInstance(config);
    alerts.ifPresent(any -> any.attach(hazelcast, retention));
    int[] keys = ShardKeys.of(hazelcast);
    AlertCenter center =
        AlertCenter.start(
            hazelcast, shard -> keys[shard], alerts, options, meters, Clock.systemUTC());
    return new AlertMember(hazelcast, center, database);
  }

  static AlertMember inMemory(String cluster, AlertCenterOptions options, AlertMember... others) {
    return start(cluster, Optional.empty(), Duration.ZERO, options, others);
  }

  void awaitSafe() {
    Awaitility.await().atMost(LONG).until(() -> hazelcast.getPartitionService().isClusterSafe());
  }

  void awaitRules() {
    Awaitility.await()
        .atMost(LONG)
        .ignoreExceptions()
        .until(() ->
            doors.rules().list("default") != null && doors.silences().list("default") != null);
  }

  boolean owns(int shard) {
    return hazelcast.getPartitionService().getPartitions().stream()
        .anyMatch(partition ->
            partition.getPartitionId() == shard
                && hazelcast.getCluster().getLocalMember().equals(partition.getOwner()));
  }

  /** Records a change in the shard that its labels say. */
  AlertState record(AlertState change) {
    return center.ledger().record(shardOf(change), List.of(change), List.of()).getFirst();
  }

  static int shardOf(AlertState state) {
    return SeriesKey.of(state.tenant(), state.labels()).shard(SHARDS);
  }

  static AlertRule.Spec spec(String name) {
    return spec(name, Map.of("summary", "{{ $labels.host }} is at {{ $value }}"));
  }

  static AlertRule.Spec spec(String name, Map<String, String> annotations) {
    return new AlertRule.Spec(
        name,
        "cpu",
        List.of(),
        List.of(),
        new AlertCondition.Threshold(Comparison.GREATER, 80),
        "high",
        Duration.ZERO,
        Duration.ofMinutes(1),
        Map.of("team", "ops"),
        annotations,
        true,
        false);
  }

  static AlertState firing(AlertRule rule, String host, long sinceMs) {
    Labels labels = Labels.of(Labels.METRIC_NAME, "cpu", "host", host);
    return new AlertState(
        rule.tenant(),
        rule.id(),
        rule.version(),
        AlertIdentity.fingerprint(rule.tenant(), rule.id(), labels),
        labels,
        AlertPhase.FIRING,
        sinceMs,
        sinceMs,
        AlertState.NEVER,
        95.5,
        sinceMs,
        System.currentTimeMillis(),
        "",
        false);
  }

  static AlertState resolved(AlertState firing, long atMs) {
    return new AlertState(
        firing.tenant(),
        firing.ruleId(),
        firing.ruleVersion(),
        firing.fingerprint(),
        firing.labels(),
        AlertPhase.RESOLVED,
        firing.pendingSinceMs(),
        firing.firedAtMs(),
        atMs,
        10,
        atMs,
        System.currentTimeMillis(),
        "",
        false);
  }

  /** A host whose series lies in a shard that a member owns. */
  String hostOf(String tenant) {
    for (int i = 0; ; i++) {
      String host = "h" + i;
      Labels labels = Labels.of(Labels.METRIC_NAME, "cpu", "host", host);
      if (owns(SeriesKey.of(tenant, labels).shard(SHARDS))) {
        return host;
      }
    }
  }

  /** What a stream was handed. */
  static final class Received implements AlertReceiver {
    final List<AlertEvent> events = new CopyOnWriteArrayList<>();
    final List<Long> missed = new CopyOnWriteArrayList<>();

    @Override
    public void deliver(List<AlertEvent> more) {
      events.addAll(more);
    }

    @Override
    public void missed(long count) {
      missed.add(count);
    }

    List<String> texts() {
      List<String> texts = new ArrayList<>();
      for (AlertEvent event : events) {
        texts.add(
            switch (event) {
              case AlertEvent.Changed(String _, var alert) ->
                  alert.phase() + " " + alert.labels().get("host");
              case AlertEvent.Breached breached ->
                  "BREACH " + breached.labels().get("host") + " " + breached.value();
            });
      }
      return texts;
    }
  }

  void kill() {
    hazelcast.getLifecycleService().terminate();
    center.close();
    database.ifPresent(Persistence::close);
  }

  @Override
  public void close() {
    center.close();
    hazelcast.getLifecycleService().terminate();
    database.ifPresent(Persistence::close);
  }
}
