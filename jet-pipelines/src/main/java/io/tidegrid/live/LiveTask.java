package io.tidegrid.live;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.util.Optional;
import java.util.concurrent.Callable;

/** What one member asks of another's hub. */
abstract class LiveTask<T>
    implements Callable<T>, IdentifiedDataSerializable, HazelcastInstanceAware {

  private Optional<HazelcastInstance> hazelcast = Optional.empty();

  @Override
  public final void setHazelcastInstance(HazelcastInstance instance) {
    hazelcast = Optional.of(instance);
  }

  /** Returns the hub of the member that this runs on; empty while it starts or stops. */
  final Optional<LiveHub> hub() {
    return hazelcast
        .map(instance -> instance.getUserContext().get(LiveHub.USER_CONTEXT_KEY))
        .filter(LiveHub.class::isInstance)
        .map(LiveHub.class::cast);
  }

  @Override
  public final int getFactoryId() {
    return LiveSerializers.FACTORY_ID;
  }
}
