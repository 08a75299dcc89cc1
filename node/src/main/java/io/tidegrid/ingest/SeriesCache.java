package io.tidegrid.ingest;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.XxHash64;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;

/**
 * From the bytes in which a protocol spells a series to its {@link SeriesKey}, so that the labels
 * of a known series are hashed and compared but never parsed. The same spelling gives the same
 * instance for as long as it stays in the cache.
 *
 * <p>Reads take no lock and allocate nothing: an entry is found by XXH64 under a random seed and
 * verified byte by byte. Writes lock one of several segments. Memory is bounded: when a segment is
 * over its share, a clock hand throws out what was not used since it last passed. Entries much
 * larger than usual are not kept at all.
 *
 * <p>Safe for use by many threads.
 */
public final class SeriesCache {

  private static final long MIN_SEGMENT_BYTES = 1 << 20;
  private static final int MAX_SEGMENTS = 64;
  private static final int MAX_TENANT_NAMES = 10_000;

  private final long maxBytes;
  private final Segment[] segments;
  private final int segmentShift;
  private final long secret = new SecureRandom().nextLong();
  private final ConcurrentHashMap<String, String> tenantNames = new ConcurrentHashMap<>();
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder evictions = new LongAdder();

  /** Whose series, in whose spelling: made once per request. */
  static final class Scope {
    final String tenant;
    final byte protocol;
    private final long seed;

    private Scope(String tenant, byte protocol, long seed) {
      this.tenant = tenant;
      this.protocol = protocol;
      this.seed = seed;
    }

    long hash(byte[] bytes, int offset, int length) {
      return XxHash64.hash(bytes, offset, length, seed);
    }

    /** Hashes a key of two parts. */
    long hash(byte[] bytes, int offset, int length, int secondOffset, int secondLength) {
      return XxHash64.hash(bytes, secondOffset, secondLength, hash(bytes, offset, length));
    }
  }

  /**
   * @param maxBytes about how much memory the cache may hold, in bytes; 0 keeps nothing
   * @param meters where its size, hits, misses and evictions are counted
   */
  public SeriesCache(long maxBytes, MeterRegistry meters) {
    this.maxBytes = maxBytes;
    int count = Math.clamp(Long.highestOneBit(maxBytes / MIN_SEGMENT_BYTES), 1, MAX_SEGMENTS);
    segments = new Segment[count];
    for (int i = 0; i < count; i++) {
      segments[i] = new Segment(maxBytes / count);
    }
    segmentShift = 64 - Integer.numberOfTrailingZeros(count);
    Gauge.builder("tidegrid.ingest.series.cache.max", this, c -> c.maxBytes)
        .baseUnit("bytes")
        .description("Memory that the series cache may hold")
        .register(meters);
    Gauge.builder("tidegrid.ingest.series.cache.size", this, SeriesCache::bytes)
        .baseUnit("bytes")
        .description("Memory that the series cache holds")
        .register(meters);
    Gauge.builder("tidegrid.ingest.series.cache.entries", this, SeriesCache::entries)
        .description("Raw spellings of series in the cache")
        .register(meters);
    FunctionCounter.builder("tidegrid.ingest.series.cache.hits", hits, LongAdder::sum)
        .description("Series found in the cache")
        .register(meters);
    FunctionCounter.builder("tidegrid.ingest.series.cache.misses", misses, LongAdder::sum)
        .description("Series whose labels had to be parsed")
        .register(meters);
    FunctionCounter.builder("tidegrid.ingest.series.cache.evictions", evictions, LongAdder::sum)
        .description("Entries thrown out of the cache to keep it in its bounds")
        .register(meters);
  }

  /** Returns about how many bytes the cache holds now. */
  public long bytes() {
    long sum = 0;
    for (Segment segment : segments) {
      sum += segment.bytes;
    }
    return sum;
  }

  /** Returns how many raw spellings the cache holds now. */
  public long entries() {
    long sum = 0;
    for (Segment segment : segments) {
      sum += segment.count;
    }
    return sum;
  }

  /** Adds to the figures; decoders call it once per request. */
  void count(long hitCount, long missCount) {
    if (hitCount != 0) {
      hits.add(hitCount);
    }
    if (missCount != 0) {
      misses.add(missCount);
    }
  }

  /** Returns the scope of a tenant's series in the spelling of a protocol. */
  Scope scope(String tenant, Protocol protocol) {
    String name = tenantNames.get(tenant);
    if (name == null) {
      // One instance per name makes the comparison of entries one of references, nearly always.
      if (tenantNames.size() >= MAX_TENANT_NAMES) {
        tenantNames.clear();
      }
      tenantNames.put(tenant, tenant);
      name = tenant;
    }
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    long seed = XxHash64.hash(bytes, 0, bytes.length, secret + protocol.id);
    return new Scope(name, protocol.id, seed);
  }

  /** Finds the entry of a raw key, or null. */
  CacheEntry find(Scope scope, long hash, byte[] bytes, int offset, int length) {
    CacheEntry[] table = segment(hash).table;
    int mask = table.length - 1;
    int at = (int) hash & mask;
    for (int probes = 0; probes <= mask; probes++) {
      CacheEntry entry = table[at];
      if (entry == null) {
        return null;
      }
      if (entry.hash == hash
          && isOf(entry, scope)
          && entry.raw.length == length
          && entry.isAt(bytes, offset, offset + length)) {
        entry.touch();
        return entry;
      }
      at = (at + 1) & mask;
    }
    return null;
  }

