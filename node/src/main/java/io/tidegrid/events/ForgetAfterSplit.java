package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import java.io.IOException;

/**
 * After a split of the network neither side's ids are all there are: both are forgotten, and the
 * database decides until enough new ones are known.
 */
public final class ForgetAfterSplit
    implements SplitBrainMergePolicy<Object, MergingValue<Object>, Object> {

  /** Null, by Hazelcast's contract, removes the entry. */
  @Override
  public Object merge(MergingValue<Object> mergingValue, MergingValue<Object> existingValue) {
    return null;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {}

  @Override
  public void readData(ObjectDataInput in) throws IOException {}
}
