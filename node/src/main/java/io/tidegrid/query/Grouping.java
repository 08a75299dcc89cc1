package io.tidegrid.query;

import java.util.List;

/**
 * How the windows of several series are put together.
 *
 * @param eachSeries whether each series keeps windows of its own
 * @param labels otherwise, the labels by which series are pooled; empty pools all of them
 */
public record Grouping(boolean eachSeries, List<String> labels) {

  private static final Grouping EACH = new Grouping(true, List.of());

  /** Copies the list. */
  public Grouping {
    labels = List.copyOf(labels);
  }

  /** Each series by itself. */
  public static Grouping bySeries() {
    return EACH;
  }

  /** Series with the same values of these labels together; without labels, all of them. */
  public static Grouping by(List<String> labels) {
    return new Grouping(false, labels);
  }
}
