package io.tidegrid.model;

import java.nio.charset.StandardCharsets;

/**
 * The identity of a series: its tenant and its labels, with the two hashes that are computed from
 * them once. The {@linkplain #id() id} names the series inside its shard and in the database; the
 * {@linkplain #shardHash() shard hash} chooses the shard. They are independent: sharing one hash
 * between routing and hash tables leaves the tables of a shard with a fraction of their slots.
 *
 * <p>A key may be shared by threads. It remembers, as a hint for the writing side, in which epoch
 * of its shard the owner last confirmed it; the hint is no part of its identity.
 */
public final class SeriesKey {

  private static final long ID_SEED = 0x7469646567726964L;
  private static final long SHARD_SEED = 0x5EED5EED0BADCAFEL;

  private final String tenant;
  private final Labels labels;
  private final long id;
  private final long shardHash;

  /** A race here costs one more sending of the labels, nothing else. */
  private int confirmedEpoch;

  private SeriesKey(String tenant, Labels labels) {
    this.tenant = tenant;
    this.labels = labels;
    byte[] canonical = labels.canonicalBytes();
    byte[] prefix = tenant.getBytes(StandardCharsets.UTF_8);
    long tenantHash = XxHash64.hash(prefix, 0, prefix.length, ID_SEED);
    long hash = XxHash64.hash(canonical, 0, canonical.length, tenantHash);
    this.id = hash == 0 ? 1 : hash;
    this.shardHash = XxHash64.hash(canonical, 0, canonical.length, tenantHash ^ SHARD_SEED);
  }

  /** Returns the key of a tenant's series. */
  public static SeriesKey of(String tenant, Labels labels) {
    return new SeriesKey(tenant, labels);
  }

  /** Returns the tenant. */
  public String tenant() {
    return tenant;
  }

  /** Returns the labels, the metric name among them. */
  public Labels labels() {
    return labels;
  }

  /**
   * Returns the 64-bit hash of tenant and labels, never 0. It is the id of the series unless
   * another series of the same shard took it first; the shard then probes for the next free one.
   */
  public long id() {
    return id;
  }

  /** Returns the hash that chooses the shard. */
  public long shardHash() {
    return shardHash;
  }

  /** Returns the shard of this series among {@code shards}, from 0. */
  public int shard(int shards) {
    return (int) Long.remainderUnsigned(shardHash, shards);
  }

  /** Tells whether the owner of the shard confirmed {@link #id()} in the given epoch. */
  public boolean isConfirmedIn(int epoch) {
    return confirmedEpoch == epoch && epoch != 0;
  }

  /** Remembers that the owner of the shard confirmed {@link #id()} in the given epoch. */
  public void confirm(int epoch) {
    confirmedEpoch = epoch;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SeriesKey key
        && id == key.id
        && tenant.equals(key.tenant)
        && labels.equals(key.labels);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(id);
  }

  @Override
  public String toString() {
    return tenant + "/" + labels;
  }
}
