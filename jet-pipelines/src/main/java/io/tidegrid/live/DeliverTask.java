package io.tidegrid.live;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Brings samples to the member whose filters they match; returns whether it took them. */
final class DeliverTask extends LiveTask<Boolean> {

  private BatchQueue.Taken taken;

  /** For deserialization. */
  DeliverTask() {
    this(new BatchQueue.Taken(List.of(), Map.of()));
  }

  DeliverTask(BatchQueue.Taken taken) {
    this.taken = taken;
  }

  @Override
  public Boolean call() {
    hub().ifPresent(hub -> hub.received(taken));
    return hub().isPresent();
  }

  @Override
  public int getClassId() {
    return LiveSerializers.DELIVER;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(taken.batches().size());
    for (LiveBatch batch : taken.batches()) {
      batch.write(out);
    }
    out.writeInt(taken.lost().size());
    for (Map.Entry<Integer, Long> entry : taken.lost().entrySet()) {
      out.writeInt(entry.getKey());
      out.writeLong(entry.getValue());
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    List<LiveBatch> batches = new ArrayList<>();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      batches.add(LiveBatch.read(in));
    }
    Map<Integer, Long> lost = new HashMap<>();
    int filters = in.readInt();
    for (int i = 0; i < filters; i++) {
      lost.put(in.readInt(), in.readLong());
    }
    taken = new BatchQueue.Taken(batches, lost);
  }
}
