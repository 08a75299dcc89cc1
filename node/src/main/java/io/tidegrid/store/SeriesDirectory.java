package io.tidegrid.store;

import io.tidegrid.grid.Birth;
import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * The series of one shard: from id to a dense number (ref) and back to labels, with postings per
 * tenant, label and value. Written by the shard's thread; read by any. A reader sees every series
 * whose birth was acknowledged before it began.
 */
final class SeriesDirectory implements SeriesTable {

  /** Postings of one tenant. */
  private static final class Index {
    final Map<String, Map<String, Postings>> byLabel = new ConcurrentHashMap<>();
    final Postings all = new Postings();
  }

  /** One series; replaced never, so that arrays of them can be shared with readers. */
  record Entry(long id, String tenant, Labels labels) {}

  private final LongIntTable byId = new LongIntTable();
  private final Map<String, Index> byTenant = new ConcurrentHashMap<>();
  private volatile Entry[] entries = new Entry[16];
  private volatile int size;
  private long heapBytes;

  int size() {
    return size;
  }

  /** Returns the number of the series, or {@link LongIntTable#ABSENT}. For the shard's thread. */
  int ref(long id) {
    return byId.get(id);
  }

  Entry entry(int ref) {
    return entries[ref];
  }

  @Override
  public String tenant(int ref) {
    return entries[ref].tenant;
  }

  @Override
  public Labels labels(int ref) {
    return entries[ref].labels;
  }

  /**
   * Enters a series if it is new and returns its number. When another series holds its id, the next
   * free id is taken: the number's {@link #entry} tells the id that counts.
   */
  int enter(long id, String tenant, Labels labels) {
    long candidate = id;
    while (true) {
      int ref = byId.get(candidate);
      if (ref == LongIntTable.ABSENT) {
        return add(new Entry(candidate, tenant, labels));
      }
      Entry holder = entries[ref];
      if (holder.labels.equals(labels) && holder.tenant.equals(tenant)) {
        return ref;
      }
      candidate = candidate == -1 ? 1 : candidate + 1;
    }
  }

  private int add(Entry entry) {
    int ref = size;
    if (ref == entries.length) {
      entries = Arrays.copyOf(entries, ref * 2);
    }
    entries[ref] = entry;
    byId.add(entry.id, ref);
    size = ref + 1;
    // Postings last: who finds a number in them finds its entry.
    Index index = byTenant.computeIfAbsent(entry.tenant, t -> new Index());
    entry.labels.forEach((name, value) ->
        index
            .byLabel
            .computeIfAbsent(name, n -> new ConcurrentHashMap<>())
            .computeIfAbsent(value, v -> new Postings())
            .add(ref));
    index.all.add(ref);
    heapBytes += 120L + entry.labels.canonicalBytes().length + 8L * entry.labels.size();
    return ref;
  }

  Set<String> tenants() {
    return Set.copyOf(byTenant.keySet());
  }

  Set<String> labelNames(String tenant) {
    Index index = byTenant.get(tenant);
    return index == null ? Set.of() : new ConcurrentSkipListSet<>(index.byLabel.keySet());
  }

  Set<String> labelValues(String tenant, String label) {
    Index index = byTenant.get(tenant);
    Map<String, Postings> values = index == null ? null : index.byLabel.get(label);
    return values == null ? Set.of() : new ConcurrentSkipListSet<>(values.keySet());
  }

  /** Returns the numbers of the tenant's series that meet all matchers, ascending. */
  int[] select(String tenant, List<Matcher> matchers) {
    Index index = byTenant.get(tenant);
    if (index == null) {
      return Postings.NONE;
    }
    int[] result = null;
    List<Matcher> subtracting = new ArrayList<>();
    for (Matcher matcher : matchers) {
      // A condition that a missing label meets cannot be answered from the values that exist: take
      // away the series whose value fails instead.
      if (matcher.matchesMissing()) {
        subtracting.add(matcher);
        continue;
      }
      int[] matching = matching(index, matcher);
      result = result == null ? matching : Postings.intersect(result, matching);
      if (result.length == 0) {
        return Postings.NONE;
      }
    }
    if (result == null) {
      result = index.all.snapshot();
    }
    for (Matcher matcher : subtracting) {
      result = Postings.subtract(result, failing(index, matcher));
    }
    return result;
  }

  private static int[] matching(Index index, Matcher matcher) {
    Map<String, Postings> values = index.byLabel.getOrDefault(matcher.name(), Map.of());
    if (matcher.type() == Matcher.Type.EQUAL) {
      Postings postings = values.get(matcher.value());
      return postings == null ? Postings.NONE : postings.snapshot();
    }
    return collect(values, matcher, true);
  }

  private static int[] failing(Index index, Matcher matcher) {
    Map<String, Postings> values = index.byLabel.getOrDefault(matcher.name(), Map.of());
    if (matcher.type() == Matcher.Type.NOT_EQUAL) {
      Postings postings = values.get(matcher.value());
      return postings == null ? Postings.NONE : postings.snapshot();
    }
    return collect(values, matcher, false);
  }

  private static int[] collect(Map<String, Postings> values, Matcher matcher, boolean matching) {
    List<int[]> found = new ArrayList<>();
    values.forEach((value, postings) -> {
      if (matcher.matches(value) == matching) {
        found.add(postings.snapshot());
      }
    });
    return found.isEmpty() ? Postings.NONE : Postings.union(found);
  }

  /** Returns the ids of all series, in the order of their numbers. */
  long[] ids() {
    long[] ids = new long[size];
    for (int ref = 0; ref < ids.length; ref++) {
      ids[ref] = entry(ref).id();
    }
    return ids;
  }

  /** Returns all series as births, for replication. */
  List<Birth> births() {
    int n = size;
    List<Birth> births = new ArrayList<>(n);
    for (int ref = 0; ref < n; ref++) {
      Entry entry = entries[ref];
      births.add(new Birth(entry.id, entry.tenant, entry.labels));
    }
    return births;
  }

  long heapBytes() {
    return heapBytes + byId.heapBytes() + 4L * entries.length;
  }
}
