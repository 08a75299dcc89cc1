package io.tidegrid.persist;

import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.HistoryEntry;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Sees to what the write-behind queues of alerts forgot. A backup drops queued entries ten seconds
 * after their time whether the owner stored them or not, and deletions with them; so the states of
 * each shard that this member has taken over are compared with the database. Alerts of the past
 * that no queue holds are stored when they have lain for a while. Old ones are dropped, by the
 * owner of the first partition.
 */
final class AlertSweeper implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(AlertSweeper.class.getName());

  private static final Duration INTERVAL = Duration.ofSeconds(2);
  private static final Duration HISTORY_AGE = Duration.ofSeconds(10);
  private static final Duration DROP_INTERVAL = Duration.ofMinutes(10);
  private static final int DROP_AT_ONCE = 5_000;

  private final Database database;
  private final StateTable table;
  private final AlertMapStore<AlertKey, StateEntry> states;
  private final AlertMapStore<TenantKey, HistoryEntry> history;
  private final LocalAlerts<AlertKey, StateEntry> localStates;
  private final LocalAlerts<AlertKey, Long> loadedShards;
  private final LocalAlerts<TenantKey, HistoryEntry> localHistory;
  private final Duration retention;
  private final InstantSource clock;
  private final Set<Integer> compared = new HashSet<>();
  private final Semaphore wake = new Semaphore(0);
  private final Map<TenantKey, Long> seen = new HashMap<>();
  private final Thread thread;
  private long dropAfterNanos = System.nanoTime();
  private volatile boolean closed;

  /** The parts of the grid that this member owns. */
  record Local(
      LocalAlerts<AlertKey, StateEntry> states,
      LocalAlerts<AlertKey, Long> loadedShards,
      LocalAlerts<TenantKey, HistoryEntry> history) {}

  /**
   * A sweeper that runs.
   *
   * @param retention how long alerts that ended are kept; zero for ever
   */
  AlertSweeper(
      Database database,
      StateTable table,
      AlertMapStore<AlertKey, StateEntry> states,
      AlertMapStore<TenantKey, HistoryEntry> history,
      Local local,
      Duration retention,
      InstantSource clock) {
    this.database = database;
    this.table = table;
    this.states = states;
    this.history = history;
    this.localStates = local.states;
    this.loadedShards = local.loadedShards;
    this.localHistory = local.history;
    this.retention = retention;
    this.clock = clock;
    this.thread = Thread.ofPlatform().name("tidegrid-alert-sweep").daemon().start(this::run);
  }

  /** Says that shards may have moved. */
  void wake() {
    wake.release();
  }

  private void run() {
    while (!closed) {
      try {
        boolean ignored = wake.tryAcquire(INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        int all = wake.drainPermits();
        if (database.isConnected() && all >= 0) {
          round();
        }
      } catch (InterruptedException e) {
        return;
      } catch (SQLException | TidegridException e) {
        LOG.log(System.Logger.Level.DEBUG, "alerts not swept: {0}", e.getMessage());
      } catch (RuntimeException e) {
        if (!closed) {
          LOG.log(System.Logger.Level.WARNING, "the sweep of alerts failed, again later", e);
        }
      }
    }
  }

  private void round() throws SQLException {
    Set<Integer> owned = new HashSet<>();
    for (int partition = 0; partition < localStates.partitions(); partition++) {
      if (localStates.isOwned(partition)) {
        owned.add(partition);
      }
    }
    compared.retainAll(owned);
    owned.removeAll(compared);
    if (!owned.isEmpty()) {
      reconcile(owned);
      compared.addAll(owned);
    }
    sweepHistory();
    if (!retention.isZero() && System.nanoTime() >= dropAfterNanos && localStates.isOwned(0)) {
      dropOld();
    }
  }

  private void reconcile(Set<Integer> taken) throws SQLException {
    int[] loaded =
        taken.stream().filter(this::isLoaded).mapToInt(Integer::intValue).sorted().toArray();
    if (loaded.length == 0) {
      return;
    }
    List<StateTable.Row> rows;
    try (Connection connection = database.connection()) {
      rows = table.rows(connection, loaded);
    }
    // The map is read after the rows: what is in neither then, and came since, has a row that the
    // deletion spares, since its revision is another.
    Map<AlertKey, StateEntry> missing = new HashMap<>();
    Map<StateTable.Row, Boolean> present = new HashMap<>();
    Map<String, StateTable.Row> byName = new HashMap<>();
    rows.forEach(row -> byName.put(name(row.tenant(), row.ruleId(), row.fingerprint()), row));
    Set<Integer> scanned = new HashSet<>();
    for (int shard : loaded) {
      List<LocalAlerts.Entry<AlertKey, StateEntry>> entries = localStates.scan(shard);
      if (localStates.isOwned(shard)) {
        scanned.add(shard);
      }
      for (LocalAlerts.Entry<AlertKey, StateEntry> entry : entries) {
        AlertKey key = entry.key();
        StateTable.Row row = byName.get(name(key.tenant(), key.ruleId(), key.fingerprint()));
        if (row != null) {
          present.put(row, true);
        }
        if (!entry.queued() && (row == null || row.revision() < entry.value().revision())) {
          missing.put(key, entry.value());
        }
      }
    }
    states.storeAll(missing);
    List<StateTable.Row> gone =
        rows.stream()
            .filter(row -> !present.containsKey(row) && scanned.contains(row.shard()))
            .toList();
    if (!gone.isEmpty()) {
      try (Connection connection = database.connection()) {
        StateTable.deleteUnchanged(connection, gone);
      }
    }
    if (!missing.isEmpty() || !gone.isEmpty()) {
      LOG.log(
          System.Logger.Level.INFO,
          "stored {0} states of alerts and deleted {1} that a lost member left undone",
          missing.size(),
          gone.size());
    }
  }

  private static String name(String tenant, String ruleId, long fingerprint) {
    return tenant + '\n' + ruleId + '\n' + fingerprint;
  }

  /** Of one that is not, the map holds nothing yet, and the database all. */
  private boolean isLoaded(int shard) {
    return !loadedShards.scan(shard).isEmpty();
  }

  private void sweepHistory() {
    long now = System.nanoTime();
    Map<TenantKey, Long> present = new HashMap<>();
    Map<TenantKey, HistoryEntry> due = new HashMap<>();
    for (int partition = 0; partition < localHistory.partitions(); partition++) {
      for (LocalAlerts.Entry<TenantKey, HistoryEntry> entry : localHistory.scan(partition)) {
        if (entry.queued() || history.isInFlight(entry.key())) {
          continue;
        }
        long since = seen.getOrDefault(entry.key(), now);
        present.put(entry.key(), since);
        if (now - since >= HISTORY_AGE.toNanos()) {
          due.put(entry.key(), entry.value());
        }
      }
    }
    seen.clear();
    seen.putAll(present);
    history.storeAll(due);
  }

  private void dropOld() throws SQLException {
    int dropped;
    try (Connection connection = database.connection()) {
      dropped = HistoryTable.dropBefore(connection, clock.instant().minus(retention), DROP_AT_ONCE);
    }
    if (dropped > 0) {
      LOG.log(
          System.Logger.Level.INFO,
          "dropped {0} alerts that ended more than {1} days ago",
          dropped,
          retention.toDays());
    }
    if (dropped < DROP_AT_ONCE) {
      dropAfterNanos = System.nanoTime() + DROP_INTERVAL.toNanos();
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
