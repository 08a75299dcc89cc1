package io.tidegrid.alerting;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.IExecutorService;
import com.hazelcast.map.IMap;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.TenantEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.persist.TenantArchive;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Things of tenants that every member knows all of: rules, silences. A change is in the database
 * first, then in a map of the grid, and then every member is told; it is over when all have
 * answered, or had two seconds to. Safe for use by many threads.
 *
 * @param <V> what is kept
 */
final class SharedTable<V extends TenantEntry> {

  private static final System.Logger LOG = System.getLogger(SharedTable.class.getName());

  private static final long ANSWER_MS = 2_000;
  private static final long LOCK_SECONDS = 10;
  private static final long LEASE_SECONDS = 60;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

  /** As long as alerts of a deleted rule are remembered, and then some. */
  private static final long GONE_NANOS = TimeUnit.HOURS.toNanos(1);

  private final HazelcastInstance hazelcast;
  private final String name;
  private final Class<V> type;
  private final IMap<TenantKey, V> map;
  private final IMap<String, Long> meta;
  private final IExecutorService executor;
  private final Optional<TenantArchive<V>> archive;
  private final Map<String, Map<String, V>> known = new ConcurrentHashMap<>();
  private final Map<TenantKey, Gone<V>> gone = new ConcurrentHashMap<>();
  private final AtomicLong changes = new AtomicLong(1);
  private volatile boolean loaded;
  private final CountDownLatch firstLoad = new CountDownLatch(1);
  private volatile boolean partitionLost;

  private record Gone<V>(Optional<V> last, long nanos) {}

  SharedTable(
      HazelcastInstance hazelcast, String name, Class<V> type, Optional<TenantArchive<V>> archive) {
    this.hazelcast = hazelcast;
    this.name = name;
    this.type = type;
    this.map = hazelcast.getMap(name);
    this.meta = hazelcast.getMap(GridNames.ALERT_META);
    this.executor = hazelcast.getExecutorService(GridNames.ALERT_EXECUTOR);
    this.archive = archive;
  }

  String name() {
    return name;
  }

  /** Returns a number that is another one whenever something changed. */
  long changes() {
    return changes.get();
  }

  boolean isLoaded() {
    return loaded;
  }

  /**
   * Says no while it is not known what there is. A node that has just started is given a moment: it
   * answers before its rules are read, and who waits for it to be ready asks at once.
   *
   * @throws TidegridException {@code STORAGE_AWAY}
   */
  void requireLoaded() {
    if (!loaded && !isLoadedSoon()) {
      throw TidegridException.retryable(
          ErrorCode.STORAGE_AWAY,
          "the " + name + " are not loaded from the database yet: send it again later",
          RETRY_AFTER);
    }
  }

