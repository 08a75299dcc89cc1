package io.tidegrid.persist;

import static io.tidegrid.persist.RollupData.BLOCK;
import static io.tidegrid.persist.RollupData.DAY;
import static io.tidegrid.persist.RollupData.SHARDS;
import static io.tidegrid.persist.RollupData.block;
import static io.tidegrid.persist.RollupData.expected;
import static io.tidegrid.persist.RollupData.mark;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.store.ShardRestorer;
import io.tidegrid.tier.Tier;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rollups from the grid to the database and back, with a real Hazelcast and a real PostgreSQL. */
@Timeout(60)
class RollupPersistenceTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final RollupData data = new RollupData();
  private final Random random = new Random(11);
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Map<RollupKey, Long> told = new ConcurrentHashMap<>();
  private final Restorer restorer = new Restorer();
  private Persistence persistence;
  private HazelcastInstance instance;
  private IMap<RollupKey, RollupBlock> rollups;

  /** Shards that lack nothing but what is said to be restored. */
  private static final class Restorer implements ShardRestorer {

    private final List<Integer> toRestore = new CopyOnWriteArrayList<>();
    private final Map<Integer, RollupDirt> dirt = new ConcurrentHashMap<>();

    @Override
    public List<Integer> shardsToRestore() {
      return List.copyOf(toRestore);
    }

    @Override
    public boolean isMemoryScarce() {
      return false;
    }

    @Override
    public int shardOf(String tenant, Labels labels) {
      return SeriesKey.of(tenant, labels).shard(SHARDS);
    }

    @Override
    public void restoreSeries(int shard, List<Birth> series) {}

    @Override
    public void restoreDirt(int shard, RollupDirt marks) {
      dirt.put(shard, marks);
    }

    @Override
    public void directoryRestored(int shard) {}

    @Override
    public void restoreSamples(int shard, long[] ids, long[] times, double[] values, int size) {}

    @Override
    public void restoredFrom(int shard, long fromMs) {
      toRestore.remove(/* element */ (Integer) shard);
    }
  }

  @BeforeEach
  void start() throws InterruptedException {
    persistence =
        Persistence.start(
            PersistOptions.remote(data.url, Path.of("target")), meters, Clock.systemUTC());
    persistence.onRollupsCommitted((key, sequence) -> told.merge(key, sequence, Math::max));
    assertThat(persistence.awaitConnected(PATIENCE)).isTrue();
  }

  private void join() {
    Config config = new Config().setClusterName("rollups-" + System.nanoTime());
    config
        .setProperty("hazelcast.partition.count", "" + SHARDS)
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.logging.type", "jdk")
        .setProperty("hazelcast.shutdownhook.enabled", "false");
    var network = config.getNetworkConfig();
    network.setPort(15_801).getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    network.getJoin().getMulticastConfig().setEnabled(false);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    config
        .getSerializationConfig()
        .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers());
    config.getMapConfig(GridNames.JOURNAL).setMapStoreConfig(persistence.journalStoreConfig());
    config.getMapConfig(GridNames.ROLLUPS).setMapStoreConfig(persistence.rollupStoreConfig());
    instance = Hazelcast.newHazelcastInstance(config);
    rollups = instance.getMap(GridNames.ROLLUPS);
    persistence.attach(instance, restorer);
  }

  @AfterEach
  void stop() {
    if (instance != null) {
      instance.getLifecycleService().terminate();
    }
    persistence.close();
  }

  private RollupKey key(int shard, Tier tier, long startMs) {
    int partitionKey = 0;
    while (instance.getPartitionService().getPartition(partitionKey).getPartitionId() != shard) {
      partitionKey++;
    }
    return new RollupKey(shard, partitionKey, tier, startMs);
  }

  private JournalKey journalKey(int shard, int counter) {
    RollupKey place = key(shard, Tier.ONE_MINUTE, 0);
    return new JournalKey(shard, place.getPartitionKey(), 1_700_000_000, counter);
  }

  @Test
  void whatIsPutIsStoredToldAndEvicted() throws Exception {
    join();
    IMap<JournalKey, JournalBatch> journal = instance.getMap(GridNames.JOURNAL);
    JournalKey last = journalKey(1, 3);
    for (int counter = 1; counter <= 3; counter++) {
      journal.set(journalKey(1, counter), Batches.batch(20, 10, BLOCK + counter * 1_000L, counter));
    }
    JournalKey other = journalKey(2, 1);
    journal.set(other, Batches.batch(20, 10, BLOCK, 9));
    RollupKey minutes = key(1, Tier.ONE_MINUTE, BLOCK);
    RollupBlock block = block(random, last.sequence(), Tier.ONE_MINUTE, BLOCK, 1, 2, 3);
    rollups.set(minutes, block);
    await().atMost(PATIENCE).until(() -> rollups.isEmpty() && told.containsKey(minutes));
    assertThat(told).isEqualTo(Map.of(minutes, last.sequence()));
    await().atMost(PATIENCE).until(journal::isEmpty);
    // The samples were committed before: no mark came later.
    assertThat(data.marks())
        .containsExactly(
            mark("1d", SHARDS, 1, DAY, last.sequence()),
            mark("1m", SHARDS, 2, BLOCK, other.sequence()));
    RollupKey day = key(1, Tier.ONE_DAY, DAY);
    RollupBlock figures = block(random, last.sequence(), Tier.ONE_DAY, DAY, 1, 2);
    rollups.set(day, figures);
    await().atMost(PATIENCE).until(() -> rollups.isEmpty() && told.containsKey(day));
    assertThat(data.marks()).containsExactly(mark("1m", SHARDS, 2, BLOCK, other.sequence()));
    for (Tier tier : Tier.values()) {
      assertThat(data.read(tier)).isEqualTo(expected(tier, tier == Tier.ONE_DAY ? figures : block));
    }
    await().atMost(PATIENCE).until(() -> persistence.pendingRollupBytes() == 0);
    assertThat(persistence.isWritable()).isTrue();
  }

  @Test
  void whatTheDatabaseRefusesStaysDirtyAndHoldsNothingUp() throws Exception {
    join();
    RollupKey bad = key(1, Tier.ONE_MINUTE, BLOCK);
    RollupKey good = key(2, Tier.ONE_MINUTE, BLOCK);
    RollupBlock block = block(random, 5, Tier.ONE_MINUTE, BLOCK, 4);
    rollups.set(bad, block(random, 5, Tier.ONE_MINUTE, BLOCK + BlockSpan.LENGTH_MS, 1));
    rollups.set(good, block);
    await().atMost(PATIENCE).until(rollups::isEmpty);
    assertThat(told).isEqualTo(Map.of(good, 5L));
    assertThat(data.read(Tier.ONE_MINUTE)).isEqualTo(expected(Tier.ONE_MINUTE, block));
    assertThat(meters.get("tidegrid.rollups.stored.spans.refused").counter().count()).isEqualTo(1);
  }

  @Test
  void onlyWhatWasStoredIsEvicted() {
    join();
    RollupKey key = key(1, Tier.ONE_MINUTE, BLOCK);
    LocalRollups local = new LocalRollups(instance);
    // So that nothing is stored meanwhile.
    assertThat(persistence.flush(TIMEOUT)).isTrue();
    rollups.set(key, block(random, 6, Tier.ONE_MINUTE, BLOCK, 1));
    assertThat(persistence.pendingRollupBytes()).isPositive();
    local.evictAt(Map.of(key, 5L));
    assertThat(local.scan(1)).extracting(LocalRollups.Entry::sequence).containsExactly(6L);
    try (RollupSweeper sweeper =
        new RollupSweeper(
            local,
            new RollupStore(
                new Database(
                    PersistOptions.remote(data.url, Path.of("target")), new SimpleMeterRegistry()),
                new RollupPartitions(),
                Clock.systemUTC(),
                new SimpleMeterRegistry()),
            Duration.ofMillis(600))) {
      assertThat(sweeper).isNotNull();
      await().atMost(PATIENCE).until(rollups::isEmpty);
    }
  }

  @Test
  void rollupsWaitUntilTheirSamplesAreCommitted() throws Exception {
    Database database =
        new Database(PersistOptions.remote(data.url, Path.of("target")), new SimpleMeterRegistry());
    database.start();
    try {
      assertThat(database.awaitConnected(PATIENCE)).isTrue();
      RollupStore store =
          new RollupStore(
              database,
              new RollupPartitions(),
              Clock.systemUTC(),
              new SimpleMeterRegistry(),
              Duration.ofMillis(200));
      Map<RollupKey, Boolean> done = new ConcurrentHashMap<>();
      store.onDone((entries, committed) -> entries.keySet().forEach(k -> done.put(k, committed)));
      store.shards(SHARDS);
      store.lowestPending(shard -> shard == 1 ? 5 : shard == 2 ? 0 : Long.MAX_VALUE);
      store.storeAll(
          Map.of(
              RollupData.key(1, Tier.ONE_MINUTE, BLOCK),
              block(random, 5, Tier.ONE_MINUTE, BLOCK, 1),
              RollupData.key(2, Tier.ONE_MINUTE, BLOCK),
              block(random, 5, Tier.ONE_MINUTE, BLOCK, 2),
              RollupData.key(1, Tier.ONE_MINUTE, BLOCK + BlockSpan.LENGTH_MS),
              block(random, 4, Tier.ONE_MINUTE, BLOCK + BlockSpan.LENGTH_MS, 3)));
      assertThat(done)
          .isEqualTo(
              Map.of(
                  RollupData.key(1, Tier.ONE_MINUTE, BLOCK),
                  false,
                  RollupData.key(2, Tier.ONE_MINUTE, BLOCK),
                  false,
                  RollupData.key(1, Tier.ONE_MINUTE, BLOCK + BlockSpan.LENGTH_MS),
                  true));
      assertThat(data.read(Tier.ONE_MINUTE)).containsOnlyKeys(3L);
    } finally {
      database.close();
    }
  }

  @Test
  void committedSamplesAreMarkedWithTheirBlocks() throws Exception {
    JournalWriter writer = new JournalWriter(Clock.systemUTC());
    writer.shards(SHARDS);
    SortedMap<JournalKey, JournalBatch> batches = new TreeMap<>();
    JournalKey first = Batches.key(1, 1);
    JournalKey second = Batches.key(1, 2);
    JournalKey third = Batches.key(3, 7);
    batches.put(first, Batches.batch(20, 10, BLOCK, 1));
    batches.put(second, Batches.one(BLOCK - 1, 1, false, true));
    batches.put(third, Batches.one(BLOCK, 1, false, false));
    List<String> expected =
        List.of(
            mark("1m", SHARDS, 1, BLOCK - BlockSpan.LENGTH_MS, second.sequence()),
            mark("1m", SHARDS, 1, BLOCK, first.sequence()),
            mark("1m", SHARDS, 3, BLOCK, third.sequence()));
    try (Connection connection = TestServer.connect(data.url)) {
      assertThat(writer.write(connection, batches).samples()).isEqualTo(22);
      assertThat(data.marks()).isEqualTo(expected);
      assertThat(writer.write(connection, batches).samples()).isZero();
      assertThat(data.marks()).isEqualTo(expected);
      SortedMap<JournalKey, JournalBatch> earlier = new TreeMap<>();
      earlier.put(Batches.key(3, 6), Batches.one(BLOCK, 1, false, false));
      assertThat(writer.write(connection, earlier).samples()).isOne();
      assertThat(data.marks()).isEqualTo(expected);
    }
  }

  @Test
  void aColdStartIsToldWhatIsMarkedUnderWhateverNumberOfShards() throws Exception {
    data.mark(Tier.ONE_MINUTE, SHARDS, 1, BLOCK, 5);
    data.mark(Tier.ONE_MINUTE, 9, 8, BLOCK, 7);
    data.mark(Tier.ONE_MINUTE, 0, 0, BLOCK - BlockSpan.LENGTH_MS, 0);
    data.mark(Tier.ONE_DAY, SHARDS, 2, DAY, 4);
    // Stored already: the mark came a moment too late.
    data.mark(Tier.ONE_MINUTE, SHARDS, 3, DAY, 3);
    data.write(
        Map.of(RollupData.key(3, Tier.ONE_MINUTE, DAY), block(random, 3, Tier.ONE_MINUTE, DAY, 1)));
    data.mark(Tier.ONE_MINUTE, SHARDS, 3, DAY, 3);
    restorer.toRestore.addAll(List.of(0, 1, 2, 3));
    join();
    await().atMost(PATIENCE).until(restorer.toRestore::isEmpty);
    Map<Long, Long> everywhere = Map.of(BLOCK, 7L, BLOCK - BlockSpan.LENGTH_MS, 0L);
    for (int shard = 0; shard < SHARDS; shard++) {
      assertThat(restorer.dirt.get(shard).blocks()).as("%d", shard).isEqualTo(everywhere);
    }
    assertThat(restorer.dirt.get(1).days()).isEmpty();
    assertThat(restorer.dirt.get(2).days()).isEqualTo(Map.of(DAY, 4L));
    assertThat(data.marks())
        .hasSize(2 * SHARDS + 2)
        .allMatch(mark -> mark.substring(3).startsWith(SHARDS + " "));
  }

  @Test
  void theArchiveReadsTiersOfSomeSeries() throws Exception {
    join();
    RollupBlock one = block(random, 5, Tier.ONE_MINUTE, BLOCK, 1, 2, 3);
    RollupBlock next = block(random, 5, Tier.ONE_MINUTE, BLOCK + BlockSpan.LENGTH_MS, 1, 2, -4);
    data.write(
        Map.of(
            RollupData.key(1, Tier.ONE_MINUTE, BLOCK),
            one,
            RollupData.key(1, Tier.ONE_MINUTE, BLOCK + BlockSpan.LENGTH_MS),
            next));
    RollupArchive archive = persistence.rollupArchive();
    Map<Long, List<String>> found = new TreeMap<>();
    archive.read(
        Tier.FIVE_MINUTES,
        new long[] {3, 2, -4, 99},
        0,
        Long.MAX_VALUE,
        true,
        TIMEOUT,
        (id, windows) -> assertThat(found.put(id, RollupData.lines(windows))).isNull());
    SortedMap<Long, List<String>> expected = expected(Tier.FIVE_MINUTES, one, next);
    expected.remove(1L);
    assertThat(found).isEqualTo(expected);

    // In the middle of both, without histograms.
    long from = BLOCK + BlockSpan.LENGTH_MS - 3_600_000L;
    List<Long> starts = new CopyOnWriteArrayList<>();
    archive.read(
        Tier.ONE_HOUR,
        new long[] {2},
        from,
        from + 7_200_000L,
        false,
        TIMEOUT,
        (id, windows) -> {
          for (int i = 0; i < windows.size(); i++) {
            starts.add(windows.starts()[i]);
            assertThat(windows.histograms()[i]).isEmpty();
          }
        });
    assertThat(starts).containsExactly(from, from + 3_600_000L);
    archive.read(
        Tier.ONE_DAY,
        new long[] {2},
        0,
        Long.MAX_VALUE,
        true,
        TIMEOUT,
        (id, w) -> {
          throw new IllegalStateException();
        });
    archive.read(
        Tier.ONE_HOUR,
        new long[] {2},
        9,
        9,
        true,
        TIMEOUT,
        (id, w) -> {
          throw new IllegalStateException();
        });
    assertThatThrownBy(() ->
            archive.read(
                Tier.ONE_HOUR, new long[] {2}, 0, BLOCK, true, Duration.ZERO, (id, w) -> {}))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.QUERY_TIMEOUT));
  }

  @Test
  void theArchiveKnowsWhatRetentionTook() throws Exception {
    RollupArchive archive = persistence.rollupArchive();
    assertThat(archive.isRawDropped(DAY)).isFalse();
    DroppedDays days = new DroppedDays();
    try (Connection connection = TestServer.connect(data.url)) {
      assertThat(
              DroppedDays.add(connection, Instant.ofEpochMilli(DAY), Instant.ofEpochMilli(DAY + 1)))
          .containsExactly(Instant.ofEpochMilli(DAY));
      days.refresh(connection);
    }
    assertThat(days.contains(DAY - 1)).isFalse();
    assertThat(days.contains(DAY)).isTrue();
    assertThat(days.contains(DAY + HourPartitions.DAY_MS - 1)).isTrue();
    assertThat(days.contains(DAY + HourPartitions.DAY_MS)).isFalse();
    join();
    await().atMost(PATIENCE).until(() -> archive.isRawDropped(DAY + 5));
    assertThat(archive.keptFromMs(Tier.ONE_HOUR)).isEqualTo(Long.MIN_VALUE);
    assertThat(archive.keptFromMs(Tier.ONE_MINUTE) % 60_000).isZero();
    assertThat(archive.keptFromMs(Tier.ONE_MINUTE))
        .isBetween(
            Clock.systemUTC().millis() - Duration.ofDays(91).toMillis(),
            Clock.systemUTC().millis() - Duration.ofDays(90).toMillis());
    persistence.close();
    assertThatThrownBy(() ->
            archive.read(Tier.ONE_HOUR, new long[] {2}, 0, BLOCK, true, TIMEOUT, (id, w) -> {}))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY));
  }
}
