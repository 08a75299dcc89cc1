package io.tidegrid.rollup;

import com.hazelcast.core.HazelcastInstance;
import java.time.InstantSource;
import java.util.Optional;

/**
 * What the pipeline works with on one member. A member takes part while its ports are installed;
 * the job runs on members without them too, and does nothing there. Safe for use by many threads.
 */
public final class RollupPorts {

  /** The key in the user context of a member under which its ports are found. */
  public static final String CONTEXT_KEY = "io.tidegrid.rollup.ports";

  private final WindowSource source;
  private final RollupSink sink;
  private final InstantSource clock;
  private final RollupOptions options;
  private final RollupListener listener;
  private final SpanOutcomes outcomes = new SpanOutcomes();

  /**
   * @param clock whose time says which spans have ended
   * @param listener is told what was done
   */
  public RollupPorts(
      WindowSource source,
      RollupSink sink,
      InstantSource clock,
      RollupOptions options,
      RollupListener listener) {
    this.source = source;
    this.sink = sink;
    this.clock = clock;
    this.options = options;
    this.listener = listener;
  }

  /** Makes a member take part. Replaces what was installed. Ports are installed once. */
  public void install(HazelcastInstance member) {
    member.getUserContext().put(CONTEXT_KEY, this);
  }

  /** Makes a member take no more part; what it is computing it still hands over. */
  public void remove(HazelcastInstance member) {
    boolean ignored = member.getUserContext().remove(CONTEXT_KEY, this);
  }

  /** Returns the ports of a member; empty when it takes no part. */
  static Optional<RollupPorts> of(HazelcastInstance member) {
    return member.getUserContext().get(CONTEXT_KEY) instanceof RollupPorts ports
        ? Optional.of(ports)
        : Optional.empty();
  }

  WindowSource source() {
    return source;
  }

  RollupSink sink() {
    return sink;
  }

  InstantSource clock() {
    return clock;
  }

  RollupOptions options() {
    return options;
  }

  RollupListener listener() {
    return listener;
  }

  SpanOutcomes outcomes() {
    return outcomes;
  }
}
