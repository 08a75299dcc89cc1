package io.tidegrid.alerting;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** Creates for deserialization what members do to each other's alerts. */
final class AlertingSerializers implements DataSerializableFactory {

  static final int FACTORY_ID = 7_050;

  static final int STATE_CHANGE = 1;
  static final int TABLE_CHANGED = 2;
  static final int RESOLVE = 3;
  static final int OF_TENANT = 4;
  static final int PUT_STATE = 5;

  @Override
  public IdentifiedDataSerializable create(int classId) {
    return switch (classId) {
      case STATE_CHANGE -> new StateChange();
      case TABLE_CHANGED -> new TableChanged();
      case RESOLVE -> new ResolveTask();
      case OF_TENANT -> new OfTenant();
      case PUT_STATE -> new PutState();
      default -> throw new IllegalArgumentException("no alerting class has the id " + classId);
    };
  }
}
