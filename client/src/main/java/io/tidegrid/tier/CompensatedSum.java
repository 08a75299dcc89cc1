package io.tidegrid.tier;

/**
 * A sum of doubles that keeps the low bits which plain addition drops. Not safe for use by many
 * threads.
 *
 * @see <a href="https://doi.org/10.1002/zamm.19740540106">A. Neumaier, Rundungsfehleranalyse
 *     einiger Verfahren zur Summation endlicher Summen, 1974</a>
 */
public final class CompensatedSum {

  private double sum;
  private double compensation;

  /** Adds a term. */
  public void add(double value) {
    double next = sum + value;
    if (Math.abs(sum) >= Math.abs(value)) {
      compensation += (sum - next) + value;
    } else {
      compensation += (value - next) + sum;
    }
    sum = next;
  }

  /** Adds what was summed up elsewhere. */
  public void add(CompensatedSum other) {
    add(other.sum);
    compensation += other.compensation;
  }

  /** Returns what plain addition gives. */
  public double sum() {
    return sum;
  }

  /** Returns what plain addition dropped. */
  public double compensation() {
    return compensation;
  }

  /** Goes on from another sum, in its two parts. */
  public void set(double newSum, double newCompensation) {
    sum = newSum;
    compensation = newCompensation;
  }

  /** Begins anew at zero. */
  public void clear() {
    set(0, 0);
  }

  /** Returns the sum. */
  public double value() {
    return value(sum, compensation);
  }

  /**
   * Returns a sum of its two parts. With an infinity among the terms the compensation is NaN and
   * says nothing.
   */
  public static double value(double sum, double compensation) {
    return Double.isFinite(sum) ? sum + compensation : sum;
  }
}
