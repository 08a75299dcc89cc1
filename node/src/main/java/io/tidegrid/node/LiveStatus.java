package io.tidegrid.node;

import com.hazelcast.core.HazelcastInstance;
import io.tidegrid.http.NodeStatus;
import io.tidegrid.persist.DatabaseStatus;
import io.tidegrid.persist.Persistence;
import io.tidegrid.store.SeriesStore;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What a running node says of itself. */
final class LiveStatus implements NodeStatus {

  private static final Duration MEMORY_FIGURES_LIVE = Duration.ofSeconds(5);

  private final HazelcastInstance hazelcast;
  private final SeriesStore store;
  private final Optional<Persistence> persistence;
  private final Instant startedAt;
  private final InstantSource clock;
  private volatile boolean serving;
  private volatile Figures figures = new Figures(Instant.MIN, 0, 0, 0);

  /** Counting walks over all series, so one count serves for a while. */
  private record Figures(Instant at, long series, long samples, long bytes) {}

  LiveStatus(
      HazelcastInstance hazelcast,
      SeriesStore store,
      Optional<Persistence> persistence,
      Instant startedAt,
      InstantSource clock) {
    this.hazelcast = hazelcast;
    this.store = store;
    this.persistence = persistence;
    this.startedAt = startedAt;
    this.clock = clock;
  }

  void started() {
    serving = true;
  }

  void stopping() {
    serving = false;
  }

  /** Waits until queries on this member's shards can be answered. */
  void awaitDirectory(Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    // A member that owns nothing yet lacks nothing: it would be ready before it knows its series.
    while ((!partitionsAssigned() || !store.directoriesWhole()) && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /** To ask for an owner has the cluster choose one. */
  private boolean partitionsAssigned() {
    return hazelcast.getPartitionService().getPartitions().stream()
        .noneMatch(partition -> partition.getOwner() == null);
  }

  @Override
  public boolean ready() {
    // A node whose backlog is full still answers queries, but takes nothing.
    return serving
        && live()
        && persistence.map(database -> !database.status().backlogFull()).orElse(true);
  }

  @Override
  public boolean live() {
    return hazelcast.getLifecycleService().isRunning();
  }

  @Override
  public String version() {
    return Version.text();
  }

  @Override
  public Duration uptime() {
    return Duration.between(startedAt, clock.instant());
  }

  @Override
  public List<String> members() {
    if (!live()) {
      return List.of();
    }
    List<String> addresses = new ArrayList<>();
    hazelcast
        .getCluster()
        .getMembers()
        .forEach(member -> {
          String address = member.getAddress().getHost() + ":" + member.getAddress().getPort();
          if (member.localMember()) {
            addresses.addFirst(address);
          } else {
            addresses.add(address);
          }
        });
    return addresses;
  }

  @Override
  public List<Component> components() {
    List<Component> components = new ArrayList<>();
    components.add(new Component("grid", live(), gridText()));
    persistence.ifPresent(database -> {
      DatabaseStatus status = database.status();
      components.add(
          new Component(
              "database",
              status.connected() && status.writable(),
              status.problem().isEmpty() ? status.product() : problem(status)));
      components.add(
          new Component(
              "write-behind",
              !status.backlogFull(),
              status.pendingSamples()
                  + " samples pending"
                  + (status.backlogFull()
                      ? "; writes are refused until the database takes them"
                      : "")));
    });
    return components;
  }

  private static String problem(DatabaseStatus status) {
    return status.problem() + status.since().map(since -> ", since " + since).orElse("");
  }

  private String gridText() {
    if (!live()) {
      return "stopped";
    }
    boolean safe = hazelcast.getPartitionService().isLocalMemberSafe();
    return members().size() + " member(s), " + (safe ? "backed up" : "copying to backups");
  }

  @Override
  public Database database() {
    if (persistence.isEmpty()) {
      return Database.none();
    }
    DatabaseStatus status = persistence.get().status();
    Map<String, Long> pool = new LinkedHashMap<>();
    pool.put("active", (long) status.active());
    pool.put("idle", (long) status.idle());
    pool.put("total", (long) status.total());
    pool.put("waiting", (long) status.waiting());
    return new Database(
        status.connected(),
        status.product(),
        status.timescaledb(),
        pool,
        status.pendingSamples(),
        status.oldestMs(),
        status.writable(),
        status.cause(),
        status.problem(),
        status.since(),
        status.pendingBytes(),
        status.maxPendingBytes(),
        status.backlogFull(),
        status.deadLetters());
  }

  @Override
  public Memory memory() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    Figures now = figures;
    if (live() && now.at.plus(MEMORY_FIGURES_LIVE).isBefore(clock.instant())) {
      now = new Figures(clock.instant(), store.series(), store.samples(), store.heapBytes());
      figures = now;
    }
    return new Memory(heap.getUsed(), heap.getMax(), now.samples, now.bytes, now.series);
  }
}
