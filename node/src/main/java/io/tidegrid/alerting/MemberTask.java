package io.tidegrid.alerting;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.util.Optional;
import java.util.concurrent.Callable;

/** What one member asks of another's alerts. */
abstract class MemberTask<T>
    implements Callable<T>, IdentifiedDataSerializable, HazelcastInstanceAware {

  private Optional<HazelcastInstance> hazelcast = Optional.empty();

  @Override
  public final void setHazelcastInstance(HazelcastInstance instance) {
    hazelcast = Optional.of(instance);
  }

  /** Returns the alerts of the member that this runs on; empty while it starts or stops. */
  final Optional<AlertCenter> center() {
    return hazelcast.flatMap(AlertCenter::of);
  }

  @Override
  public final int getFactoryId() {
    return AlertingSerializers.FACTORY_ID;
  }
}
