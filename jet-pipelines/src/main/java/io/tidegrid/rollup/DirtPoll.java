package io.tidegrid.rollup;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.pipeline.SourceBuilder.SourceBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Looks several times a second at what is dirty on its member, and sends on what is new, once a
 * second in any case. One thread at a time.
 */
final class DirtPoll {

  private static final System.Logger LOG = System.getLogger(DirtPoll.class.getName());
  private static final long INTERVAL_NANOS = 250_000_000;

  /** Looks at very many spans come less often, so that they take at most 2.5 % of a core. */
  private static final long REST_FACTOR = 40;

  /** How often a look goes on at least, so that the schedule notices that time has passed. */
  private static final long HEARTBEAT_NANOS = 1_000_000_000;

  private final HazelcastInstance member;
  private long nextNanos = System.nanoTime();
  private boolean failing;

  /** The look that was sent last; null before the first. */
  private Look last;

  private long sentNanos;

  DirtPoll(HazelcastInstance member) {
    this.member = member;
  }

  void fill(SourceBuffer<Look> buffer) {
    long before = System.nanoTime();
    if (before - nextNanos < 0) {
      return;
    }
    nextNanos = before + INTERVAL_NANOS;
    Optional<RollupPorts> found = RollupPorts.of(member);
    if (found.isEmpty()) {
      return;
    }
    try {
      Look look = look(found.get());
      if (isNews(look, before)) {
        last = look;
        sentNanos = before;
        buffer.add(look);
      }
      failing = false;
    } catch (RuntimeException e) {
      // The next look may go better, and an exception would end the job for every member.
      if (!failing && member.getLifecycleService().isRunning()) {
        LOG.log(System.Logger.Level.WARNING, "a look at what is to be rolled up failed", e);
      }
      failing = true;
    }
    long after = System.nanoTime();
    nextNanos = after + Math.max(INTERVAL_NANOS, REST_FACTOR * (after - before));
  }

  /** On an idle member nearly every look is like the one before; those wake nobody. */
  private boolean isNews(Look look, long nowNanos) {
    return last == null
        || nowNanos - sentNanos >= HEARTBEAT_NANOS
        || last.ports() != look.ports()
        || last.open() != look.open()
        || !look.ports().outcomes().isEmpty()
        || !last.dirty().equals(look.dirty());
  }

  private static Look look(RollupPorts ports) {
    boolean open = ports.sink().isOpen();
    List<DirtySpan> dirty = ports.source().dirty();
    return new Look(ports, ports.clock().millis(), open, dirty);
  }
}
