package io.tidegrid.rollup;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.pipeline.SourceBuilder.SourceBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Looks several times a second at what is dirty on its member; each look is also the heartbeat by
 * which the schedule notices that time has passed. One thread at a time.
 */
final class DirtPoll {

  private static final System.Logger LOG = System.getLogger(DirtPoll.class.getName());
  private static final long INTERVAL_NANOS = 250_000_000;

  /** Looks at very many spans come less often, so that they take at most 2.5 % of a core. */
  private static final long REST_FACTOR = 40;

  private final HazelcastInstance member;
  private long nextNanos = System.nanoTime();
  private boolean failing;

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
      buffer.add(look(found.get()));
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

  private static Look look(RollupPorts ports) {
    boolean open = ports.sink().isOpen();
    List<DirtySpan> dirty = ports.source().dirty();
    return new Look(ports, ports.clock().millis(), open, dirty);
  }
}
