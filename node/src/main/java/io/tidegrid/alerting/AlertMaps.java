package io.tidegrid.alerting;

import com.hazelcast.config.Config;
import com.hazelcast.config.EvictionConfig;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.ExecutorConfig;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MaxSizePolicy;
import com.hazelcast.config.RingbufferConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.HistoryEntry;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.persist.AlertPersistence;
import java.util.Optional;

/**
 * Where the grid keeps alerts.
 *
 * @param states how alerts stand
 * @param loadedShards of which shards it holds all
 * @param history alerts that fired, on their way to the database
 */
record AlertMaps(
    IMap<AlertKey, StateEntry> states,
    IMap<AlertKey, Long> loadedShards,
    IMap<TenantKey, HistoryEntry> history) {

  private static final int EXECUTOR_THREADS = 8;

  /** Of a cluster without a database: what history a member holds in its own memory. */
  private static final int HISTORY_IN_MEMORY = 100_000;

  static AlertMaps of(HazelcastInstance hazelcast) {
    return new AlertMaps(
        hazelcast.getMap(GridNames.ALERT_STATE),
        hazelcast.getMap(GridNames.ALERT_SHARDS),
        hazelcast.getMap(GridNames.ALERT_HISTORY));
  }

  static void configure(Config config, int backupCount, Optional<AlertPersistence> database) {
    config
        .getSerializationConfig()
        .addDataSerializableFactory(AlertingSerializers.FACTORY_ID, new AlertingSerializers());
    config.addExecutorConfig(new ExecutorConfig(GridNames.ALERT_EXECUTOR, EXECUTOR_THREADS));
    config.addRingBufferConfig(
        new RingbufferConfig(GridNames.ALERT_EVENTS)
            .setCapacity(EventRing.CAPACITY)
            .setBackupCount(backupCount)
            .setInMemoryFormat(InMemoryFormat.BINARY));
    config.addMapConfig(map(GridNames.RULES, backupCount));
    config.addMapConfig(map(GridNames.RULE_REGISTRATIONS, backupCount));
    config.addMapConfig(map(GridNames.SILENCES, backupCount));
    config.addMapConfig(map(GridNames.ALERT_META, backupCount));
    config.addMapConfig(map(GridNames.ALERT_SHARDS, backupCount));
    MapConfig states = map(GridNames.ALERT_STATE, backupCount);
    MapConfig history = map(GridNames.ALERT_HISTORY, backupCount);
    database.ifPresentOrElse(
        store -> {
          states.setMapStoreConfig(store.stateStoreConfig());
          history.setMapStoreConfig(store.historyStoreConfig());
        },
        () ->
            history.setEvictionConfig(
                new EvictionConfig()
                    .setEvictionPolicy(EvictionPolicy.LRU)
                    .setMaxSizePolicy(MaxSizePolicy.PER_NODE)
                    .setSize(HISTORY_IN_MEMORY)));
    config.addMapConfig(states);
    config.addMapConfig(history);
  }

  private static MapConfig map(String name, int backupCount) {
    return new MapConfig(name)
        .setInMemoryFormat(InMemoryFormat.BINARY)
        .setBackupCount(backupCount)
        .setStatisticsEnabled(false)
        .setPerEntryStatsEnabled(false);
  }
}
