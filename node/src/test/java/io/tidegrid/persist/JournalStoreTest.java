package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.Birth;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.TidegridException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@OnEachServer
class JournalStoreTest {

  private String url;
  private Database database;
  private JournalStore store;
  private PostgresArchive archive;
  private final Map<JournalKey, Boolean> committed = new ConcurrentHashMap<>();

  @BeforeEach
  void open() throws InterruptedException {
    url = TestServer.newDatabase();
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    database = new Database(PersistOptions.remote(url, Path.of("target")), meters);
    database.start();
    store = new JournalStore(database, Clock.systemUTC(), meters);
    store.onCommitted(keys -> keys.forEach(key -> committed.put(key, true)));
    archive =
        new PostgresArchive(
            database,
            new StoredSamples(new RecentSamples(store::shards), List.of(new BlockTable())));
    assertThat(database.awaitConnected(Duration.ofSeconds(20))).isTrue();
  }

  @AfterEach
  void close() {
    store.close();
    database.close();
  }

  private Map<Long, Map<Long, Long>> readAll() {
    long[] ids = new long[50];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Batches.series(i).id();
    }
    Map<Long, Map<Long, Long>> all = new HashMap<>();
    archive.read(
        ids,
        new int[ids.length],
        0,
        Long.MAX_VALUE,
        Duration.ofSeconds(20),
        (id, samples) -> {
          TreeMap<Long, Long> of = new TreeMap<>();
          for (int i = 0; i < samples.size(); i++) {
            assertThat(of.put(samples.times()[i], Double.doubleToRawLongBits(samples.values()[i])))
                .isNull();
            if (i > 0) {
              assertThat(samples.times()[i]).isGreaterThan(samples.times()[i - 1]);
            }
          }
          assertThat(all.put(id, of)).isNull();
        });
    return all;
  }

  /** What must be read: for each key the value of the highest sequence, the last of equal ones. */
  private static Map<Long, Map<Long, Long>> expected(Map<JournalKey, JournalBatch> batches) {
    Map<Long, Map<Long, Long>> all = new HashMap<>();
    Map<Long, Map<Long, Long>> sequences = new HashMap<>();
    batches.forEach((key, batch) -> {
      for (int i = 0; i < batch.size(); i++) {
        long id = batch.ids()[i];
        long time = batch.times()[i];
        Long before = sequences.computeIfAbsent(id, x -> new TreeMap<>()).getOrDefault(time, -1L);
        if (key.sequence() >= before) {
          sequences.get(id).put(time, key.sequence());
          all.computeIfAbsent(id, x -> new TreeMap<>())
              .put(time, Double.doubleToRawLongBits(batch.values()[i]));
        }
      }
    });
    return all;
  }

  @Test
  void storesEachBatchOnceHoweverOftenItIsOffered() {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int shard = 0; shard < 4; shard++) {
      for (int n = 1; n <= 5; n++) {
        long from = Batches.T0 + (shard * 10L + n) * 100_000L * 6;
        batches.put(Batches.key(shard, n), Batches.batch(500, 10, from, shard * 100L + n));
      }
    }
    store.storeAll(batches);
    store.storeAll(batches);

    assertThat(committed).hasSize(20);
    assertThat(TestServer.written(url)).isEqualTo(10_000);
    assertThat(TestServer.number(url, "SELECT count(*) FROM persisted_batches")).isEqualTo(20);
    assertThat(TestServer.number(url, "SELECT count(*) FROM series")).isEqualTo(10);
    assertThat(store.persistedSamples()).isEqualTo(10_000);
    assertThat(readAll()).isEqualTo(expected(batches));
  }

  /** More than one lane's worth: whole hours, several hours in one batch, and hours of few rows. */
  @Test
  void muchIsStoredOnceWhicheverWayItGoes() {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    long hour = 3_600_000;
    for (int shard = 0; shard < 4; shard++) {
      for (int n = 1; n <= 5; n++) {
        long from = Batches.T0 + (shard * 5L + n) * 1_000;
        batches.put(Batches.key(shard, n), Batches.batch(2_000, 2, from, shard * 100L + n));
      }
      long beforeTheHourEnds = Batches.T0 + hour - 50 + shard * 1_000L;
      batches.put(Batches.key(shard, 6), Batches.batch(1_000, 10, beforeTheHourEnds, shard));
      batches.put(Batches.key(shard, 7), Batches.batch(10, 10, Batches.T0 + 3 * hour + shard, 7));
    }
    store.storeAll(batches);
    store.storeAll(batches);

    assertThat(committed).hasSize(28);
    assertThat(TestServer.written(url)).isEqualTo(44_040);
    assertThat(TestServer.number(url, "SELECT count(*) FROM persisted_batches")).isEqualTo(28);
    assertThat(store.persistedSamples()).isEqualTo(44_040);
    assertThat(readAll()).isEqualTo(expected(batches));
  }

  @Test
  void storesOverlappingSetsOnceFromManyThreads() throws Exception {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int n = 1; n <= 60; n++) {
      batches.put(Batches.key(n % 3, n), Batches.batch(200, 20, Batches.T0 + n * 1_000_000L, n));
    }
    List<JournalKey> keys = new ArrayList<>(batches.keySet());
    CountDownLatch go = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newFixedThreadPool(6)) {
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < 6; thread++) {
        int from = thread * 5;
        done.add(
            pool.submit(() -> {
              go.await();
              Map<JournalKey, JournalBatch> part = new HashMap<>();
              keys.subList(from, from + 35).forEach(key -> part.put(key, batches.get(key)));
              store.storeAll(part);
              return null;
            }));
      }
      go.countDown();
      for (Future<?> future : done) {
        future.get();
      }
    }
    assertThat(TestServer.written(url)).isEqualTo(12_000);
    assertThat(readAll()).isEqualTo(expected(batches));
  }

  @Test
  void keepsTheBitsOfEveryValueAndMillisecondsOverCenturies() {
    long[] bits = {
      Double.doubleToRawLongBits(-0.0),
      0x7ff0000000000002L,
      0x7ff8000000000001L,
      0xfff8000000abcdefL,
      Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY),
      1L,
      Double.doubleToRawLongBits(0.1)
    };
    long[] times = {
      0, 1, 946_684_799_999L, 946_684_800_001L, 4_102_444_800_123L, 7_258_118_399_999L, Batches.T0
    };
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int i = 0; i < bits.length; i++) {
      batches.put(
          Batches.key(0, 2 * i + 1),
          Batches.one(times[i], Double.longBitsToDouble(bits[i]), false, false));
      batches.put(
          Batches.key(0, 2 * i + 2),
          Batches.one(times[i] + 7, Double.longBitsToDouble(bits[i]), false, true));
    }
    store.storeAll(batches);
    assertThat(readAll()).isEqualTo(expected(batches));
  }

  @Test
  void theHighestSequenceWinsInWhateverOrderItComes() {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int n = 1; n <= 9; n++) {
      boolean old = n % 3 == 0;
      batches.put(Batches.key(0, n), Batches.one(Batches.T0, n, true, old));
      batches.put(Batches.key(0, n + 100), Batches.one(Batches.T0 + 1, -n, true, !old));
    }
    // Two of one key in one batch: the later one counts.
    long id = Batches.series(0).id();
    for (boolean old : new boolean[] {false, true}) {
      batches.put(
          Batches.key(0, old ? 201 : 200),
          new JournalBatch(
              3,
              new long[] {id, id, id},
              new long[] {Batches.T0 + 5, Batches.T0 + 6, Batches.T0 + 5},
              new double[] {1, 2, old ? 3 : 4},
              List.of(),
              true,
              old));
    }
    List<JournalKey> order = new ArrayList<>(batches.keySet());
    order.sort((a, b) -> b.compareTo(a));
    order.forEach(key -> store.storeAll(Map.of(key, batches.get(key))));
    assertThat(readAll()).isEqualTo(expected(batches));

    Map<Long, Double> latest = new HashMap<>();
    archive.readLatest(
        new long[] {id, 12345},
        new int[2],
        Batches.T0 + 3,
        Duration.ofSeconds(5),
        (series, sample) -> latest.put(series, sample.values()[0]));
    assertThat(latest).containsExactly(Map.entry(id, -9.0));
  }

  @Test
  void aBatchTheDatabaseRefusesGoesToTheDeadLettersAlone() throws SQLException {
    TestServer.execute(url, "ALTER TABLE series ADD CONSTRAINT no_bad CHECK (labels->>'n' <> '3')");
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    for (int n = 0; n < 16; n++) {
      JournalBatch plain = Batches.batch(50, 1, Batches.T0 + n * 1_000L, n);
      int series = n;
      long[] ids = new long[50];
      java.util.Arrays.fill(ids, Batches.series(series).id());
      batches.put(
          Batches.key(n % 2, n + 1),
          new JournalBatch(
              50, ids, plain.times(), plain.values(), List.of(Batches.birth(n)), false, false));
    }
    store.storeAll(batches);
    store.storeAll(batches);

    assertThat(committed).hasSize(16);
    assertThat(store.deadLetters()).isOne();
    JournalKey bad = Batches.key(1, 4);
    JournalBatch refused = batches.remove(bad);
    assertThat(readAll()).isEqualTo(expected(batches));
    assertThat(TestServer.number(url, "SELECT count(*) FROM dead_letters WHERE sqlstate='23514'"))
        .isOne();
    try (var connection = TestServer.connect(url);
        var statement = connection.createStatement();
        var result = statement.executeQuery("SELECT payload FROM dead_letters")) {
      result.next();
      JournalBatch kept = DeadLetters.read(result.getBytes(1));
      assertThat(kept.size()).isEqualTo(50);
      assertThat(kept.times()).startsWith(refused.times());
      assertThat(kept.births()).isEqualTo(refused.births());
    }
  }

  @Test
  void samplesOfAnIdThatBelongsToOtherLabelsAreNotMixedIn() {
    store.storeAll(Map.of(Batches.key(0, 1), Batches.one(Batches.T0, 1, false, false)));
    long id = Batches.series(0).id();
    long other = Batches.series(1).id();
    Birth impostor = new Birth(id, Batches.TENANT, Labels.of("__name__", "impostor"));
    JournalBatch batch =
        new JournalBatch(
            2,
            new long[] {id, other},
            new long[] {Batches.T0 + 1, Batches.T0 + 1},
            new double[] {7, 8},
            List.of(impostor, Batches.birth(1)),
            false,
            false);
    store.storeAll(Map.of(Batches.key(5, 1), batch));

    Map<Long, Map<Long, Long>> all = readAll();
    assertThat(all.get(id)).hasSize(1);
    assertThat(all.get(other)).hasSize(1);
    assertThat(store.deadLetters()).isOne();
    assertThat(TestServer.number(url, "SELECT sum(samples) FROM dead_letters")).isOne();
  }

  @Test
  void labelsWithAnyCharactersAreStored() {
    Labels odd = Labels.of("__name__", "m\0x", "quote\"", "a\\b\u0001\uD83D\uDE00");
    JournalBatch batch =
        new JournalBatch(
            1,
            new long[] {77},
            new long[] {Batches.T0},
            new double[] {1},
            List.of(new Birth(77, "tenant", odd)),
            false,
            false);
    store.storeAll(Map.of(Batches.key(0, 1), batch));
    assertThat(store.deadLetters()).isZero();
    assertThat(TestServer.number(url, "SELECT count(*) FROM series WHERE labels ? 'quote\"'"))
        .isOne();
  }

  /** The name of the partition that rows of now go to; a full hour may pass meanwhile. */
  private String partition() {
    try (var connection = TestServer.connect(url);
        var statement = connection.createStatement();
        var result =
            statement.executeQuery(
                "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent ="
                    + " 'recent'::regclass")) {
      result.next();
      return result.getString(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aPartitionThatVanishedOrWasDetachedIsMadeAgain() {
    store.storeAll(Map.of(Batches.key(0, 1), Batches.one(Batches.T0, 1, false, false)));
    TestServer.execute(url, "DROP TABLE " + partition());
    store.storeAll(Map.of(Batches.key(0, 2), Batches.batch(5_000, 10, Batches.T0, 2)));
    assertThat(TestServer.written(url)).isEqualTo(5_000);
    TestServer.execute(url, "ALTER TABLE recent DETACH PARTITION " + partition());
    store.storeAll(Map.of(Batches.key(0, 3), Batches.batch(5_000, 10, Batches.T0, 3)));
    assertThat(TestServer.written(url)).isEqualTo(5_000);
    assertThat(store.deadLetters()).isZero();
  }

  @Test
  void onlyEmptyPartitionsAreDropped() throws SQLException {
    store.storeAll(Map.of(Batches.key(0, 1), Batches.one(Batches.T0, 1, false, false)));
    String name = partition();
    HourPartitions partitions = new HourPartitions("recent");
    try (var connection = database.connection();
        var reader = TestServer.connect(url);
        var statement = reader.createStatement()) {
      long hour = partitions.existing(connection).last();
      assertThat(partitions.partition(hour)).isEqualTo(name);
      assertThat(partitions.dropIfEmpty(connection, hour)).isFalse();
      TestServer.execute(url, "DELETE FROM recent");
      reader.setAutoCommit(false);
      statement.execute("SELECT count(*) FROM recent");
      assertThat(partitions.dropIfEmpty(connection, hour)).as("in use").isFalse();
      reader.rollback();
      assertThat(partitions.dropIfEmpty(connection, hour)).isTrue();
      assertThat(partitions.existing(connection)).isEmpty();
      assertThat(partitions.dropIfEmpty(connection, hour)).as("gone already").isTrue();
    }
    store.storeAll(Map.of(Batches.key(0, 2), Batches.one(Batches.T0, 2, false, false)));
    assertThat(TestServer.written(url)).isOne();
  }

  @Test
  void aReaderDoesNotHoldUpTheWritingOfANewHour() throws SQLException {
    store.storeAll(Map.of(Batches.key(0, 1), Batches.one(Batches.T0, 1, false, false)));
    try (var connection = TestServer.connect(url);
        var statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("SELECT count(*) FROM recent");
      Clock ahead = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));
      new JournalStore(database, ahead, new SimpleMeterRegistry())
          .storeAll(
              Map.of(Batches.key(0, 2), Batches.one(Batches.T0 + 7_200_000, 2, false, false)),
              Duration.ofSeconds(10));
    }
    assertThat(TestServer.written(url)).isEqualTo(2);
  }

  @Test
  void readingBeyondTheTimeLimitSaysSo() throws SQLException {
    store.storeAll(Map.of(Batches.key(0, 1), Batches.one(Batches.T0, 1, false, false)));
    try (var connection = TestServer.connect(url);
        var statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("LOCK TABLE blocks IN ACCESS EXCLUSIVE MODE");
      assertThatThrownBy(() ->
              archive.read(
                  new long[] {1},
                  new int[1],
                  0,
                  Batches.T0,
                  Duration.ofMillis(200),
                  (id, buffer) -> {}))
          .isInstanceOfSatisfying(
              TidegridException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.QUERY_TIMEOUT));
    }
    // The connection went back to the pool in a state that serves.
    assertThat(readAll()).hasSize(1);
  }

  @Test
  void manyCallersShareTransactions() throws Exception {
    try (GroupCommitter committer = new GroupCommitter(store, Duration.ofSeconds(10));
        ExecutorService pool = Executors.newFixedThreadPool(8)) {
      List<Future<?>> done = new ArrayList<>();
      for (int n = 1; n <= 200; n++) {
        JournalKey key = Batches.key(n % 4, n);
        JournalBatch batch = Batches.batch(10, 5, Batches.T0 + n * 100L, n);
        done.add(pool.submit(() -> committer.commit(Map.of(key, batch))));
      }
      for (Future<?> future : done) {
        future.get();
      }
    }
    assertThat(TestServer.written(url)).isEqualTo(2_000);
    assertThat(TestServer.number(url, "SELECT count(DISTINCT xmin::text) FROM persisted_batches"))
        .isLessThan(200);
  }

  @Test
  void theLedgerKeepsTheNewestHoursOnly() {
    List<Long> hours = List.of(1L, 2L, 3L, 4L, 5L, 6L);
    for (long hour : hours) {
      JournalWriter writer = new JournalWriter(() -> java.time.Instant.ofEpochSecond(hour * 3_600));
      try (var connection = database.connection()) {
        TreeMap<JournalKey, JournalBatch> one = new TreeMap<>();
        one.put(Batches.key(0, (int) hour), Batches.one(Batches.T0, 1, false, false));
        // Also what an earlier hour committed.
        one.put(
            Batches.key(0, Math.max((int) hour - 1, 1)), Batches.one(Batches.T0, 1, false, false));
        assertThat(writer.write(connection, one).batches()).isOne();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
    assertThat(TestServer.number(url, "SELECT count(*) FROM persisted_batches")).isEqualTo(4);
  }
}
