package io.tidegrid.live;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** Creates for deserialization what members send each other about live samples. */
final class LiveSerializers implements DataSerializableFactory {

  static final int FACTORY_ID = 7_040;

  static final int ANNOUNCE = 1;
  static final int INQUIRE = 2;
  static final int DELIVER = 3;
  static final int FILTERS = 4;

  @Override
  public IdentifiedDataSerializable create(int classId) {
    return switch (classId) {
      case ANNOUNCE -> new AnnounceTask();
      case INQUIRE -> new InquireTask();
      case DELIVER -> new DeliverTask();
      case FILTERS -> new FiltersReply();
      default -> throw new IllegalArgumentException("no live class has the id " + classId);
    };
  }
}
