package io.tidegrid.events;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** Creates this package's objects for deserialization, by the ids listed here. */
final class EventSerializers implements DataSerializableFactory {

  static final int FACTORY_ID = 7_060;

  static final int IDS = 1;
  static final int RESERVE = 2;
  static final int HOLD = 3;
  static final int OUTCOME = 4;
  static final int COMMIT = 5;
  static final int RELEASE = 6;
  static final int WRITE = 7;
  static final int WRITE_OUTCOME = 8;
  static final int SEARCH = 9;
  static final int FOUND = 10;

  @Override
  public IdentifiedDataSerializable create(int classId) {
    return switch (classId) {
      case IDS -> new EventIds();
      case RESERVE -> new ReserveProcessor();
      case HOLD -> new HoldProcessor();
      case OUTCOME -> new ReserveOutcome();
      case COMMIT -> new CommitProcessor();
      case RELEASE -> new ReleaseProcessor();
      case WRITE -> new EventWriteOperation();
      case WRITE_OUTCOME -> new WriteOutcome();
      case SEARCH -> new SearchTask();
      case FOUND -> new FoundEvents();
      default -> throw new IllegalArgumentException("no class of events has the id " + classId);
    };
  }
}
