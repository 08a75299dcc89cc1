package io.tidegrid.alert;

import io.tidegrid.alert.FakeLedger.Announced;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What alerts of hosts there should be, worked out as plainly as can be: every sample by every
 * rule, windows from all samples there ever were.
 */
final class Replay {

  private static final double STALE = Double.longBitsToDouble(0x7ff0000000000002L);
  private static final long STALE_AFTER = 300_000;

  private static final class Key {
    private AlertPhase phase;
    private long since;
    private long fired;

    /** A window does not move back. */
    private long windowFrom = Long.MIN_VALUE;
  }

  private static final class Host {
    private final TreeMap<Long, Double> samples = new TreeMap<>();
    private long last = Long.MIN_VALUE;
    private long arrival;
    private long windowsFrom = Long.MIN_VALUE;
  }

  private final List<AlertRule> rules;
  private final Map<String, Host> hosts = new HashMap<>();
  private final Map<String, Key> keys = new HashMap<>();
  final List<Announced> announced = new ArrayList<>();

  Replay(List<AlertRule> rules) {
    this.rules = rules;
  }

  private Key key(AlertRule rule, String host) {
    return keys.computeIfAbsent(rule.id() + "/" + host, k -> new Key());
  }

  void sample(String name, long time, double value, long now) {
    Host host = hosts.computeIfAbsent(name, n -> new Host());
    host.arrival = now;
    boolean ends = Double.doubleToRawLongBits(value) == Double.doubleToRawLongBits(STALE);
    if (ends) {
      host.windowsFrom = Math.max(host.windowsFrom, time);
      host.samples.headMap(time, true).clear();
    }
    if (!Double.isNaN(value) && time > host.windowsFrom) {
      host.samples.put(time, value);
    }
    if (time <= host.last) {
      return;
    }
    host.last = time;
    for (AlertRule rule : rules) {
      Key key = key(rule, name);
      switch (rule.spec().condition()) {
        case AlertCondition.Threshold threshold ->
            step(
                rule,
                name,
                key,
                time,
                !Double.isNaN(value) && threshold.comparison().test(value, threshold.threshold()));
        case AlertCondition.Window window ->
            step(rule, name, key, time, isMet(host, key, window, time));
        case AlertCondition.Absent _ -> throw new IllegalArgumentException("not here");
      }
    }
  }

  private static boolean isMet(Host host, Key key, AlertCondition.Window window, long end) {
    key.windowFrom = Math.max(key.windowFrom, end - window.range().toMillis());
    var inside = host.samples.subMap(key.windowFrom, false, Math.max(key.windowFrom, end), true);
    if (inside.isEmpty()) {
      return false;
    }
    double[] values = inside.values().stream().mapToDouble(Double::doubleValue).toArray();
    double rise = 0;
    for (int i = 1; i < values.length; i++) {
      rise += values[i] < values[i - 1] ? values[i] : values[i] - values[i - 1];
    }
    double mean = Arrays.stream(values).sum() / values.length;
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double figure =
        switch (window.function()) {
          case AVG -> mean;
          case SUM -> Arrays.stream(values).sum();
          case COUNT -> values.length;
          case MIN -> sorted[0];
          case MAX -> sorted[sorted.length - 1];
          case INCREASE -> values.length < 2 ? Double.NaN : rise;
          case RATE -> values.length < 2 ? Double.NaN : rise / (window.range().toMillis() / 1e3);
          case STDDEV ->
              Math.sqrt(
                  Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / values.length);
          case P50 -> percentile(sorted, 0.5);
          case P90 -> percentile(sorted, 0.9);
          case P95 -> percentile(sorted, 0.95);
          case P99 -> percentile(sorted, 0.99);
        };
    return !Double.isNaN(figure) && window.comparison().test(figure, window.threshold());
  }

  private static double percentile(double[] sorted, double share) {
    double rank = share * (sorted.length - 1);
    int lower = (int) rank;
    double weight = rank - lower;
    return weight == 0 || sorted[lower] == sorted[lower + 1]
        ? sorted[lower]
        : sorted[lower] * (1 - weight) + sorted[lower + 1] * weight;
  }

  private void step(AlertRule rule, String host, Key key, long time, boolean met) {
    long forMs = rule.spec().forDuration().toMillis();
    if (key.phase == null && met) {
      key.since = time;
      key.phase = AlertPhase.PENDING;
      if (forMs == 0) {
        fire(rule, host, key, time);
      }
    } else if (key.phase == AlertPhase.PENDING && !met) {
      key.phase = null;
    } else if (key.phase == AlertPhase.PENDING && time >= key.since + forMs) {
      fire(rule, host, key, key.since + forMs);
    } else if (key.phase == AlertPhase.FIRING && !met) {
      resolve(rule, host, key, time);
    }
  }

  private void fire(AlertRule rule, String host, Key key, long at) {
    key.phase = AlertPhase.FIRING;
    key.fired = at;
    announced.add(
        new Announced(rule.id(), host, AlertPhase.FIRING, key.since, at, AlertState.NEVER));
  }

  private void resolve(AlertRule rule, String host, Key key, long at) {
    announced.add(
        new Announced(
            rule.id(), host, AlertPhase.RESOLVED, key.since, key.fired, Math.max(at, key.fired)));
    key.phase = null;
  }

  void heartbeat(long now) {
    hosts.forEach((name, host) -> {
      long silent = now - host.arrival;
      for (AlertRule rule : rules) {
        Key key = key(rule, name);
        if (rule.spec().condition() instanceof AlertCondition.Window window
            && silent < STALE_AFTER) {
          long end = Math.max(host.last, Math.min(host.last + silent, now));
          long range = window.range().toMillis();
          boolean anyLeft =
              key.windowFrom < end - range
                  && !host.samples.subMap(key.windowFrom, false, end - range, true).isEmpty();
          key.windowFrom = anyLeft ? key.windowFrom : Math.max(key.windowFrom, end - range);
          if (anyLeft) {
            step(rule, name, key, end, isMet(host, key, window, end));
          }
        }
      }
      for (AlertRule rule : rules) {
        Key key = key(rule, name);
        if (silent >= STALE_AFTER) {
          if (key.phase == AlertPhase.FIRING) {
            resolve(rule, name, key, now);
          }
          key.phase = null;
        } else if (key.phase == AlertPhase.PENDING
            && now - host.last < STALE_AFTER
            && now >= key.since + rule.spec().forDuration().toMillis()) {
          fire(rule, name, key, key.since + rule.spec().forDuration().toMillis());
        }
      }
    });
  }
}
