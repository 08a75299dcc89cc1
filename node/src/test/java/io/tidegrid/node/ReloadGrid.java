package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.map.IMap;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.Birth;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.query.GridQueryEngine;
import io.tidegrid.query.QueryContext;
import io.tidegrid.query.QueryOptions;
import io.tidegrid.query.Retentions;
import io.tidegrid.query.SeriesSamples;
import io.tidegrid.query.TimeRange;
import io.tidegrid.store.AppendOutcome;
import io.tidegrid.store.BlockDemand;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.Coverage;
import io.tidegrid.store.ReloadOptions;
import io.tidegrid.store.ShardBatch;
import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardView;
import io.tidegrid.store.StoreOptions;
import io.tidegrid.store.TestGrid;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.core.ConditionFactory;

/**
 * Members with a store and a query engine over a {@link ReloadDatabase}, the samples that were
 * written, and the clock. Writing takes samples into shard and journal; {@link #commit} moves them
 * from there to the database.
 */
final class ReloadGrid implements AutoCloseable {

  static final int SHARDS = 4;
  static final int ASKS = 3;
  static final long BLOCK = BlockSpan.LENGTH_MS;
  static final long START = BlockSpan.startOf(1_790_000_000_000L);
  private static final Duration RETENTION = Duration.ofDays(3);

  /** One member. */
  record Member(TestGrid.Node node, GridQueryEngine engine) {}

  final AtomicLong now = new AtomicLong(START);
  final ReloadDatabase database = new ReloadDatabase();
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final List<Member> members = new ArrayList<>();
  private final TestGrid grid;
  private final Map<Integer, TreeMap<Long, Double>> expected = new HashMap<>();

  /** Values that are not committed, nor perhaps in memory: such a write is not acknowledged yet. */
  private final Map<Integer, Map<Long, Set<Double>>> unacknowledged = new HashMap<>();

  ReloadGrid(int backups, long maxMemory) {
    grid =
        new TestGrid(
            new StoreOptions(SHARDS, backups, RETENTION, Duration.ofMinutes(10), true, maxMemory),
            () -> Instant.ofEpochMilli(now.get()),
            config -> {
              // Backups that missed something when a member was killed are mended that soon.
              config.setProperty("hazelcast.partition.backup.sync.interval", "1");
              GridQueryEngine.configure(config);
            },
            meters);
  }

