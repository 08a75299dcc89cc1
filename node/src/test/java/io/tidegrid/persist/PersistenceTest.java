package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.Birth;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.GridSerializers;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.grid.MetadataKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.store.ShardRestorer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With a real Hazelcast and a real PostgreSQL. */
@Timeout(120)
@OnEachServer
class PersistenceTest {

  private static final int SHARDS = 8;
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private final List<AutoCloseable> toClose = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : toClose.reversed()) {
      closeable.close();
    }
  }

  /** Remembers what it is given, as a shard would. */
  private static final class FakeRestorer implements ShardRestorer {

    private final Set<Integer> toRestore = ConcurrentHashMap.newKeySet();
    private final Map<Long, Labels> series = new ConcurrentHashMap<>();
    private final Map<Integer, Long> restoredFrom = new ConcurrentHashMap<>();
    private final Map<Long, Map<Long, Long>> samples = new ConcurrentHashMap<>();
    private final Set<Integer> directories = ConcurrentHashMap.newKeySet();
    private final Map<Integer, RollupDirt> dirt = new ConcurrentHashMap<>();
    private final boolean small;

    FakeRestorer() {
      this(false);
    }

    /**
     * @param small whether the samples of one block leave no room for more
     */
    FakeRestorer(boolean small) {
      this.small = small;
    }

    @Override
    public boolean isMemoryScarce() {
      return small && !samples.isEmpty();
    }

    @Override
    public List<Integer> shardsToRestore() {
      return List.copyOf(toRestore);
    }

    @Override
    public int shardOf(String tenant, Labels labels) {
      return SeriesKey.of(tenant, labels).shard(SHARDS);
    }

    @Override
    public void restoreSeries(int shard, List<Birth> births) {
      assertThat(directories).doesNotContain(shard);
      births.forEach(birth -> {
        assertThat(shardOf(birth.tenant(), birth.labels())).isEqualTo(shard);
        assertThat(series.put(birth.id(), birth.labels())).isNull();
      });
    }

    @Override
    public void restoreDirt(int shard, RollupDirt marks) {
      assertThat(directories).doesNotContain(shard);
      dirt.put(shard, marks);
    }

    @Override
    public void directoryRestored(int shard) {
      directories.add(shard);
    }

    @Override
    public synchronized void restoreSamples(
        int shard, long[] ids, long[] times, double[] values, int size) {
      assertThat(directories).contains(shard);
      for (int i = 0; i < size; i++) {
        Long before =
            samples
                .computeIfAbsent(ids[i], id -> new TreeMap<>())
                .put(times[i], Double.doubleToRawLongBits(values[i]));
        assertThat(before).isNull();
      }
    }

    @Override
    public void restoredFrom(int shard, long fromMs) {
      restoredFrom.put(shard, fromMs);
      toRestore.remove(shard);
    }
  }

  private Persistence persistence(PersistOptions options, Clock clock) {
    Persistence persistence = Persistence.start(options, new SimpleMeterRegistry(), clock);
    toClose.add(persistence);
    return persistence;
  }

  /** A member without its part of write-behind unless {@code queue}. */
  private HazelcastInstance member(Persistence persistence, boolean queue) {
    return member(persistence, queue, "persistence-" + UUID.randomUUID());
  }

  private HazelcastInstance member(Persistence persistence, boolean queue, String cluster) {
    Config config = new Config(cluster).setClusterName(cluster);
    config.setInstanceName(cluster + UUID.randomUUID());
    config
        .setProperty("hazelcast.partition.count", "" + SHARDS)
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.logging.type", "jdk")
        .setProperty("hazelcast.shutdownhook.enabled", "false");
    var network = config.getNetworkConfig();
    network.setPort(15_701).getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    network.getJoin().getMulticastConfig().setEnabled(false);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    network.getJoin().getTcpIpConfig().setEnabled(true).addMember("127.0.0.1");
    config
        .getSerializationConfig()
        .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers());
    if (queue) {
      config.getMapConfig(GridNames.JOURNAL).setMapStoreConfig(persistence.journalStoreConfig());
    }
    config.getMapConfig(GridNames.METADATA).setMapStoreConfig(persistence.metadataStoreConfig());
    HazelcastInstance instance = Hazelcast.newHazelcastInstance(config);
    toClose.add(() -> instance.getLifecycleService().terminate());
    return instance;
  }

  private static Map<JournalKey, JournalBatch> batches(int from, int to) {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int n = from; n < to; n++) {
      batches.put(Batches.key(n % SHARDS, n), Batches.batch(20, 10, Batches.T0 + n * 1_000L, n));
    }
    return batches;
  }

  private static Map<Long, Map<Long, Long>> content(Map<JournalKey, JournalBatch> batches) {
    Map<Long, Map<Long, Long>> all = new HashMap<>();
    TreeMap<Long, JournalBatch> bySequence = new TreeMap<>();
    batches.forEach((key, batch) -> bySequence.put(key.sequence(), batch));
    bySequence
        .values()
        .forEach(batch -> {
          for (int i = 0; i < batch.size(); i++) {
            all.computeIfAbsent(batch.ids()[i], id -> new TreeMap<>())
                .put(batch.times()[i], Double.doubleToRawLongBits(batch.values()[i]));
          }
        });
    return all;
  }

  @Test
  void theQueueStoresAndTheJournalEmpties() throws Exception {
    String url = TestServer.newDatabase();
    Persistence persistence =
        persistence(PersistOptions.remote(url, Path.of("target")), Clock.systemUTC());
    HazelcastInstance instance = member(persistence, true);
    persistence.attach(instance, new FakeRestorer());
    IMap<JournalKey, JournalBatch> journal = instance.getMap(GridNames.JOURNAL);
    batches(1, 200).forEach(journal::set);

    await().atMost(PATIENCE).until(journal::isEmpty);
    assertThat(TestServer.samples(url)).isEqualTo(199 * 20);
    assertThat(persistence.status().persistedSamples()).isEqualTo(199 * 20);
    assertThat(persistence.status().connected()).isTrue();
    assertThat(persistence.status().product()).startsWith("PostgreSQL");
    assertThat(persistence.status().schemaVersion()).isEqualTo(9);
    await().atMost(PATIENCE).until(() -> persistence.status().pendingBytes() == 0);

    IMap<MetadataKey, MetricMetadata> metadata = instance.getMap(GridNames.METADATA);
    MetricMetadata cpu = new MetricMetadata("cpu", "gauge", "percent", "how busy");
    metadata.set(new MetadataKey("default", "cpu"), cpu);
    await()
        .atMost(PATIENCE)
        .until(() -> TestServer.number(url, "SELECT count(*) FROM metric_metadata") == 1);
    metadata.evictAll();
    assertThat(metadata.get(new MetadataKey("default", "cpu"))).isEqualTo(cpu);
    assertThat(metadata.get(new MetadataKey("default", "none"))).isNull();
  }

  @Test
  void theSweepStoresWhatNoQueueHolds() {
    String url = TestServer.newDatabase();
    Persistence persistence =
        persistence(PersistOptions.remote(url, Path.of("target")), Clock.systemUTC());
    HazelcastInstance instance = member(persistence, false);
    persistence.attach(instance, new FakeRestorer());
    IMap<JournalKey, JournalBatch> journal = instance.getMap(GridNames.JOURNAL);
    batches(1, 50).forEach(journal::set);
    await().atMost(PATIENCE).until(() -> persistence.status().pendingSamples() == 49 * 20);
    await().atMost(PATIENCE).until(journal::isEmpty);
    assertThat(TestServer.samples(url)).isEqualTo(49 * 20);
  }

  @Test
  void twoMembersForgetWhatIsStoredAndTheSurvivorStoresTheRest() {
    String url = TestServer.newDatabase();
    String cluster = "persistence-" + UUID.randomUUID();
    PersistOptions options = PersistOptions.remote(url, Path.of("target"));
    Persistence first = persistence(options, Clock.systemUTC());
    HazelcastInstance one = member(first, true, cluster);
    first.attach(one, new FakeRestorer());
    Persistence second = persistence(options, Clock.systemUTC());
    HazelcastInstance two = member(second, true, cluster);
    second.attach(two, new FakeRestorer());
    assertThat(two.getCluster().getMembers()).hasSize(2);
    await().atMost(PATIENCE).until(() -> one.getPartitionService().isClusterSafe());

    IMap<JournalKey, JournalBatch> journal = one.getMap(GridNames.JOURNAL);
    batches(1, 100).forEach(journal::set);
    IMap<JournalKey, JournalBatch> other = two.getMap(GridNames.JOURNAL);
    await().atMost(PATIENCE).until(journal::isEmpty);
    await()
        .atMost(PATIENCE)
        .until(() ->
            journal.getLocalMapStats().getBackupEntryCount() == 0
                && other.getLocalMapStats().getBackupEntryCount() == 0);

    batches(100, 200).forEach(journal::set);
    one.getLifecycleService().terminate();
    await().atMost(PATIENCE).until(other::isEmpty);
    assertThat(TestServer.samples(url)).isEqualTo(199 * 20);
  }

  @Test
  void aDurableCommitIsThereAndEvictedAtOnce() throws Exception {
    String url = TestServer.newDatabase();
    Persistence persistence =
        persistence(PersistOptions.remote(url, Path.of("target")), Clock.systemUTC());
    HazelcastInstance instance = member(persistence, true);
    persistence.attach(instance, new FakeRestorer());
    assertThat(persistence.awaitConnected(PATIENCE)).isTrue();
    IMap<JournalKey, JournalBatch> journal = instance.getMap(GridNames.JOURNAL);
    Map<JournalKey, JournalBatch> batches = batches(1, 9);
    batches.forEach(journal::set);
    persistence.commit(batches);
    assertThat(TestServer.samples(url)).isEqualTo(8 * 20);
    await().atMost(PATIENCE).until(journal::isEmpty);
    assertThat(persistence.flush(PATIENCE)).isTrue();
    assertThat(TestServer.samples(url)).isEqualTo(8 * 20);
  }

  @Test
  void whatCameWhileTheDatabaseWasAwayIsThereOnceAfterwards(@TempDir Path data) throws Exception {
    assumeThat(TestServer.current())
        .as("runs a server of its own")
        .isSameAs(DatabaseServer.EMBEDDED);
    EmbeddedDatabase server = EmbeddedDatabase.start(data, 0, 40, Duration.ofSeconds(30));
    int port = server.port();
    String url = TestServer.url(server, EmbeddedDatabase.DATABASE);
    PersistOptions options =
        PersistOptions.remote(url, data).withMaxPending(200_000, Duration.ofMinutes(10));
    Persistence persistence = persistence(options, Clock.systemUTC());
    HazelcastInstance instance = member(persistence, true);
    persistence.attach(instance, new FakeRestorer());
    IMap<JournalKey, JournalBatch> journal = instance.getMap(GridNames.JOURNAL);
    Map<JournalKey, JournalBatch> all = new HashMap<>(batches(1, 100));
    all.forEach(journal::set);
    await().atMost(PATIENCE).until(journal::isEmpty);

    server.close();
    Map<JournalKey, JournalBatch> more = batches(100, 800);
    more.forEach(journal::set);
    all.putAll(more);
    await().atMost(PATIENCE).until(() -> !persistence.status().connected());
    await().atMost(PATIENCE).until(() -> persistence.gate().isFull());
    Map<JournalKey, JournalBatch> durable = batches(800, 801);
    assertThatThrownBy(() -> persistence.commit(durable))
        .isInstanceOfSatisfying(
            TidegridException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY);
              assertThat(e.retryAfter()).isPresent();
            });
    assertThatThrownBy(() ->
            persistence
                .archive()
                .read(new long[] {1}, new int[] {0}, 0, 1, Duration.ofSeconds(5), (id, s) -> {}))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY));
    assertThat(persistence.flush(Duration.ofMillis(300))).isFalse();
    assertThat(journal.size()).isEqualTo(700);

    try (EmbeddedDatabase again = EmbeddedDatabase.start(data, port, 40, Duration.ofSeconds(30))) {
      assertThat(persistence.flush(PATIENCE)).isTrue();
      await().atMost(PATIENCE).until(() -> !persistence.gate().isFull());
      assertThat(TestServer.samples(url)).isEqualTo(all.size() * 20L);
      assertThat(again.isAlive()).isTrue();
    }
  }

  @Test
  void aColdStartGivesBackWhatWasStored() {
    String url = TestServer.newDatabase();
    Clock clock = Clock.fixed(Instant.ofEpochMilli(Batches.T0).plusSeconds(7_200), ZoneOffset.UTC);
    PersistOptions options = PersistOptions.remote(url, Path.of("target"));
    Persistence first = persistence(options, clock);
    Map<JournalKey, JournalBatch> batches = batches(1, 60);
    long id = Batches.series(0).id();
    // An hour with keys that come twice, one with a late sample, and one too old to come back.
    batches.put(Batches.key(0, 100), Batches.one(Batches.T0 + 1_000, 5, true, false));
    batches.put(Batches.key(0, 101), Batches.one(Batches.T0 - 3_600_000, 6, false, true));
    batches.put(Batches.key(0, 102), Batches.one(Batches.T0 + 3_600_000, 7, false, false));
    await().atMost(PATIENCE).until(() -> first.status().connected());
    first.commit(batches);
    Map<JournalKey, JournalBatch> tooOld =
        Map.of(Batches.key(0, 103), Batches.one(Batches.T0 - 100 * 3_600_000L, 8, false, true));
    first.commit(tooOld);
    // A block that is compacted, one series of which has something newer in its recent rows.
    long blockOf = Batches.T0 - 24 * 3_600_000L;
    TestServer.execute(
        url,
        "CREATE TABLE blocks_all PARTITION OF blocks FOR VALUES FROM ('2026-01-01') TO"
            + " ('2027-01-01'); INSERT INTO blocks (series_id, block, seq, n, first_ms, step_ms,"
            + " scale, base, small) VALUES ("
            + id
            + ", "
            + SqlText.time(blockOf)
            + ", 1, 2, 5, 10, 0, 40, '{1,2}')");
    Map<JournalKey, JournalBatch> newer =
        Map.of(Batches.key(0, 104), Batches.one(blockOf + 15, 9, true, true));
    first.commit(newer);
    batches.put(Batches.key(0, 0), Batches.one(blockOf + 5, 41, false, false));
    batches.putAll(newer);

    Persistence second = persistence(options, clock);
    HazelcastInstance instance = member(second, true);
    FakeRestorer restorer = new FakeRestorer();
    for (int shard = 0; shard < SHARDS; shard++) {
      restorer.toRestore.add(shard);
    }
    second.attach(instance, restorer);
    await().atMost(PATIENCE).until(() -> restorer.restoredFrom.size() == SHARDS);

    assertThat(restorer.series).hasSize(10);
    assertThat(restorer.series.get(id)).isEqualTo(Batches.series(0).labels());
    assertThat(restorer.samples).isEqualTo(content(batches));
    long from = clock.millis() - Duration.ofDays(3).toMillis();
    assertThat(restorer.restoredFrom.values()).containsOnly(from);

    Persistence third = persistence(options, clock);
    FakeRestorer small = new FakeRestorer(true);
    small.toRestore.addAll(Set.of(0, 1, 2, 3, 4, 5, 6, 7));
    third.attach(member(third, true), small);
    await().atMost(PATIENCE).until(() -> small.restoredFrom.size() == SHARDS);
    assertThat(small.restoredFrom.values())
        .as("what does not fit stays in the database")
        .containsOnly(BlockSpan.startOf(Batches.T0 + 3_600_000));
    assertThat(small.samples.get(id)).doesNotContainKey(blockOf + 15);
  }

  @Test
  void theEmbeddedDatabaseComesBackWhenItDies(@TempDir Path data) throws Exception {
    assumeThat(TestServer.current())
        .as("runs a server of its own")
        .isSameAs(DatabaseServer.EMBEDDED);
    Persistence persistence = persistence(PersistOptions.embedded(data), Clock.systemUTC());
    assertThat(persistence.awaitConnected(PATIENCE)).isTrue();
    long pid = postmaster(data);
    assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> postmaster(data) != pid && persistence.status().connected());
    persistence.commit(batches(1, 3));
    assertThat(persistence.status().persistedSamples()).isEqualTo(40);
  }

  private static long postmaster(Path data) throws IOException {
    return Long.parseLong(
        Files.readAllLines(data.resolve("postgres/postmaster.pid")).getFirst().strip());
  }
}
