package io.tidegrid.rollup;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.Partition;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The shards of a whole cluster and the database behind it, as far as rollups see them: what is
 * dirty through which sequence. Outlives any member.
 */
final class FakeShards {

  record Span(int shard, Tier tier, long startMs) {}

  record Put(DirtySpan span, long sequence, String member) {}

  final Map<Span, Long> dirt = new ConcurrentHashMap<>();
  final List<Put> puts = new CopyOnWriteArrayList<>();
  final Set<Span> failing = ConcurrentHashMap.newKeySet();
  final Set<Span> unreadable = ConcurrentHashMap.newKeySet();
  final Set<Span> gone = ConcurrentHashMap.newKeySet();
  final List<DirtySpan> refused = new CopyOnWriteArrayList<>();
  final AtomicInteger looks = new AtomicInteger();
  final AtomicInteger failures = new AtomicInteger();
  volatile boolean open = true;
  volatile boolean committing = true;

  void write(int shard, Tier tier, long startMs, long sequence) {
    dirt.merge(new Span(shard, tier, startMs), sequence, Math::max);
  }

  boolean isClean() {
    return dirt.isEmpty();
  }

  /** Makes a member work on those of the shards that it owns. */
  RollupPorts install(HazelcastInstance member, ManualClock clock, RollupOptions options) {
    RollupPorts ports =
        new RollupPorts(
            new Source(member), new Sink(member.getName()), clock, options, new Listener());
    ports.install(member);
    return ports;
  }

  private final class Source implements WindowSource {
    private final HazelcastInstance member;
    private final List<Partition> partitions;

    Source(HazelcastInstance member) {
      this.member = member;
      this.partitions =
          member.getPartitionService().getPartitions().stream()
              .sorted(Comparator.comparingInt(Partition::getPartitionId))
              .toList();
    }

    private boolean owns(int shard) {
      return member.getCluster().getLocalMember().equals(partitions.get(shard).getOwner());
    }

    @Override
    public List<DirtySpan> dirty() {
      List<DirtySpan> found = new ArrayList<>();
      dirt.forEach((span, sequence) -> {
        if (owns(span.shard)) {
          found.add(new DirtySpan(span.shard, span.tier, span.startMs, sequence));
        }
      });
      looks.incrementAndGet();
      return found;
    }

    @Override
    public Reading read(DirtySpan span) {
      Span of = new Span(span.shard(), span.tier(), span.startMs());
      if (failing.contains(of)) {
        throw new IllegalStateException("this span fails");
      }
      if (gone.contains(of)) {
        return new Gone();
      }
      if (unreadable.contains(of) || !owns(span.shard())) {
        return new NotNow("not now");
      }
      return new Content(
          dirt.getOrDefault(of, span.sequence()),
          consumer -> {
            RollupColumns windows = new RollupColumns();
            windows.add(span.startMs(), 2, 3, 1, 2, 1, 0, 2, 1, 1, 0, new byte[0]);
            consumer.accept(1, windows);
          });
    }

    @Override
    public void refuse(DirtySpan span) {
      refused.add(span);
      dirt.remove(new Span(span.shard(), span.tier(), span.startMs()));
    }
  }

  private final class Sink implements RollupSink {
    private final String member;

    Sink(String member) {
      this.member = member;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void put(DirtySpan span, RollupBlock figures) {
      puts.add(new Put(span, figures.sequence(), member));
      if (committing) {
        dirt.computeIfPresent(
            new Span(span.shard(), span.tier(), span.startMs()),
            (of, sequence) -> sequence <= figures.sequence() ? null : sequence);
      }
    }
  }

  private final class Listener implements RollupListener {
    @Override
    public void rolled(DirtySpan span, long windows, long samples, java.time.Duration took) {}

    @Override
    public void refused(DirtySpan span) {}

    @Override
    public void postponed(DirtySpan span, String reason) {}

    @Override
    public void failed(DirtySpan span, Throwable cause) {
      failures.incrementAndGet();
    }
  }
}
