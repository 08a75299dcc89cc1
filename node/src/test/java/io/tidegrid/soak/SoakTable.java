package io.tidegrid.soak;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * One row of figures a minute, as a Markdown table or tab-separated, and what they say at the end.
 */
final class SoakTable {

  /** How a column is judged. */
  enum Kind {
    /** Only shown. */
    SHOWN,
    /** Must not be higher at the end than at the beginning. */
    FLAT
  }

  /** What the figures say together. */
  enum Verdict {
    FLAT("flat"),
    GROWN("NOT flat"),
    TOO_SHORT("too short to tell whether it is flat (4 min are the least)");

    final String text;

    Verdict(String text) {
      this.text = text;
    }
  }

  /** A last third beyond this multiple of the first counts as grown. */
  private static final double TOLERANCE = 1.25;

  private final PrintStream out;
  private final boolean tabs;
  private final Map<String, Kind> columns = new LinkedHashMap<>();
  private final Map<String, List<Double>> values = new LinkedHashMap<>();
  private Map<String, OptionalDouble> row = new LinkedHashMap<>();

  SoakTable(PrintStream out, boolean tabs) {
    this.out = out;
    this.tabs = tabs;
  }

  void put(String column, Kind kind, OptionalDouble value) {
    columns.put(column, kind);
    row.put(column, value);
  }

  void put(String column, Kind kind, double value) {
    put(column, kind, Double.isNaN(value) ? OptionalDouble.empty() : OptionalDouble.of(value));
  }

  void put(String column, Kind kind, long value) {
    put(column, kind, OptionalDouble.of((double) value));
  }

  /** Prints the row, after the heading when it is the first. */
  void endRow() {
    if (values.isEmpty()) {
      print(List.copyOf(columns.keySet()));
      if (!tabs) {
        print(columns.keySet().stream().map(column -> "--:").toList());
      }
    }
    print(columns.keySet().stream().map(column -> text(row.get(column))).toList());
    row.forEach((column, value) ->
        values.computeIfAbsent(column, c -> new ArrayList<>()).add(value.orElse(Double.NaN)));
    row = new LinkedHashMap<>();
  }

  private void print(List<String> cells) {
    out.println(tabs ? String.join("\t", cells) : "| " + String.join(" | ", cells) + " |");
    out.flush();
  }

  private static String text(OptionalDouble value) {
    if (value == null || value.isEmpty()) {
      return "-";
    }
    double number = value.getAsDouble();
    boolean whole = number == Math.rint(number) || Math.abs(number) >= 1_000;
    return String.format(Locale.ROOT, whole ? "%.0f" : "%.2f", number);
  }

  /**
   * Prints for each judged column the medians of the first and the last third, the first minute
   * left out because the node's code is compiled then.
   *
   * @return whether any of them has grown
   */
  Verdict summarize() {
    Verdict verdict = Verdict.TOO_SHORT;
    out.println();
    print(List.of("figure", "first third", "last third", "ratio", "verdict"));
    if (!tabs) {
      print(List.of("--", "--:", "--:", "--:", "--"));
    }
    for (Map.Entry<String, Kind> column : columns.entrySet()) {
      double[] all =
          values.get(column.getKey()).stream()
              .skip(1)
              .mapToDouble(v -> v)
              .filter(v -> !Double.isNaN(v))
              .toArray();
      if (column.getValue() != Kind.FLAT || all.length < 3) {
        continue;
      }
      int third = all.length / 3;
      double first = median(Arrays.copyOf(all, third));
      double last = median(Arrays.copyOfRange(all, all.length - third, all.length));
      boolean grown = last > first * TOLERANCE && last - first > 1;
      verdict = grown || verdict == Verdict.GROWN ? Verdict.GROWN : Verdict.FLAT;
      print(
          List.of(
              column.getKey(),
              text(OptionalDouble.of(first)),
              text(OptionalDouble.of(last)),
              first == 0 ? "-" : String.format(Locale.ROOT, "%.2f", last / first),
              grown ? "GROWN" : "flat"));
    }
    return verdict;
  }

  private static double median(double[] numbers) {
    Arrays.sort(numbers);
    return numbers[numbers.length / 2];
  }
}
