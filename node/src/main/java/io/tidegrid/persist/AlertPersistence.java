package io.tidegrid.persist;

import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.MapStoreConfig;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.HistoryEntry;
import io.tidegrid.grid.RuleEntry;
import io.tidegrid.grid.SilenceEntry;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.Alert;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Alerts in the database: rules and silences, which callers write and wait for; states and history,
 * which follow the grid a second behind. Made by {@link Persistence#alerts}. Safe for use by many
 * threads.
 */
public final class AlertPersistence implements AlertHistory, AutoCloseable {

  private static final int WRITE_DELAY_SECONDS = 1;
  private static final int WRITE_BATCH = 1_000;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final Database database;
  private final InstantSource clock;
  private final StateTable stateTable = new StateTable();
  private final HistoryTable historyTable = new HistoryTable();
  private final AlertMapStore<AlertKey, StateEntry> states;
  private final AlertMapStore<TenantKey, HistoryEntry> history;
  private final RuleTable rules;
  private final SilenceTable silences;
  private volatile Optional<AlertSweeper> sweeper = Optional.empty();

  AlertPersistence(Database database, MeterRegistry meters, InstantSource clock) {
    this.database = database;
    this.clock = clock;
    this.states = new AlertMapStore<>(database, stateTable, "the state of an alert", meters);
    this.history = new AlertMapStore<>(database, historyTable, "an alert of the past", meters);
    this.rules = new RuleTable(database);
    this.silences = new SilenceTable(database);
  }

  /** Returns the store for the map of states, to be set before the instance starts. */
  public MapStoreConfig stateStoreConfig() {
    return writeBehind(states);
  }

  /** Returns the store for the map of history, to be set before the instance starts. */
  public MapStoreConfig historyStoreConfig() {
    return writeBehind(history);
  }

  private static MapStoreConfig writeBehind(Object implementation) {
    return new MapStoreConfig()
        .setEnabled(true)
        .setImplementation(implementation)
        .setWriteDelaySeconds(WRITE_DELAY_SECONDS)
        .setWriteCoalescing(true)
        .setWriteBatchSize(WRITE_BATCH)
        .setInitialLoadMode(MapStoreConfig.InitialLoadMode.LAZY)
        // Its loads answer at once, so handing them to another thread would only cost.
        .setOffload(false);
  }

  /**
   * Begins to evict what is committed and to sweep, on a running instance. To be called before
   * anything is put into its maps.
   *
   * @param retention how long alerts that ended are kept; zero for ever
   */
  public void attach(HazelcastInstance instance, Duration retention) {
    stateTable.shards(instance.getPartitionService().getPartitions().size());
    LocalAlerts<TenantKey, HistoryEntry> localHistory =
        new LocalAlerts<>(instance, GridNames.ALERT_HISTORY);
    history.onStored(entries -> {
      Map<TenantKey, Long> revisions = new HashMap<>();
      entries.forEach((key, entry) -> revisions.put(key, entry.revision()));
      localHistory.evict(revisions);
    });
    AlertSweeper sweep =
        new AlertSweeper(
            database,
            stateTable,
            states,
            history,
            new AlertSweeper.Local(
                new LocalAlerts<>(instance, GridNames.ALERT_STATE),
                new LocalAlerts<>(instance, GridNames.ALERT_SHARDS),
                localHistory),
            retention,
            clock);
    sweeper = Optional.of(sweep);
    instance
        .getCluster()
        .addMembershipListener(
            new MembershipAdapter() {
              @Override
              public void memberRemoved(MembershipEvent event) {
                sweep.wake();
              }
            });
  }

  /** Returns the rules. */
  public TenantArchive<RuleEntry> rules() {
    return rules;
  }

  /** Returns the silences. */
  public TenantArchive<SilenceEntry> silences() {
    return silences;
  }

  /**
   * Returns how all alerts of a shard stood when the cluster ended.
   *
   * @throws TidegridException {@code STORAGE_AWAY}, worth a retry, when the database cannot be
   *     asked now
   */
  public List<StateEntry> loadStates(int shard) {
    try (Connection connection = database.readConnection()) {
      return stateTable.load(connection, shard);
    } catch (SQLException e) {
      throw away("how alerts stand", e);
    }
  }

  @Override
  public List<Alert> find(String tenant, Wanted wanted) {
    try (Connection connection = database.readConnection()) {
      return historyTable.find(connection, tenant, wanted);
    } catch (SQLException e) {
      throw away("alerts of the past", e);
    }
  }

  /** Tells whether the database has such an alert; no while it cannot be asked. */
  public boolean isKnown(String tenant, String id) {
    try (Connection connection = database.readConnection()) {
      return HistoryTable.isKnown(connection, tenant, id);
    } catch (SQLException e) {
      return false;
    }
  }

  private static TidegridException away(String what, SQLException cause) {
    return new TidegridException(
        ErrorCode.STORAGE_AWAY,
        "the database cannot be asked for " + what + " now",
        List.of(),
        RETRY_AFTER,
        cause);
  }

  /** Stores nothing more. */
  @Override
  public void close() {
    sweeper.ifPresent(AlertSweeper::close);
    states.close();
    history.close();
  }
}
