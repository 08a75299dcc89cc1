package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceImpl;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.internal.partition.InternalPartition;
import com.hazelcast.internal.partition.InternalPartitionService;
import com.hazelcast.map.IMap;
import io.tidegrid.grid.GridNames;
import io.tidegrid.live.SampleTap;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;

/**
 * What this member needs beside the grid to work on shards: its clock, its gate, and references to
 * the shards it has seen on partition threads, so that readers need not go there.
 *
 * <p>A reference is good while its partition has the version it was taken at: every change of the
 * partition's replicas makes another version, and a partition that is being moved is marked so
 * before its new owner takes the first write.
 */
final class LocalShards implements ShardReader, WholeBlocks {

  private static final String CONTEXT_KEY = LocalShards.class.getName();
  private static final int ATTEMPTS = 3;

  /** A shard as it was the partition's at that version. */
  private record Seen(Shard shard, int version) {}

  private final StoreOptions options;
  private final InstantSource clock;
  private final BacklogGate gate;
  private final SampleTap tap;
  private final UUID member;
  private final InternalPartitionService partitions;
  private final IMap<Integer, Shard> map;
  private final int[] keys;
  private final AtomicReferenceArray<Seen> seen;
  private final LocalReplicas replicas;

  private LocalShards(
      HazelcastInstance hazelcast,
      StoreOptions options,
      InstantSource clock,
      BacklogGate gate,
      SampleTap tap) {
    this.options = options;
    this.clock = clock;
    this.gate = gate;
    this.tap = tap;
    this.member = hazelcast.getCluster().getLocalMember().getUuid();
    this.partitions = implementation(hazelcast).node.getPartitionService();
    this.map = hazelcast.getMap(GridNames.SHARDS);
    this.keys = ShardKeys.of(hazelcast);
    this.seen = new AtomicReferenceArray<>(keys.length);
    this.replicas = new LocalReplicas(hazelcast, keys);
  }

  /** Makes a member able to hold shards; to be called before the first of them is touched. */
  static LocalShards install(
      HazelcastInstance hazelcast,
      StoreOptions options,
      InstantSource clock,
      BacklogGate gate,
      SampleTap tap) {
    LocalShards local = new LocalShards(hazelcast, options, clock, gate, tap);
    hazelcast.getUserContext().put(CONTEXT_KEY, local);
    return local;
  }

  static LocalShards of(HazelcastInstance hazelcast) {
    Object installed = hazelcast.getUserContext().get(CONTEXT_KEY);
    if (installed instanceof LocalShards local) {
      return local;
    }
    throw new com.hazelcast.spi.exception.RetryableHazelcastException(
        "this member does not hold shards yet");
  }

  private static HazelcastInstanceImpl implementation(HazelcastInstance hazelcast) {
    return hazelcast instanceof HazelcastInstanceProxy proxy
        ? proxy.getOriginal()
        : (HazelcastInstanceImpl) hazelcast;
  }

  StoreOptions options() {
    return options;
  }

  BacklogGate gate() {
    return gate;
  }

  SampleTap tap() {
    return tap;
  }

  UUID member() {
    return member;
  }

  long nowMs() {
    return clock.millis();
  }

  java.time.Instant now() {
    return clock.instant();
  }

  int nowSeconds() {
    return (int) Math.floorDiv(clock.millis(), 1000L);
  }

  LocalReplicas replicas() {
    return replicas;
  }

  IMap<Integer, Shard> map() {
    return map;
  }

  int key(int shard) {
    return keys[shard];
  }

  /** Creates a shard that nobody has written to. */
  Shard create() {
    return options.database()
        ? new Shard(clock.millis() + options.maxFuture().toMillis(), false, newToken())
        : new Shard(Long.MIN_VALUE, true, newToken());
  }

  /** Returns a number that nobody had before, as far as 63 bits of chance can tell; above 0. */
  static long newToken() {
    return ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
  }

  /** Takes note of a shard; to be called on its partition's thread. */
  void see(int number, Shard shard) {
    int version = partitions.getPartition(number, false).version();
    Seen last = seen.get(number);
    if (last == null || last.shard != shard || last.version != version) {
      seen.set(number, new Seen(shard, version));
    }
  }

  @Override
  public int shards() {
    return keys.length;
  }

  boolean owns(int number) {
    return partitions.getPartition(number, false).isLocal();
  }

  List<Integer> owned() {
    List<Integer> owned = new ArrayList<>();
    for (int number = 0; number < keys.length; number++) {
      if (owns(number)) {
        owned.add(number);
      }
    }
    return owned;
  }

  /** Returns what is dirty of a shard of this member, once that is known. */
  RollupDirt dirt(int number) {
    return readShard(
        number,
        shard -> {
          if (!shard.directoryWhole()) {
            throw ShardMovedException.incomplete(number);
          }
          return shard.exactDirt();
        });
  }

  /** Returns the incarnation of a shard of this member that is to be restored; 0 if it is not. */
  long incarnationToRestore(int number) {
    return readShard(number, shard -> shard.isRestored() ? 0 : shard.incarnation());
  }

  /**
   * Returns the version of a shard's partition if this member owns it and it is not being moved,
   * else -1. What was decided under one version may not hold under another.
   */
  int ownedVersion(int number) {
    InternalPartition partition = partitions.getPartition(number, false);
    int version = partition.version();
    return partition.isLocal() && !partition.isMigrating() && partition.version() == version
        ? version
        : -1;
  }

  @Override
  public <T> T read(int number, Function<ShardView, T> reading) {
    return readShard(number, shard -> reading.apply(new LocalShardView(number, shard)));
  }

  /** Runs a reading over a shard; see {@link ShardReader#read}. */
  <T> T readShard(int number, Function<Shard, T> reading) {
    InternalPartition partition = partitions.getPartition(number, false);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int version = partition.version();
      if (!partition.isLocal() || partition.isMigrating()) {
        throw new ShardMovedException(number);
      }
      Seen found = seen.get(number);
      if (found == null || found.version != version) {
        map.executeOnKey(keys[number], new EnsureShardProcessor(number));
        continue;
      }
      T result = reading.apply(found.shard);
      if (partition.isLocal() && !partition.isMigrating() && partition.version() == version) {
        return result;
      }
    }
    throw new ShardMovedException(number);
  }

  @Override
  public Optional<WholeBlock> find(int number, long blockStartMs) {
    try {
      return readShard(
          number,
          shard ->
              shard
                  .whole(blockStartMs)
                  .map(whole -> new SealedWholeBlock(whole, shard.directory())));
    } catch (ShardMovedException e) {
      return Optional.empty();
    }
  }

  /** Sums up what this member owns. */
  ShardSize size() {
    ShardSize size = new ShardSize();
    for (int number : owned()) {
      Seen found = seen.get(number);
      if (found != null) {
        found.shard.addTo(size);
      }
    }
    return size;
  }
}
