package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;

/** Whether there is any matching series. */
final class ExistsAnswer implements Answer<ExistsAnswer> {

  private boolean found;

  ExistsAnswer(boolean found) {
    this.found = found;
  }

  void found() {
    found = true;
  }

  @Override
  public void merge(ExistsAnswer other) {
    found |= other.found;
  }

  @Override
  public boolean decided() {
    return found;
  }

  @Override
  public void write(ObjectDataOutput out) throws IOException {
    out.writeBoolean(found);
  }
}
