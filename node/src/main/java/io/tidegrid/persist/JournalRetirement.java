package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import io.tidegrid.grid.JournalKey;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Empties the journal of a cluster without a database: what owner and backups hold is committed
 * there. Entries stay for some seconds, in which whoever follows the journal reads them.
 */
public final class JournalRetirement implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(JournalRetirement.class.getName());
  private static final int KEPT_SECONDS = 3;

  private final LocalJournal journal;

  /** For each partition the highest sequence of each of the last passes, the oldest first. */
  private final long[][] passes;

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("tidegrid-journal-retirement").factory());

  private JournalRetirement(HazelcastInstance hazelcast) {
    this.journal = new LocalJournal(hazelcast);
    this.passes = new long[journal.partitions()][KEPT_SECONDS];
  }

  /** Begins to retire the entries that this member owns. */
  public static JournalRetirement start(HazelcastInstance hazelcast) {
    JournalRetirement retirement = new JournalRetirement(hazelcast);
    var _ = retirement.timer.scheduleWithFixedDelay(retirement::pass, 1, 1, TimeUnit.SECONDS);
    return retirement;
  }

  private void pass() {
    for (int partition = 0; partition < passes.length; partition++) {
      try {
        retire(partition);
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.DEBUG, "the journal is retired a second later", e);
      }
    }
  }

  private void retire(int partition) {
    List<JournalKey> keys =
        journal.scan(partition).stream()
            .flatMap(found -> found.entries().stream())
            .map(LocalJournal.Entry::key)
            .toList();
    long[] seen = passes[partition];
    long through = seen[0];
    journal.evict(keys.stream().filter(key -> key.sequence() <= through).toList());
    System.arraycopy(seen, 1, seen, 0, seen.length - 1);
    seen[seen.length - 1] =
        Math.max(
            Arrays.stream(seen).max().orElse(0),
            keys.stream().mapToLong(JournalKey::sequence).max().orElse(0));
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
