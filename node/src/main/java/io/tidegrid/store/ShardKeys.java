package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.PartitionService;
import java.util.Arrays;

/**
 * For each shard the smallest key, from 0, that Hazelcast puts into the partition of its number.
 */
public final class ShardKeys {

  private ShardKeys() {}

  /** Returns the keys by shard; as many as the instance has partitions. */
  public static int[] of(HazelcastInstance hazelcast) {
    PartitionService service = hazelcast.getPartitionService();
    int[] keys = new int[service.getPartitions().size()];
    Arrays.fill(keys, -1);
    int missing = keys.length;
    for (int key = 0; missing > 0; key++) {
      int partition = service.getPartition(key).getPartitionId();
      if (keys[partition] < 0) {
        keys[partition] = key;
        missing--;
      }
    }
    return keys;
  }
}
