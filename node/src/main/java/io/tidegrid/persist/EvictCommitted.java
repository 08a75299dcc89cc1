package io.tidegrid.persist;

import com.hazelcast.internal.nio.BufferObjectDataInput;
import com.hazelcast.internal.nio.IOUtil;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.services.ServiceNamespace;
import com.hazelcast.internal.services.ServiceNamespaceAware;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.MapServiceContext;
import com.hazelcast.map.impl.mapstore.writebehind.WriteBehindStore;
import com.hazelcast.map.impl.mapstore.writebehind.entry.DelayedEntries;
import com.hazelcast.map.impl.mapstore.writebehind.entry.DelayedEntry;
import com.hazelcast.map.impl.record.Record;
import com.hazelcast.map.impl.recordstore.RecordStore;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.impl.operationservice.BackupAwareOperation;
import com.hazelcast.spi.impl.operationservice.BackupOperation;
import com.hazelcast.spi.impl.operationservice.MutatingOperation;
import com.hazelcast.spi.impl.operationservice.Operation;
import com.hazelcast.spi.impl.operationservice.PartitionAwareOperation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Evicts committed entries of one partition of a map, on its owner and its backups, in one
 * operation: all of the given keys, or those whose value still has a given sequence.
 *
 * <p>{@code IMap.evict} would do it key by key, with a call and a backup each. It also flushes: for
 * an entry that is still in the write-behind queue, as all are that were stored from it, it notes a
 * flush sequence, of which the store worker clears at most 100 per partition and second; at more
 * than that the notes pile up without bound. So the entry is taken out of the queue first, on
 * backups too, which would otherwise keep each entry for ten seconds after it was stored.
 */
class EvictCommitted extends Operation
    implements PartitionAwareOperation,
        BackupAwareOperation,
        MutatingOperation,
        ServiceNamespaceAware {

  /** Identified flag, factory id and class id: what precedes the sequence in a value. */
  private static final int BYTES_BEFORE_SEQUENCE = 1 + 4 + 4;

  private String map;
  private List<Data> keys;
  private long[] sequences;

  /** For deserialization. */
  EvictCommitted() {
    this("", List.of(), new long[0]);
  }

  /**
   * Evicts entries that were not replaced.
   *
   * @param sequences what each value begins with; none for a map whose values never change
   */
  EvictCommitted(String map, List<Data> keys, long[] sequences) {
    this.map = map;
    this.keys = keys;
    this.sequences = sequences;
  }

  @Override
  public void run() {
    evict(false);
  }

  final void evict(boolean backup) {
    MapService service = getService();
    MapServiceContext context = service.getMapServiceContext();
    RecordStore<?> store = context.getExistingRecordStore(getPartitionId(), map);
    if (store == null) {
      return;
    }
    for (int i = 0; i < keys.size(); i++) {
      Data key = keys.get(i);
      Record<?> record = store.getRecord(key);
      if (record != null && (sequences.length == 0 || sequence(record) == sequences[i])) {
        if (store.getMapDataStore() instanceof WriteBehindStore writeBehind) {
          forget(writeBehind, key, record.getValue(), backup);
        }
        store.evict(key, backup);
      }
    }
  }

  private long sequence(Record<?> record) {
    return sequence(
        (InternalSerializationService) getNodeEngine().getSerializationService(),
        record.getValue());
  }

  /** Reads the sequence out of a value that begins with it, without building it. */
  static long sequence(InternalSerializationService serialization, Object value) {
    try {
      BufferObjectDataInput in = serialization.createObjectDataInput(serialization.toData(value));
      in.position(in.position() + BYTES_BEFORE_SEQUENCE);
      return in.readLong();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void forget(WriteBehindStore writeBehind, Data key, Object value, boolean backup) {
    DelayedEntry<Data, Object> entry =
        DelayedEntries.newAddedDelayedEntry(key, value, 0, 0, 0, null);
    // The queue keeps an entry that is newer than the one to be removed.
    entry.setSequence(Long.MAX_VALUE);
    writeBehind.getWriteBehindQueue().removeFirstOccurrence(entry);
    // Transient entries are forgotten by a flush, without a note; this clears the staging area.
    writeBehind.addTransient(key, 0);
    Object ignored = writeBehind.flush(key, value, backup);
  }

  /**
   * The map's own, so that replica versions of the map rise with it: a copy of the map taken before
   * an eviction and applied after it on a backup would otherwise never be found out.
   */
  @Override
  public ServiceNamespace getServiceNamespace() {
    return MapService.getObjectNamespace(map);
  }

  @Override
  public String getServiceName() {
    return MapService.SERVICE_NAME;
  }

  @Override
  public boolean shouldBackup() {
    return true;
  }

  @Override
  public int getSyncBackupCount() {
    return 0;
  }

  /**
   * Nobody waits for it: an entry that stays on a backup is swept should the backup be promoted.
   */
  @Override
  public int getAsyncBackupCount() {
    MapService service = getService();
    return service.getMapServiceContext().getMapContainer(map).getTotalBackupCount();
  }

  @Override
  public Operation getBackupOperation() {
    return new Backup(map, keys, sequences);
  }

  @Override
  protected void writeInternal(ObjectDataOutput out) throws IOException {
    super.writeInternal(out);
    out.writeString(map);
    out.writeLongArray(sequences);
    out.writeInt(keys.size());
    for (Data key : keys) {
      IOUtil.writeData(out, key);
    }
  }

  @Override
  protected void readInternal(ObjectDataInput in) throws IOException {
    super.readInternal(in);
    map = in.readString();
    sequences = in.readLongArray();
    int count = in.readInt();
    keys = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      keys.add(IOUtil.readData(in));
    }
  }

  /** The same on a backup. */
  static final class Backup extends EvictCommitted implements BackupOperation {

    /** For deserialization. */
    Backup() {}

    Backup(String map, List<Data> keys, long[] sequences) {
      super(map, keys, sequences);
    }

    @Override
    public void run() {
      evict(true);
    }

    @Override
    public boolean shouldBackup() {
      return false;
    }
  }
}