  /** Finds the entry of a raw key of two parts, or null. */
  SeriesEntry find(
      Scope scope, long hash, byte[] bytes, int offset, int length, int offset2, int length2) {
    CacheEntry[] table = segment(hash).table;
    int mask = table.length - 1;
    int at = (int) hash & mask;
    for (int probes = 0; probes <= mask; probes++) {
      CacheEntry candidate = table[at];
      if (candidate == null) {
        return null;
      }
      if (candidate.hash == hash
          && isOf(candidate, scope)
          && candidate instanceof SeriesEntry entry
          && entry.split == length
          && entry.raw.length == length + length2
          && Arrays.equals(entry.raw, 0, length, bytes, offset, offset + length)
          && Arrays.equals(
              entry.raw, length, length + length2, bytes, offset2, offset2 + length2)) {
        entry.touch();
        return entry;
      }
      at = (at + 1) & mask;
    }
    return null;
  }

  private static boolean isOf(CacheEntry entry, Scope scope) {
    return entry.protocol == scope.protocol && entry.tenant.equals(scope.tenant);
  }

  /** Keeps an entry and returns it, or the equal one that another thread put in first. */
  CacheEntry put(CacheEntry entry) {
    return segment(entry.hash).put(entry, evictions);
  }

  /** Adds a field to an entry, unless it has it or as many as it may have. */
  void addField(LineEntry entry, byte[] name, SeriesKey key) {
    segment(entry.hash).addField(entry, name, key, evictions);
  }

  private Segment segment(long hash) {
    // A shift by 64 is a shift by 0 in Java.
    return segments.length == 1 ? segments[0] : segments[(int) (hash >>> segmentShift)];
  }

  /**
   * An open-addressing table with linear probing. Readers race with the moving of entries; what
   * they miss by that is found under the lock by {@link #put}.
   */
  private static final class Segment {

    private final long maxBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile CacheEntry[] table = new CacheEntry[16];
    private volatile long bytes;
    private volatile int count;
    private int hand;

    Segment(long maxBytes) {
      this.maxBytes = maxBytes;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock, read by gauges without
    CacheEntry put(CacheEntry entry, LongAdder evictions) {
      if (entry.cost > maxBytes / 8) {
        entry.evicted = true;
        return entry;
      }
      lock.lock();
      try {
        CacheEntry known = findEqual(entry);
        if (known != null) {
          return known;
        }
        if ((count + 1) * 2 > table.length) {
          grow();
        }
        insert(table, entry);
        count++;
        bytes += entry.cost;
        makeRoom(evictions);
        return entry;
      } finally {
        lock.unlock();
      }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock, read by gauges without
    void addField(LineEntry entry, byte[] name, SeriesKey key, LongAdder evictions) {
      lock.lock();
      try {
        LineEntry.Fields fields = entry.fields();
        if (entry.evicted
            || fields.names.length >= LineEntry.MAX_FIELDS
            || fields.indexOf(name, 0, name.length) >= 0) {
          return;
        }
        int cost = LineEntry.costOf(name, key);
        if (entry.cost + cost > maxBytes / 8) {
          return;
        }
        entry.setFields(fields.with(name, key));
        entry.cost += cost;
        bytes += cost;
        makeRoom(evictions);
      } finally {
        lock.unlock();
      }
    }

    private CacheEntry findEqual(CacheEntry entry) {
      int mask = table.length - 1;
      for (int at = (int) entry.hash & mask; table[at] != null; at = (at + 1) & mask) {
        CacheEntry other = table[at];
        if (other.hash == entry.hash
            && other.protocol == entry.protocol
            && other.tenant.equals(entry.tenant)
            && Arrays.equals(other.raw, entry.raw)
            && sameShape(other, entry)) {
          return other;
        }
      }
      return null;
    }

    private static boolean sameShape(CacheEntry a, CacheEntry b) {
      if (a instanceof SeriesEntry x && b instanceof SeriesEntry y) {
        return x.split == y.split;
      }
      return a.getClass() == b.getClass();
    }

    private static void insert(CacheEntry[] into, CacheEntry entry) {
      int mask = into.length - 1;
      int at = (int) entry.hash & mask;
      while (into[at] != null) {
        at = (at + 1) & mask;
      }
      into[at] = entry;
    }

    private void grow() {
      CacheEntry[] larger = new CacheEntry[table.length * 2];
      for (CacheEntry entry : table) {
        if (entry != null) {
          insert(larger, entry);
        }
      }
      table = larger;
      hand = 0;
    }

    private void makeRoom(LongAdder evictions) {
      CacheEntry[] slots = table;
      int mask = slots.length - 1;
      while (bytes > maxBytes) {
        CacheEntry entry = slots[hand];
        if (entry != null && !entry.referenced) {
          // The slot is looked at again: another entry may have moved into it.
          remove(slots, hand);
          evictions.increment();
          continue;
        }
        if (entry != null) {
          entry.referenced = false;
          CacheEntry next = entry.follower();
          if (next == null) {
            entry.forgetFollower();
          }
        }
        hand = (hand + 1) & mask;
      }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock, read by gauges without
    private void remove(CacheEntry[] slots, int slot) {
      CacheEntry gone = slots[slot];
      gone.evicted = true;
      gone.forgetFollower();
      bytes -= gone.cost;
      count--;
      // Knuth, TAOCP 6.4, algorithm R: close the gap so that probing needs no tombstones.
      int mask = slots.length - 1;
      int gap = slot;
      for (int at = (gap + 1) & mask; slots[at] != null; at = (at + 1) & mask) {
        int home = (int) slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
          slots[gap] = slots[at];
          gap = at;
        }
      }
      slots[gap] = null;
    }
  }
}
