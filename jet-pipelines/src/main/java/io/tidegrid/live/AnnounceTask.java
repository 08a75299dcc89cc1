package io.tidegrid.live;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Tells another member of changed filters; returns the version that it knows afterwards. */
final class AnnounceTask extends LiveTask<Long> {

  /** The answer of a member that is not ready to be told. */
  static final long NOT_READY = -1;

  private FilterUpdate update;

  /** For deserialization. */
  AnnounceTask() {
    this(new FilterUpdate(new UUID(0, 0), 0, 0, Map.of(), Set.of()));
  }

  AnnounceTask(FilterUpdate update) {
    this.update = update;
  }

  @Override
  public Long call() {
    return hub().map(hub -> hub.announced(update)).orElse(NOT_READY);
  }

  @Override
  public int getClassId() {
    return LiveSerializers.ANNOUNCE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    update.write(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    update = FilterUpdate.read(in);
  }
}
