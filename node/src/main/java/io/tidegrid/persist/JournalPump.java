package io.tidegrid.persist;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Stores the journal without pause while much waits. The write-behind queue lets every entry lie
 * for a second and works in rounds of a second; at full load that made the oldest entry ten seconds
 * old, and a node that is killed loses what it has not stored. What the pump stores is evicted
 * before the queue gets to it; what both store at once the ledger keeps single.
 */
final class JournalPump implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(JournalPump.class.getName());

  /** About a tenth of a million samples: below that the queue alone is quick enough. */
  private static final long MUCH_BYTES = 2L << 20;

  private static final long MAX_SAMPLES_AT_ONCE = 300_000;
  private static final long PAUSE_MS = 50;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final LocalJournal journal;
  private final JournalStore store;
  private final Database database;
  private final Thread thread;
  private volatile boolean closed;

  JournalPump(LocalJournal journal, JournalStore store, Database database) {
    this.journal = journal;
    this.store = store;
    this.database = database;
    this.thread = Thread.ofPlatform().name("tidegrid-pump").daemon().start(this::run);
  }

  private void run() {
    while (!closed) {
      try {
        if (journal.ownedBytes() < MUCH_BYTES || !database.isConnected()) {
          TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        } else {
          round();
        }
      } catch (InterruptedException e) {
        return;
      } catch (TidegridException e) {
        LOG.log(System.Logger.Level.DEBUG, "not pumped: {0}", e.getMessage());
      } catch (RuntimeException e) {
        if (!closed) {
          LOG.log(System.Logger.Level.WARNING, "the journal could not be pumped, again later", e);
        }
      }
    }
  }

  private void round() throws InterruptedException {
    Map<JournalKey, JournalBatch> batches = new HashMap<>();
    long samples = 0;
    for (int partition = 0; partition < journal.partitions(); partition++) {
      var scan = journal.scan(partition);
      if (scan.isEmpty()) {
        continue;
      }
      for (LocalJournal.Entry entry : scan.get().entries()) {
        if (!store.isInFlight(entry.key())) {
          JournalBatch batch = journal.batch(entry);
          batches.put(entry.key(), batch);
          samples += batch.size();
        }
      }
      if (samples >= MAX_SAMPLES_AT_ONCE) {
        store.storeAll(batches, PATIENCE);
        batches.clear();
        samples = 0;
      }
    }
    if (batches.isEmpty()) {
      // All of it is on its way already.
      TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
    } else {
      store.storeAll(batches, PATIENCE);
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
