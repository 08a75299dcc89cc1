package io.tidegrid.live;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.Config;
import com.hazelcast.config.ExecutorConfig;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A member's part in streaming samples to those who want to see them. Every member tells every
 * other what its receivers ask for; the owner of a shard matches what the shard takes, and sends
 * what matches to the members that asked. Nothing is matched or kept while nobody asks.
 *
 * <p>Three threads: one matches, one delivers, and one for each other member with filters sends.
 * All queues between them are bounded. Safe for use by many threads.
 */
public final class LiveHub implements LiveStreams, AutoCloseable {

  static final String USER_CONTEXT_KEY = "tidegrid.live.hub";
  static final String EXECUTOR = "live";

  private static final System.Logger LOG = System.getLogger(LiveHub.class.getName());
  private static final int EXECUTOR_THREADS = 4;

  /** Matched samples that may wait for a member or for delivery. */
  private static final int MAX_WAITING = 200_000;

  /** Samples that come within this time travel together; the first of them at once. */
  private static final long GATHER_MS = 5;

  private static final long RETRY_MS = 100;
  private static final long ANNOUNCE_SECONDS = 2;

  private final HazelcastInstance hazelcast;
  private final Calls calls;
  private final BatchQueue arrivals = new BatchQueue(MAX_WAITING);
  private final FilterTable filters;
  private final LocalStreams streams;
  private final SampleMatcher matcher;
  private final Map<UUID, Peer> peers = new ConcurrentHashMap<>();
  private final Thread matching;
  private final Thread delivering;
  private final UUID listener;
  private volatile boolean closed;

  private LiveHub(HazelcastInstance hazelcast, MeterRegistry meters) {
    this.hazelcast = hazelcast;
    this.calls = new Calls(hazelcast);
    this.filters = new FilterTable(new Target(arrivals), this::targetOf);
    this.streams = new LocalStreams(filters, new ToPeers());
    this.matcher =
        new SampleMatcher(
            filters,
            Counter.builder("tidegrid.live.skipped")
                .description("Samples that came faster than they could be matched for streams")
                .register(meters));
    Gauge.builder("tidegrid.live.subscriptions", streams, LocalStreams::subscriptions)
        .description("Subscriptions to live samples on this member")
        .register(meters);
    this.matching = Thread.ofPlatform().daemon().name("tidegrid-live-match").unstarted(this::match);
    this.delivering =
        Thread.ofPlatform().daemon().name("tidegrid-live-deliver").unstarted(this::deliver);
    this.listener = hazelcast.getCluster().addMembershipListener(new Membership());
  }

  /** Adds to a member's configuration what the members need to ask each other. */
  public static void configure(Config config) {
    config
        .getSerializationConfig()
        .addDataSerializableFactory(LiveSerializers.FACTORY_ID, new LiveSerializers());
    config.addExecutorConfig(new ExecutorConfig(EXECUTOR, EXECUTOR_THREADS));
  }

  /**
   * Starts the hub of a member that was set up by {@link #configure}. To be called before the
   * member takes samples: it learns first what the other members ask for.
   *
   * @param meters where to count
   */
  public static LiveHub start(HazelcastInstance hazelcast, MeterRegistry meters) {
    LiveHub hub = new LiveHub(hazelcast, meters);
    hub.matching.start();
    hub.delivering.start();
    hazelcast.getUserContext().put(USER_CONTEXT_KEY, hub);
    for (Member member : hazelcast.getCluster().getMembers()) {
      hub.meet(member);
    }
    hub.inquire();
    return hub;
  }

  /** Returns where the member's store shows what its shards take. */
  public SampleTap tap() {
    return matcher;
  }

  @Override
  public LiveStream open(LiveReceiver receiver) {
    return streams.open(receiver);
  }

