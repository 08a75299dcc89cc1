package io.tidegrid.store;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** Creates the store's objects for deserialization, by the ids listed here. */
public final class StoreSerializers implements DataSerializableFactory {

  /** The factory id under which members register this class. */
  public static final int FACTORY_ID = 7_002;

  static final int SHARD = 1;
  static final int SHARD_BATCH = 2;
  static final int APPEND_OUTCOME = 3;
  static final int APPEND = 4;
  static final int APPEND_BACKUP = 5;
  static final int ENSURE = 6;
  static final int ENSURE_BACKUP = 7;
  static final int RESTORE = 8;
  static final int EVICT = 9;
  static final int WRITE = 10;
  static final int ROLLUP = 11;
  static final int RELOAD = 12;

  @Override
  public IdentifiedDataSerializable create(int classId) {
    return switch (classId) {
      case SHARD -> new Shard();
      case SHARD_BATCH -> new ShardBatch();
      case APPEND_OUTCOME -> new AppendOutcome();
      case APPEND -> new AppendProcessor();
      case APPEND_BACKUP -> new AppendBackupProcessor();
      case ENSURE -> new EnsureShardProcessor();
      case ENSURE_BACKUP -> new EnsureShardProcessor.OnBackup();
      case WRITE -> new WriteOperation();
      case RESTORE -> new RestoreProcessor();
      case EVICT -> new EvictProcessor();
      case ROLLUP -> new RollupProcessor();
      case RELOAD -> new ReloadProcessor();
      default -> throw new IllegalArgumentException("no class of the store has the id " + classId);
    };
  }
}
