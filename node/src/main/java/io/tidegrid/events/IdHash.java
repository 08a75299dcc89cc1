package io.tidegrid.events;

import io.tidegrid.model.XxHash64;
import java.nio.charset.StandardCharsets;

/**
 * The bytes that tell an event from all others of its tenant, and their hashes: one, the same
 * everywhere, that chooses the shard, and one with a seed of the shard's.
 */
final class IdHash {

  private static final long SHARD_SEED = 0x6576656E74736861L;

  private final byte[] device;
  private final byte[] event;
  private final long tenantHash;

  /**
   * @param tenantHash of {@link #tenant}
   */
  IdHash(long tenantHash, String deviceId, String eventId) {
    this.tenantHash = tenantHash;
    this.device = deviceId.getBytes(StandardCharsets.UTF_8);
    this.event = eventId.getBytes(StandardCharsets.UTF_8);
  }

  static long tenant(String tenant) {
    byte[] bytes = tenant.getBytes(StandardCharsets.UTF_8);
    return XxHash64.hash(bytes, 0, bytes.length, SHARD_SEED);
  }

  /** Returns the shard of the device. */
  int shard(int shards) {
    return shardOf(tenantHash, device, shards);
  }

  static int shardOf(long tenantHash, String deviceId, int shards) {
    return shardOf(tenantHash, deviceId.getBytes(StandardCharsets.UTF_8), shards);
  }

  private static int shardOf(long tenantHash, byte[] device, int shards) {
    return (int)
        Long.remainderUnsigned(XxHash64.hash(device, 0, device.length, tenantHash), shards);
  }

  /** Returns the hash of the id under a seed. */
  long hash(long seed) {
    long ofDevice = XxHash64.hash(device, 0, device.length, tenantHash * 31 + seed);
    return XxHash64.hash(event, 0, event.length, ofDevice ^ seed);
  }
}
