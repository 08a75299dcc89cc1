package io.tidegrid.live;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;

/** Asks another member for all its filters. */
final class InquireTask extends LiveTask<FiltersReply> {

  @Override
  public FiltersReply call() {
    return hub().map(hub -> new FiltersReply(hub.ownFilters())).orElseGet(FiltersReply::new);
  }

  @Override
  public int getClassId() {
    return LiveSerializers.INQUIRE;
  }

  @Override
  public void writeData(ObjectDataOutput out) {}

  @Override
  public void readData(ObjectDataInput in) {}
}
