package io.tidegrid.alert;

import com.hazelcast.core.HazelcastInstance;
import java.time.InstantSource;
import java.util.Optional;

/**
 * What the job works with on one member. A member takes part while its ports are installed; the job
 * runs on members without them too, and does nothing there. Immutable.
 *
 * @param rules the rules
 * @param feed shows what the member's shards take; the same that was given to the store
 * @param source reads the member's shards
 * @param groups evaluates rules that belong to no one series
 * @param ledger where states are recorded
 * @param clock whose time lets clocks run
 * @param listener is told what was done
 */
public record AlertPorts(
    RuleBook rules,
    AlertFeed feed,
    AlertSource source,
    GroupSource groups,
    AlertLedger ledger,
    InstantSource clock,
    EvaluationOptions options,
    AlertListener listener) {

  /** The key in the user context of a member under which its ports are found. */
  public static final String CONTEXT_KEY = "io.tidegrid.alert.ports";

  /** Makes a member take part. Replaces what was installed. */
  public void install(HazelcastInstance member) {
    member.getUserContext().put(CONTEXT_KEY, this);
  }

  /** Makes a member take no more part. They are not installed again. */
  public void remove(HazelcastInstance member) {
    boolean ignored = member.getUserContext().remove(CONTEXT_KEY, this);
    feed.end();
  }

  /** Returns the ports of a member; empty when it takes no part. */
  static Optional<AlertPorts> of(HazelcastInstance member) {
    return member.getUserContext().get(CONTEXT_KEY) instanceof AlertPorts ports
        ? Optional.of(ports)
        : Optional.empty();
  }
}
