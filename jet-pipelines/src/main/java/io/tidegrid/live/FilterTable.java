package io.tidegrid.live;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

/**
 * The filters of all members, as this one knows them. Each member numbers its filters and their
 * changes. Safe for use by many threads.
 */
final class FilterTable {

  private static final class OfMember {
    private final Target target;
    private final Map<Integer, LiveFilter> filters = new HashMap<>();
    private long version;

    private OfMember(Target target) {
      this.target = target;
    }
  }

  private final Function<UUID, Target> targets;
  private final OfMember own;
  private final Map<UUID, OfMember> others = new HashMap<>();
  private final Set<UUID> gone = new HashSet<>();
  private volatile boolean empty = true;
  private FilterIndex index = FilterIndex.EMPTY;
  private boolean stale;

  /**
   * @param own this member
   * @param targets makes the way to another member
   */
  FilterTable(Target own, Function<UUID, Target> targets) {
    this.own = new OfMember(own);
    this.targets = targets;
  }

  /** Tells whether nobody asks for anything. */
  boolean isEmpty() {
    return empty;
  }

  synchronized void putOwn(int number, LiveFilter filter) {
    own.filters.put(number, filter);
    changed();
  }

  synchronized void removeOwn(int number) {
    own.filters.remove(number);
    changed();
  }

  /**
   * Applies what another member says of its filters.
   *
   * @return the version that is known of that member afterwards; another than the update's when it
   *     could not be applied
   */
  synchronized long apply(FilterUpdate update) {
    if (gone.contains(update.member())) {
      return update.toVersion();
    }
    OfMember known =
        others.computeIfAbsent(update.member(), uuid -> new OfMember(targets.apply(uuid)));
    boolean whole = update.fromVersion() == 0;
    if (update.toVersion() < known.version || (!whole && update.fromVersion() != known.version)) {
      return known.version;
    }
    if (whole) {
      known.filters.clear();
    }
    update.removed().forEach(known.filters::remove);
    known.filters.putAll(update.added());
    known.version = update.toVersion();
    changed();
    return known.version;
  }

  /** Forgets a member that left; it does not come back under the same name. */
  synchronized void remove(UUID member) {
    gone.add(member);
    OfMember removed = others.remove(member);
    if (removed != null) {
      removed.target.queue().close();
      changed();
    }
  }

  private void changed() {
    stale = true;
    empty = own.filters.isEmpty() && others.values().stream().allMatch(o -> o.filters.isEmpty());
  }

  /** Returns all filters; the same object until one changes. */
  synchronized FilterIndex index() {
    if (stale) {
      FilterIndex next = empty ? FilterIndex.EMPTY : new FilterIndex();
      addTo(next, own);
      others.values().forEach(other -> addTo(next, other));
      index = next;
      stale = false;
    }
    return index;
  }

  private static void addTo(FilterIndex index, OfMember member) {
    member.filters.forEach((number, filter) -> index.add(member.target, number, filter));
  }

  synchronized void close() {
    others.values().forEach(other -> other.target.queue().close());
    own.target.queue().close();
  }
}
