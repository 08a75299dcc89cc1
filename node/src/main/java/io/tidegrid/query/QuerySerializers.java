package io.tidegrid.query;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** Creates for deserialization what members send each other to answer queries. */
public final class QuerySerializers implements DataSerializableFactory {

  /** The factory id under which members register this class. */
  public static final int FACTORY_ID = 7_020;

  static final int QUERY_TASK = 1;
  static final int QUERY_REPLY = 2;

  @Override
  public IdentifiedDataSerializable create(int classId) {
    return switch (classId) {
      case QUERY_TASK -> new QueryTask();
      case QUERY_REPLY -> new QueryReply();
      default -> throw new IllegalArgumentException("no query class has the id " + classId);
    };
  }
}
