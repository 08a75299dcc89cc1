package io.tidegrid.alerting;

import io.tidegrid.grid.AlertKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What waits for a receiver, by groups: of each alert its changes in order. All but the number of
 * changes of one alert is of constant cost. Safe for use by many threads.
 */
final class NotifyQueue {

  private final int max;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Map<AlertKey, Deque<NotifyItem>>> groups = new HashMap<>();
  private int size;
  private long dropped;

  /**
   * @param max how many may wait; of an alert with more only the newest is kept then
   */
  NotifyQueue(int max) {
    this.max = max;
  }

  int size() {
    lock.lock();
    try {
      return size;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes what is to be told; what waits already is left out.
   *
   * @param latestOnly whether the newest of an alert takes the place of those before
   * @return the groups that had nothing before, and now have somebody waiting
   */
  Set<String> add(Map<String, List<NotifyItem>> items, boolean latestOnly) {
    Set<String> idle = new HashSet<>();
    lock.lock();
    try {
      items.forEach((group, list) -> {
        boolean known = groups.containsKey(group);
        Map<AlertKey, Deque<NotifyItem>> alerts =
            groups.computeIfAbsent(group, g -> new LinkedHashMap<>());
        list.forEach(item -> add(alerts, item, latestOnly));
        if (!known) {
          boolean ignored = idle.add(group);
        }
      });
    } finally {
      lock.unlock();
    }
    return idle;
  }

  private void add(Map<AlertKey, Deque<NotifyItem>> alerts, NotifyItem item, boolean latestOnly) {
    Deque<NotifyItem> changes = alerts.get(item.key());
    if (changes != null && changes.stream().anyMatch(item::isSame)) {
      return;
    }
    boolean full = size >= max;
    if (changes == null && full) {
      // The grid says of it how it stands, and it is found there when there is room.
      dropped++;
      return;
    }
    if (changes == null) {
      changes = new ArrayDeque<>();
      alerts.put(item.key(), changes);
    } else if (latestOnly || full) {
      dropped += latestOnly ? 0 : changes.size();
      size -= changes.size();
      changes.clear();
    }
    changes.add(item);
    size++;
  }

  /**
   * Returns of each of some alerts what comes first, and leaves it where it is. A group that has
   * nothing is over: the next to add to it is told so.
   */
  List<NotifyItem> peek(String group, int most) {
    lock.lock();
    try {
      List<NotifyItem> batch = new ArrayList<>();
      Map<AlertKey, Deque<NotifyItem>> alerts = groups.getOrDefault(group, Map.of());
      for (Deque<NotifyItem> changes : alerts.values()) {
        if (batch.size() == most) {
          break;
        }
        batch.add(changes.element());
      }
      if (batch.isEmpty()) {
        var _ = groups.remove(group);
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /** Takes out what is over with. What an alert has beyond it comes after the other alerts. */
  void remove(String group, List<NotifyItem> items) {
    lock.lock();
    try {
      Map<AlertKey, Deque<NotifyItem>> alerts = groups.getOrDefault(group, Map.of());
      for (NotifyItem item : items) {
        Deque<NotifyItem> changes = alerts.get(item.key());
        if (changes != null && changes.remove(item)) {
          size--;
          var _ = alerts.remove(item.key());
          if (!changes.isEmpty()) {
            alerts.put(item.key(), changes);
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Forgets a group. */
  void abandon(String group) {
    lock.lock();
    try {
      Map<AlertKey, Deque<NotifyItem>> alerts = groups.remove(group);
      if (alerts != null) {
        size -= alerts.values().stream().mapToInt(Deque::size).sum();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns how many were left out for want of room since the last time this was asked. */
  long takeDropped() {
    lock.lock();
    try {
      long now = dropped;
      dropped = 0;
      return now;
    } finally {
      lock.unlock();
    }
  }
}
