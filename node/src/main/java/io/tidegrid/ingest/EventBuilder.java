package io.tidegrid.ingest;

import io.tidegrid.model.Event;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.XxHash64;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes events, and the series of their metrics, of what was read from one body. */
final class EventBuilder {

  private static final byte[] DEVICE_LABEL = "device_id".getBytes(StandardCharsets.US_ASCII);

  /** From this number of metrics on, doubles are looked for by hash. */
  private static final int FEW = 16;

  private final DecodeContext context;
  private final JsonScanner in;

  /** The names of metrics by their places, as the last event with so many had them. */
  private final List<Name> names = new ArrayList<>();

  /**
   * A name that was built before.
   *
   * @param from where it stands in the body
   */
  private record Name(int from, int to, String text) {}

  EventBuilder(DecodeContext context, JsonScanner in) {
    this.context = context;
    this.in = in;
  }

  /**
   * Returns the series of a metric of a device, given by their places in the body.
   *
   * @throws RowProblem when the name or the device cannot be a label
   */
  SeriesKey series(int from, int to, int deviceFrom, int deviceTo) {
    byte[] bytes = in.bytes;
    int length = to - from;
    int deviceLength = deviceTo - deviceFrom;
    if (context.predicted() instanceof SeriesEntry predicted
        && predicted.split == length
        && predicted.raw.length == length + deviceLength
        && Arrays.equals(predicted.raw, 0, length, bytes, from, to)
        && Arrays.equals(
            predicted.raw, length, predicted.raw.length, bytes, deviceFrom, deviceTo)) {
      context.hitPredicted(predicted);
      return predicted.key;
    }
    long hash = context.scope.hash(bytes, from, length, deviceFrom, deviceLength);
    SeriesEntry found =
        context.cache.find(context.scope, hash, bytes, from, length, deviceFrom, deviceLength);
    if (found != null) {
      context.hit(found);
      return found.key;
    }
    SeriesKey key = newSeries(from, to, deviceFrom, deviceTo);
    byte[] raw = Arrays.copyOfRange(bytes, from, from + length + deviceLength);
    System.arraycopy(bytes, deviceFrom, raw, length, deviceLength);
    CacheEntry kept = context.keep(new SeriesEntry(context.scope, hash, raw, length, key));
    return kept instanceof SeriesEntry entry ? entry.key : key;
  }

  private SeriesKey newSeries(int from, int to, int deviceFrom, int deviceTo) {
    LabelAssembler labels = context.labels;
    labels.reset(true);
    int name = labels.mark();
    in.unescape(from, to, labels);
    labels.metric(name, labels.mark());
    int label = labels.mark();
    labels.put(DEVICE_LABEL, 0, DEVICE_LABEL.length);
    int value = labels.mark();
    in.unescape(deviceFrom, deviceTo, labels);
    labels.label(label, value, value, labels.mark());
    return labels.build(context.scope.tenant);
  }

  /**
   * Returns an event.
   *
   * @param series of its metrics
   */
  DecodedEvent event(
      int index,
      String id,
      String device,
      long timeMs,
      boolean timed,
      EventMetrics metrics,
      List<SeriesKey> series,
      List<String> tags) {
    long hash = timed ? timeMs : 0;
    List<String> metricNames = new ArrayList<>(metrics.count());
    for (int i = 0; i < metrics.count(); i++) {
      int from = metrics.from(i);
      hash = XxHash64.hash(in.bytes, from, metrics.to(i) - from, hash);
      hash = hash * 31 + Double.doubleToRawLongBits(metrics.value(i));
      metricNames.add(name(i, from, metrics.to(i), series.get(i)));
    }
    for (String tag : tags) {
      hash = hash * 31 + tag.hashCode();
    }
    if (hasDoubles(metricNames)) {
      int[] kept = last(metricNames);
      double[] values = Arrays.stream(kept).mapToDouble(metrics::value).toArray();
      List<String> keptNames = Arrays.stream(kept).mapToObj(metricNames::get).toList();
      return new DecodedEvent(
          index,
          new Event(id, device, timeMs, timed, hash, keptNames, values, tags),
          Arrays.stream(kept).mapToObj(series::get).toList());
    }
    return new DecodedEvent(
        index,
        new Event(id, device, timeMs, timed, hash, metricNames, metrics.values(), tags),
        series);
  }

  /** Events of a body mostly have the same metrics, whose names are built once then. */
  private String name(int i, int from, int to, SeriesKey series) {
    if (i < names.size()) {
      Name before = names.get(i);
      if (Arrays.equals(in.bytes, before.from, before.to, in.bytes, from, to)) {
        return before.text;
      }
    }
    Name built = new Name(from, to, series.labels().metricName());
    if (i < names.size()) {
      names.set(i, built);
    } else {
      names.add(built);
    }
    return built.text;
  }

  private static boolean hasDoubles(List<String> names) {
    if (names.size() > FEW) {
      Set<String> seen = new HashSet<>(names);
      return seen.size() < names.size();
    }
    for (int i = 1; i < names.size(); i++) {
      if (names.subList(0, i).contains(names.get(i))) {
        return true;
      }
    }
    return false;
  }

  /** Of a metric given twice the last value counts. */
  private static int[] last(List<String> names) {
    Map<String, Integer> last = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      last.put(names.get(i), i);
    }
    return last.values().stream().mapToInt(i -> i).sorted().toArray();
  }
}
