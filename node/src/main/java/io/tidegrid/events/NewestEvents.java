package io.tidegrid.events;

import io.tidegrid.model.Event;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;

/** Keeps the newest of many events. */
final class NewestEvents {

  /** Newest first; those of one time by device and id. */
  static final Comparator<Event> ORDER =
      Comparator.comparingLong(Event::timeMs)
          .reversed()
          .thenComparing(Event::deviceId)
          .thenComparing(Event::id);

  private final int limit;
  private final PriorityQueue<Event> kept = new PriorityQueue<>(ORDER.reversed());

  NewestEvents(int limit) {
    this.limit = limit;
  }

  void add(Event event) {
    kept.add(event);
    if (kept.size() > limit) {
      kept.remove();
    }
  }

  /** Returns them in order. */
  List<Event> list() {
    return kept.stream().sorted(ORDER).toList();
  }

  private record Id(String deviceId, String eventId) {}

  /** Merges two lists that may share events. */
  static List<Event> merge(List<Event> some, List<Event> others, int limit) {
    List<Event> all = new ArrayList<>(some);
    all.addAll(others);
    all.sort(ORDER);
    Set<Id> seen = new HashSet<>();
    return all.stream()
        .filter(event -> seen.add(new Id(event.deviceId(), event.id())))
        .limit(limit)
        .toList();
  }
}
