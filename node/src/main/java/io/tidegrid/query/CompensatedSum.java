package io.tidegrid.query;

/**
 * A sum of doubles that keeps the low bits which plain addition drops.
 *
 * @see <a href="https://doi.org/10.1002/zamm.19740540106">A. Neumaier, Rundungsfehleranalyse
 *     einiger Verfahren zur Summation endlicher Summen, 1974</a>
 */
final class CompensatedSum {

  private double sum;
  private double compensation;

  void add(double value) {
    double next = sum + value;
    if (Math.abs(sum) >= Math.abs(value)) {
      compensation += (sum - next) + value;
    } else {
      compensation += (value - next) + sum;
    }
    sum = next;
  }

  void add(CompensatedSum other) {
    add(other.sum);
    compensation += other.compensation;
  }

  double sum() {
    return sum;
  }

  double compensation() {
    return compensation;
  }

  void set(double newSum, double newCompensation) {
    sum = newSum;
    compensation = newCompensation;
  }

  double value() {
    return value(sum, compensation);
  }

  /** With an infinity among the terms the compensation is NaN and says nothing. */
  static double value(double sum, double compensation) {
    return Double.isFinite(sum) ? sum + compensation : sum;
  }
}