  private boolean isLoadedSoon() {
    try {
      return firstLoad.await(ANSWER_MS, TimeUnit.MILLISECONDS) && loaded;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  Collection<V> of(String tenant) {
    return known.getOrDefault(tenant, Map.of()).values();
  }

  List<V> all() {
    List<V> all = new ArrayList<>();
    known.values().forEach(values -> all.addAll(values.values()));
    return all;
  }

  Optional<V> find(TenantKey key) {
    return Optional.ofNullable(known.getOrDefault(key.tenant(), Map.of()).get(key.id()));
  }

  /** Returns what the grid has, which may be newer than what is known here; a call over the net. */
  Optional<V> findInGrid(TenantKey key) {
    return Optional.ofNullable(map.get(key));
  }

  /** Returns it, also when it was taken away a short while ago. */
  Optional<V> findLast(TenantKey key) {
    return find(key).or(() -> Optional.ofNullable(gone.get(key)).flatMap(Gone::last));
  }

  /** Does something while nobody else in the cluster changes what the tenant has. */
  <T> T locked(String tenant, Supplier<T> work) {
    requireLoaded();
    TenantKey lock = new TenantKey(tenant, "");
    boolean held = false;
    try {
      held = map.tryLock(lock, LOCK_SECONDS, TimeUnit.SECONDS, LEASE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!held) {
      throw TidegridException.retryable(
          ErrorCode.NOT_READY, "others are changing the " + name + " now", RETRY_AFTER);
    }
    try {
      return work.get();
    } finally {
      map.unlock(lock);
    }
  }

  /** Writes a new thing, or a new version; inside {@link #locked}. */
  void put(V value) {
    archive.ifPresent(database -> database.save(value));
    map.set(value.key(), value);
    tellAll(value.key(), Optional.of(value));
  }

  /** Takes a thing away; inside {@link #locked}. */
  void remove(TenantKey key) {
    archive.ifPresent(database -> database.delete(key));
    map.delete(key);
    tellAll(key, Optional.empty());
  }

  private void tellAll(TenantKey key, Optional<TenantEntry> value) {
    changed(key, value);
    Map<Member, Future<Boolean>> answers = new HashMap<>();
    for (Member member : hazelcast.getCluster().getMembers()) {
      if (!member.localMember()) {
        try {
          answers.put(member, executor.submitToMember(new TableChanged(name, key, value), member));
        } catch (RejectedExecutionException | HazelcastException e) {
          silent(member, e);
        }
      }
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MS);
    answers.forEach((member, answer) -> {
      try {
        // One that is just starting reads the map after it was written.
        Boolean ignored =
            answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        silent(member, e);
      }
    });
  }

  private void silent(Member member, Exception e) {
    LOG.log(
        System.Logger.Level.WARNING,
        "{0} did not answer about changed {1}; it will find out by itself: {2}",
        member.getAddress(),
        name,
        String.valueOf(e));
  }

  /** Takes note of a change. */
  void changed(TenantKey key, Optional<TenantEntry> value) {
    if (value.isEmpty()) {
      forget(key);
    } else if (!gone.containsKey(key)) {
      V now = type.cast(value.get());
      var _ =
          known
              .computeIfAbsent(key.tenant(), t -> new ConcurrentHashMap<>())
              .merge(key.id(), now, (old, other) -> other.version() > old.version() ? other : old);
      var _ = changes.incrementAndGet();
    }
  }

  private void forget(TenantKey key) {
    Optional<V> last =
        Optional.ofNullable(known.get(key.tenant())).map(values -> values.remove(key.id()));
    var _ = gone.putIfAbsent(key, new Gone<>(last, System.nanoTime()));
    var _ = changes.incrementAndGet();
  }

  /**
   * Learns what there is: from the grid, or, when the grid has just started, from the database.
   *
   * @throws RuntimeException when that cannot be done now
   */
  void load() {
    if (loaded) {
      return;
    }
    if (archive.isPresent() && !meta.containsKey(name)) {
      loadArchive(archive.get());
    }
    map.values().forEach(value -> changed(value.key(), Optional.of(value)));
    loaded = true;
    firstLoad.countDown();
    var _ = changes.incrementAndGet();
  }

  /** Until this is done nobody in the cluster changes anything. */
  private void loadArchive(TenantArchive<V> database) {
    meta.lock(name, LEASE_SECONDS, TimeUnit.SECONDS);
    try {
      if (!meta.containsKey(name)) {
        Map<TenantKey, V> stored = new HashMap<>();
        database.loadAll().forEach(value -> stored.put(value.key(), value));
        stored.keySet().removeAll(gone.keySet());
        stored.keySet().removeAll(map.keySet());
        map.putAll(stored);
        meta.set(name, (long) stored.size());
      }
    } finally {
      meta.unlock(name);
    }
  }

  void partitionLost() {
    partitionLost = true;
  }

  /** Compares what is known here with the grid, and each with the database. */
  void repair() {
    if (!loaded) {
      return;
    }
    boolean lost = partitionLost;
    partitionLost = false;
    gone.values().removeIf(old -> System.nanoTime() - old.nanos() > GONE_NANOS);
    Map<TenantKey, V> here = new HashMap<>();
    all().forEach(value -> here.put(value.key(), value));
    for (V value : map.values()) {
      V mine = here.get(value.key());
      if (mine == null || mine.version() <= value.version()) {
        boolean news = mine == null || mine.version() < value.version();
        if (news) {
          changed(value.key(), Optional.of(value));
        }
        var _ = here.remove(value.key());
      }
    }
    here.values().forEach(value -> repair(value, lost));
  }

  /**
   * One that the grid lacks, or has in an older version, was taken away unheard, or went down with
   * its members, or was overtaken by the other half of a cluster that had split.
   */
  private void repair(V value, boolean lost) {
    locked(
        value.key().tenant(),
        () -> {
          Optional<V> there = Optional.ofNullable(map.get(value.key()));
          boolean older = there.map(any -> any.version() < value.version()).orElse(true);
          if (older && find(value.key()).isPresent()) {
            Optional<V> stays =
                archive.isPresent()
                    ? archive.get().find(value.key())
                    : Optional.of(value).filter(any -> lost || there.isPresent());
            stays.ifPresentOrElse(
                stored -> map.set(stored.key(), stored), () -> forget(value.key()));
          }
          return true;
        });
  }
}
