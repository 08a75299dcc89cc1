package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.GridSerializers;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.Event;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Events in a real PostgreSQL. */
@Timeout(60)
class EventPersistenceTest {

  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int SHARDS = 4;

  private final String url = TestServer.newDatabase();
  private final AtomicReference<Instant> now = new AtomicReference<>(START);
  private final InstantSource clock = now::get;
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final PersistOptions options = PersistOptions.remote(url, Path.of("target"));
  private Database database;
  private EventPersistence events;

  @BeforeEach
  void open() throws Exception {
    database = new Database(options, meters);
    database.start();
    events = new EventPersistence(database, options, meters, clock);
    assertThat(database.awaitConnected(PATIENCE)).isTrue();
  }

  @AfterEach
  void close() {
    events.close();
    database.close();
  }

  private static Event event(String device, String id, long timeMs) {
    return new Event(
        id, device, timeMs, true, 7, List.of("temp"), new double[] {21.5}, List.of("room:1"));
  }

  private static JournalKey key(int n) {
    return new JournalKey(n % SHARDS, n % SHARDS, 1, n);
  }

  private static EventBatch batch(Instant received, String device, String... ids) {
    return new EventBatch(
        "t",
        received.toEpochMilli(),
        List.of(ids).stream().map(id -> event(device, id, START.toEpochMilli())).toList());
  }

  private List<String> found(String device) {
    return events.archive().ofDevice("t", device, 0, Long.MAX_VALUE / 2_000, 100, PATIENCE).stream()
        .map(Event::id)
        .toList();
  }

  @Test
  void whatIsCommittedTwiceIsThereOnceBesideWhatIsNew() {
    events.commit(Map.of(key(1), batch(START, "a", "1", "2")));
    events.commit(Map.of(key(2), batch(START, "a", "2", "3"), key(3), batch(START, "b", "2")));
    assertThat(found("a")).containsExactly("1", "2", "3");
    assertThat(found("b")).containsExactly("2");
    assertThat(meters.get("tidegrid.events.persisted").counter().count()).isEqualTo(4);
  }

  @Test
  void eventsGoWhenTheyCameLongerAgoThanTheyAreKept() throws SQLException {
    Duration keep = Duration.ofDays(2);
    events.commit(Map.of(key(1), batch(START, "a", "1", "2")));
    events.commit(Map.of(key(2), batch(START.plus(Duration.ofDays(1)), "a", "3")));
    try (EventRetention retention = new EventRetention(database, keep, () -> true, clock, meters)) {
      now.set(START.plus(keep));
      assertThat(retention.step()).isZero();
      now.set(now.get().plusMillis(1));
      assertThat(retention.step()).isEqualTo(2);
      assertThat(retention.step()).isZero();
    }
    assertThat(found("a")).containsExactly("3");
    assertThat(meters.get("tidegrid.events.expired").counter().count()).isEqualTo(2);
    // Nobody knows them any more.
    assertThat(events.archive().known("t", batch(START, "a", "1", "3").events(), PATIENCE))
        .containsOnlyKeys(1);
  }

  @Test
  void theSweepStoresWhatNoQueueHolds() {
    Config config = new Config().setClusterName("events-" + UUID.randomUUID());
    config
        .setProperty("hazelcast.partition.count", "" + SHARDS)
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.logging.type", "jdk")
        .setProperty("hazelcast.shutdownhook.enabled", "false");
    config.getNetworkConfig().setPort(0);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config
        .getSerializationConfig()
        .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers());
    HazelcastInstance instance = Hazelcast.newHazelcastInstance(config);
    try {
      IMap<JournalKey, EventBatch> map = instance.getMap(GridNames.EVENTS);
      Map<JournalKey, EventBatch> all = new HashMap<>();
      for (int n = 0; n < 20; n++) {
        all.put(key(n), batch(START, "a", "id" + n));
      }
      map.setAll(all);
      events.attach(instance, 1 << 20, Duration.ZERO);
      Awaitility.await()
          .until(() -> meters.get("tidegrid.events.pending.bytes").gauge().value() > 0);
      assertThat(TestServer.number(url, "SELECT count(*) FROM events")).isZero();
      now.set(START.plus(options.sweepAge()));
      Awaitility.await().atMost(PATIENCE).until(map::isEmpty);
      assertThat(found("a")).hasSize(20);
    } finally {
      events.close();
      instance.getLifecycleService().terminate();
    }
  }
}