  static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20));
  }

  Member start() {
    TestGrid.Node node = grid.start();
    IMap<JournalKey, JournalBatch> journal = node.hazelcast().getMap(GridNames.JOURNAL);
    node.store()
        .evictCommittedBy((shard, sequence) ->
            journal.keySet().stream()
                .filter(key -> key.shard() == shard)
                .noneMatch(key -> Long.compareUnsigned(key.sequence(), sequence) <= 0));
    BlockDemand demand =
        node.store()
            .reloadFrom(
                new DatabaseBlocks(database, database, Duration.ofSeconds(10)),
                new ReloadOptions(ASKS, Duration.ofMinutes(5)));
    GridQueryEngine engine =
        new GridQueryEngine(
            node.hazelcast(),
            node.store().reader(),
            Optional.of(database),
            QueryOptions.defaults(),
            meters,
            () -> Instant.ofEpochMilli(now.get()),
            Optional.empty(),
            Retentions.UNLIMITED,
            demand);
    Member member = new Member(node, engine);
    members.add(member);
    return member;
  }

  /** Says of all shards that the database had nothing of them when they were made. */
  void restored() {
    // Partitions have no owners before something is asked of one.
    assertThat(members.getFirst().node.hazelcast().getMap("any").size()).isZero();
    soon()
        .until(() -> {
          for (Member member : members) {
            for (int shard : member.node.store().shardsToRestore()) {
              member.node.store().directoryRestored(shard);
              member.node.store().restoredFrom(shard, START);
            }
          }
          return members.stream().mapToInt(member -> owned(member).size()).sum() == SHARDS
              && members.stream().allMatch(m -> m.node.store().shardsToRestore().isEmpty());
        });
    grid.awaitSafe();
  }

  void awaitSafe() {
    grid.awaitSafe();
  }

  static List<Integer> owned(Member member) {
    List<Integer> owned = new ArrayList<>();
    for (int shard = 0; shard < SHARDS; shard++) {
      try {
        owned.add(member.node.store().reader().read(shard, ShardView::shard));
      } catch (ShardMovedException e) {
        // Another's.
      }
    }
    return owned;
  }

  Member ownerOf(int shard) {
    return soon()
        .until(
            () -> members.stream().filter(member -> owned(member).contains(shard)).findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  static long startOf(long timeMs) {
    return BlockSpan.startOf(timeMs);
  }

  static Labels labels(int series) {
    return Labels.of("__name__", "m", "i", Integer.toString(series));
  }

  static int shardOf(int series) {
    return SeriesKey.of("a", labels(series)).shard(SHARDS);
  }

  /** Writes samples of one series until that is acknowledged. */
  void write(int series, long[] times, double[] values) {
    SeriesKey key = SeriesKey.of("a", labels(series));
    long[] ids = new long[times.length];
    Arrays.fill(ids, key.id());
    ShardBatch batch =
        new ShardBatch(
            0,
            times[0] < now.get() - RETENTION.toMillis(),
            times.length,
            ids,
            times,
            values,
            new int[times.length],
            List.of(new Birth(key.id(), "a", labels(series))));
    for (int attempt = 0; ; attempt++) {
      try {
        AppendOutcome outcome =
            members
                .getLast()
                .node
                .store()
                .write(key.shard(SHARDS), batch)
                .toCompletableFuture()
                .join();
        assertThat(outcome.status()).isEqualTo(AppendOutcome.Status.APPENDED);
        break;
      } catch (CompletionException e) {
        // A member left; it is not known who has it, so it is sent again.
        if (attempt == 20) {
          throw e;
        }
      }
    }
    NavigableMap<Long, Double> samples = expected.computeIfAbsent(series, s -> new TreeMap<>());
    for (int i = 0; i < times.length; i++) {
      samples.put(times[i], values[i]);
    }
  }

  void write(int series, long time, double value) {
    write(series, new long[] {time}, new double[] {value});
  }

  /**
   * Writes a sample that is older than what memory keeps. Until it is committed nobody relies on
   * it, and any value of its time is right that was so far.
   */
  void writeOld(int series, long time, double value) {
    Set<Double> values =
        unacknowledged
            .computeIfAbsent(series, s -> new HashMap<>())
            .computeIfAbsent(time, t -> new HashSet<>());
    values.add(expected.get(series).getOrDefault(time, Double.NaN));
    values.add(value);
    write(series, time, value);
  }

  /** Writes a sample a minute for one block. */
  void fill(int series, long blockStartMs) {
    long[] times = new long[120];
    double[] values = new double[120];
    for (int i = 0; i < times.length; i++) {
      times[i] = blockStartMs + i * 60_000L;
      values[i] = series + i / 100.0;
    }
    write(series, times, values);
  }

  /** Stores what waits in the journal. */
  void commit() {
    IMap<JournalKey, JournalBatch> journal =
        members.getLast().node.hazelcast().getMap(GridNames.JOURNAL);
    List<JournalKey> keys = new ArrayList<>(journal.keySet());
    keys.sort(Comparator.comparingLong(JournalKey::sequence));
    for (JournalKey key : keys) {
      database.store(journal.get(key));
      journal.delete(key);
    }
    unacknowledged.clear();
  }

  /** Lets the clock run until nothing is in memory of blocks that began before a time. */
  void evictBefore(long timeMs) {
    now.set(Math.max(now.get(), timeMs + BLOCK + RETENTION.toMillis()));
    soon()
        .until(() -> {
          now.addAndGet(10_000);
          return members.stream()
              .allMatch(member ->
                  owned(member).stream().allMatch(shard -> wholeFromMs(member, shard) >= timeMs));
        });
  }

  private static long wholeFromMs(Member member, int shard) {
    return read(member, shard, ShardView::wholeFromMs).orElse(Long.MIN_VALUE);
  }

  private static <T> Optional<T> read(
      Member member, int shard, java.util.function.Function<ShardView, T> reading) {
    try {
      return Optional.of(member.node.store().reader().read(shard, reading));
    } catch (ShardMovedException e) {
      return Optional.empty();
    }
  }

  /** Tells whether the owner of a series has a block of it whole in memory. */
  boolean isWhole(int series, long blockStartMs) {
    int shard = shardOf(series);
    return read(ownerOf(shard), shard, ShardView::coverage)
        .map((Coverage coverage) ->
            coverage.lacking(blockStartMs, blockStartMs + BLOCK - 1).isEmpty())
        .orElse(false);
  }

  /** Asks for a series and compares it with what was written. */
  void check(int series, long fromMs, long toMs) {
    NavigableMap<Long, Double> found = query(series, fromMs, toMs);
    NavigableMap<Long, Double> right =
        new TreeMap<>(expected.get(series).subMap(fromMs, true, toMs, true));
    unacknowledged
        .getOrDefault(series, Map.of())
        .forEach((time, values) -> {
          if (time >= fromMs && time <= toMs) {
            assertThat(values).contains(found.getOrDefault(time, Double.NaN));
            found.remove(time);
            right.remove(time);
          }
        });
    assertThat(found).isEqualTo(right);
  }

  void checkBlock(int series, long blockStartMs) {
    check(series, blockStartMs, blockStartMs + BLOCK - 1);
  }

  private NavigableMap<Long, Double> query(int series, long fromMs, long toMs) {
    List<SeriesSamples> found =
        ownerOf(shardOf(series))
            .engine
            .select(
                "a",
                List.of(
                    Matcher.equal("__name__", "m"), Matcher.equal("i", Integer.toString(series))),
                new TimeRange(fromMs, toMs),
                QueryContext.of(Duration.ofSeconds(20)));
    NavigableMap<Long, Double> samples = new TreeMap<>();
    for (SeriesSamples one : found) {
      for (int i = 0; i < one.size(); i++) {
        samples.put(one.times()[i], one.values()[i]);
      }
    }
    return samples;
  }

  /** Asks as often as brings a block back. */
  void ask(int series, long blockStartMs) {
    for (int i = 0; i < ASKS; i++) {
      checkBlock(series, blockStartMs);
    }
  }

  void awaitWhole(int series, long blockStartMs) {
    soon().until(() -> isWhole(series, blockStartMs));
  }

  double count(String meter) {
    return meters.find(meter).counters().stream().mapToDouble(c -> c.count()).sum();
  }

  @Override
  public void close() {
    members.forEach(member -> member.engine.close());
    grid.close();
  }
}
