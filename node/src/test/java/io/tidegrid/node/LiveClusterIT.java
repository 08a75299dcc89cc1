package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A stream of one member shows what any member takes, whoever comes and goes. */
class LiveClusterIT {

  private static final int SERIES = 64;

  private final String cluster = "live-cluster-" + System.nanoTime();
  private final List<Integer> ports =
      List.of(NodeProcess.freePort(), NodeProcess.freePort(), NodeProcess.freePort());

  private LiveNode start(int number) {
    return LiveNode.start(
        Map.of(
            "grid.cluster-name",
            cluster,
            "grid.port",
            Integer.toString(ports.get(number)),
            "grid.join",
            ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","))));
  }

  @Test
  void subscriptionsReachMembersThatAreThereThatComeAndThatStay() {
    LiveNode first = start(0);
    LiveNode second = start(1);
    try {
      awaitMembers(first, 2);
      try (LiveClient client = LiveClient.connect(first.uri(), "/ws/metrics/everywhere");
          LiveClient other = LiveClient.connect(second.uri(), "/ws/metrics/everywhere?host=h1")) {
        check(second, 1, client, other);
        check(first, 2, client, other);
        LiveNode third = start(2);
        try {
          awaitMembers(first, 3);
          check(third, 3, client, other);
        } finally {
          third.close();
        }
        awaitMembers(first, 2);
        check(second, 4, client, other);
      }
      Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(() -> {
            assertThat(first.metric("tidegrid_live_subscriptions")).isZero();
            assertThat(second.metric("tidegrid_live_subscriptions")).isZero();
          });
    } finally {
      second.close();
      first.close();
    }
  }

  /** Series of all shards come in at one member. */
  private static void check(LiveNode taking, int value, LiveClient all, LiveClient ofOneHost) {
    taking.ingest(
        "{\"metrics\":["
            + IntStream.range(0, SERIES)
                .mapToObj(i ->
                    "{\"name\":\"everywhere\",\"value\":%d,\"labels\":{\"host\":\"h%d\"}}"
                        .formatted(value, i))
                .collect(Collectors.joining(","))
            + "]}");
    TreeSet<String> hosts = new TreeSet<>();
    List<Integer> values = new ArrayList<>();
    for (int i = 0; i < SERIES; i++) {
      var message = all.nextJson();
      hosts.add(message.getString("host"));
      values.add(message.getInt("value"));
    }
    assertThat(hosts).hasSize(SERIES);
    assertThat(values).containsOnly(value);
    var one = ofOneHost.nextJson();
    assertThat(one.getString("host")).isEqualTo("h1");
    assertThat(one.getInt("value")).isEqualTo(value);
    assertThat(all.messages).isEmpty();
    assertThat(ofOneHost.messages).isEmpty();
  }

  private static void awaitMembers(LiveNode node, int members) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() ->
            node.node().hazelcast().getCluster().getMembers().size() == members
                && node.node().hazelcast().getPartitionService().isClusterSafe());
  }
}
