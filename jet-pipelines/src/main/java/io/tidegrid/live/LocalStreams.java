package io.tidegrid.live;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The receivers of this member and what they asked for. Equal filters are one, however many
 * receivers have them. Safe for use by many threads; {@link #deliver} is for one.
 */
final class LocalStreams {

  private static final System.Logger LOG = System.getLogger(LocalStreams.class.getName());

  /** A filter that somebody here asked for. */
  private static final class Asked {
    private final int number;
    private final CopyOnWriteArrayList<Stream> streams = new CopyOnWriteArrayList<>();

    /** Only the delivering thread touches it. */
    private List<LiveSample> pending = new ArrayList<>();

    private Asked(int number) {
      this.number = number;
    }
  }

  /** Tells other members of this one's filters. */
  interface Announcer {
    /** Takes note of a version; returns at once. */
    void changed(long version);

    /** Waits until the other members know a version, or for two seconds. */
    void await(long version);
  }

  private final FilterTable table;
  private final Announcer announcer;
  private final Map<LiveFilter, Asked> byFilter = new HashMap<>();
  private final ConcurrentHashMap<Integer, Asked> byNumber = new ConcurrentHashMap<>();
  private final AtomicInteger subscriptions = new AtomicInteger();
  private int lastNumber;
  private long version;

  /**
   * @param table where this member's filters are entered
   * @param announcer tells the other members
   */
  LocalStreams(FilterTable table, Announcer announcer) {
    this.table = table;
    this.announcer = announcer;
  }

  int subscriptions() {
    return subscriptions.get();
  }

  synchronized long version() {
    return version;
  }

  /** Returns all filters of this member. */
  synchronized FilterUpdate all(UUID member) {
    Map<Integer, LiveFilter> filters = new HashMap<>();
    byFilter.forEach((filter, asked) -> filters.put(asked.number, filter));
    return new FilterUpdate(member, 0, version, filters, Set.of());
  }

  LiveStream open(LiveReceiver receiver) {
    return new Stream(receiver);
  }

  /** One receiver and its filters. */
  private final class Stream implements LiveStream {
    private final LiveReceiver receiver;
    private final Set<LiveFilter> filters = new HashSet<>();

    /** Only the delivering thread touches it. */
    private final List<List<LiveSample>> gathered = new ArrayList<>();

    private Stream(LiveReceiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public boolean subscribe(LiveFilter filter) {
      long announced;
      synchronized (LocalStreams.this) {
        if (!filters.add(filter)) {
          return false;
        }
        subscriptions.incrementAndGet();
        Asked asked = byFilter.get(filter);
        if (asked == null) {
          asked = new Asked(++lastNumber);
          byFilter.put(filter, asked);
          byNumber.put(asked.number, asked);
          asked.streams.add(this);
          table.putOwn(asked.number, filter);
          announcer.changed(++version);
        } else {
          asked.streams.add(this);
        }
        announced = version;
      }
      announcer.await(announced);
      return true;
    }

    @Override
    public boolean unsubscribe(LiveFilter filter) {
      synchronized (LocalStreams.this) {
        if (!filters.remove(filter)) {
          return false;
        }
        remove(filter);
      }
      return true;
    }

    private void remove(LiveFilter filter) {
      subscriptions.decrementAndGet();
      Asked asked = byFilter.get(filter);
      asked.streams.remove(this);
      if (asked.streams.isEmpty()) {
        byFilter.remove(filter);
        byNumber.remove(asked.number);
        table.removeOwn(asked.number);
        announcer.changed(++version);
      }
    }

    @Override
    public void close() {
      synchronized (LocalStreams.this) {
        filters.forEach(this::remove);
        filters.clear();
      }
    }
  }

  /** Hands samples to those who asked for them. */
  void deliver(LiveBatch batch) {
    List<Asked> touched = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      SeriesMatch match = batch.match(i);
      LiveSample sample = new LiveSample(match.labels(), batch.time(i), batch.value(i), i);
      for (int number : match.filters()) {
        Asked asked = byNumber.get(number);
        if (asked != null) {
          if (asked.pending.isEmpty()) {
            touched.add(asked);
          }
          asked.pending.add(sample);
        }
      }
    }
    List<Stream> receiving = new ArrayList<>();
    for (Asked asked : touched) {
      List<LiveSample> samples = asked.pending;
      asked.pending = new ArrayList<>();
      for (Stream stream : asked.streams) {
        if (stream.gathered.isEmpty()) {
          receiving.add(stream);
        }
        stream.gathered.add(samples);
      }
    }
    for (Stream stream : receiving) {
      List<LiveSample> samples =
          stream.gathered.size() == 1 ? stream.gathered.getFirst() : merged(stream.gathered);
      stream.gathered.clear();
      try {
        stream.receiver.deliver(samples);
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "a receiver of live samples failed", e);
      }
    }
  }

  /** Of samples that match several filters of one receiver each once, in their order. */
  private static List<LiveSample> merged(List<List<LiveSample>> lists) {
    return lists.stream()
        .flatMap(List::stream)
        .distinct()
        .sorted(Comparator.comparingInt(LiveSample::position))
        .toList();
  }

  /** Tells those who asked that samples were given up. */
  void lost(Map<Integer, Long> byNumberOfFilter) {
    byNumberOfFilter.forEach((number, count) -> {
      Asked asked = byNumber.get(number);
      if (asked != null) {
        asked.streams.forEach(stream -> stream.receiver.lost(count));
      }
    });
  }
}