  /** Ends all streams; what receivers have got stays with them. */
  @Override
  public void close() {
    closed = true;
    hazelcast.getUserContext().remove(USER_CONTEXT_KEY, this);
    peers.values().forEach(Peer::close);
    filters.close();
    matching.interrupt();
    delivering.interrupt();
    if (hazelcast.getLifecycleService().isRunning()) {
      boolean ignored = hazelcast.getCluster().removeMembershipListener(listener);
    }
  }

  // ---- what other members ask

  long announced(FilterUpdate update) {
    long known = filters.apply(update);
    if (!isMember(update.member())) {
      // It left while its last words were on their way.
      filters.remove(update.member());
    } else if (filters.isEmpty()) {
      matcher.forget();
    }
    return known;
  }

  FilterUpdate ownFilters() {
    return streams.all(self());
  }

  void received(BatchQueue.Taken taken) {
    taken.batches().forEach(arrivals::add);
    arrivals.addLost(taken.lost());
  }

  // ---- what this one asks of others

  private UUID self() {
    return hazelcast.getCluster().getLocalMember().getUuid();
  }

  private boolean isMember(UUID member) {
    return find(member).isPresent();
  }

  private Optional<Member> find(UUID uuid) {
    return hazelcast.getCluster().getMembers().stream()
        .filter(member -> member.getUuid().equals(uuid))
        .findFirst();
  }

  private final class Membership implements MembershipListener {
    @Override
    public void memberAdded(MembershipEvent event) {
      meet(event.getMember());
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
      UUID uuid = event.getMember().getUuid();
      Peer peer = peers.remove(uuid);
      if (peer != null) {
        peer.close();
      }
      filters.remove(uuid);
    }
  }

  private void meet(Member member) {
    if (member.localMember() || closed) {
      return;
    }
    Peer peer =
        peers.computeIfAbsent(
            member.getUuid(),
            uuid -> {
              Peer met = new Peer(member, this::ownFilters, calls);
              met.start();
              return met;
            });
    peer.want(streams.version());
  }

  /** Learns the filters of the members that are there already. */
  private void inquire() {
    try {
      for (Member member : hazelcast.getCluster().getMembers()) {
        if (!member.localMember()) {
          calls
              .ask(new InquireTask(), member)
              .flatMap(FiltersReply::filters)
              .ifPresent(this::announced);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private final class ToPeers implements LocalStreams.Announcer {
    @Override
    public void changed(long version) {
      peers.values().forEach(peer -> peer.want(version));
      if (filters.isEmpty()) {
        matcher.forget();
      }
    }

    @Override
    public void await(long version) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(ANNOUNCE_SECONDS);
      try {
        for (Peer peer : peers.values()) {
          peer.await(version, deadline);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Target targetOf(UUID member) {
    BatchQueue queue = new BatchQueue(MAX_WAITING);
    Thread.ofVirtual().name("tidegrid-live-send-" + member).start(() -> send(queue, member));
    return new Target(queue);
  }

  private void send(BatchQueue queue, UUID uuid) {
    try {
      while (!queue.isClosed()) {
        BatchQueue.Taken taken = queue.take();
        Optional<Member> member = find(uuid);
        if (member.isEmpty() || queue.isClosed()) {
          continue;
        }
        if (calls.ask(new DeliverTask(taken), member.get()).orElse(false)) {
          TimeUnit.MILLISECONDS.sleep(GATHER_MS);
        } else {
          Map<Integer, Long> lost = new HashMap<>(taken.lost());
          taken.batches().forEach(batch -> batch.count(lost));
          queue.addLost(lost);
          TimeUnit.MILLISECONDS.sleep(RETRY_MS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the threads

  private void match() {
    while (!closed) {
      try {
        matcher.matchNext();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "matching samples for streams failed", e);
      }
    }
  }

  private void deliver() {
    while (!closed) {
      try {
        BatchQueue.Taken taken = arrivals.take();
        taken.batches().forEach(streams::deliver);
        streams.lost(taken.lost());
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "delivering samples to streams failed", e);
      }
    }
  }
}
