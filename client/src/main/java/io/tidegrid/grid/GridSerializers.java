package io.tidegrid.grid;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** Creates the grid's objects for deserialization, by the ids listed here. */
public final class GridSerializers implements DataSerializableFactory {

  /** The factory id under which members and clients register this class. */
  public static final int FACTORY_ID = 7_001;

  static final int JOURNAL_KEY = 1;
  static final int JOURNAL_BATCH = 2;
  static final int METADATA_KEY = 3;
  static final int ROLLUP_KEY = 4;
  static final int ROLLUP_BLOCK = 5;
  static final int EVENT_BATCH = 20;
  static final int TENANT_KEY = 40;
  static final int ALERT_KEY = 41;
  static final int RULE_ENTRY = 42;
  static final int SILENCE_ENTRY = 43;
  static final int STATE_ENTRY = 44;
  static final int HISTORY_ENTRY = 45;
  static final int ANNOUNCEMENT = 46;

  @Override
  public IdentifiedDataSerializable create(int classId) {
    return switch (classId) {
      case JOURNAL_KEY -> new JournalKey();
      case JOURNAL_BATCH -> new JournalBatch();
      case METADATA_KEY -> new MetadataKey();
      case ROLLUP_KEY -> new RollupKey();
      case ROLLUP_BLOCK -> new RollupBlock();
      case TENANT_KEY -> new TenantKey();
      case ALERT_KEY -> new AlertKey();
      case RULE_ENTRY -> new RuleEntry();
      case SILENCE_ENTRY -> new SilenceEntry();
      case STATE_ENTRY -> new StateEntry();
      case HISTORY_ENTRY -> new HistoryEntry();
      case ANNOUNCEMENT -> new Announcement();
      case EVENT_BATCH -> new EventBatch();
      default -> throw new IllegalArgumentException("no grid class has the id " + classId);
    };
  }
}
