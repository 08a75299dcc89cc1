package io.tidegrid.alert;

/**
 * A sum that keeps what rounding takes away.
 *
 * @see <a href="https://doi.org/10.1002/zamm.19740540106">Neumaier, Rundungsfehleranalyse einiger
 *     Verfahren zur Summation endlicher Summen, 1974</a>
 */
final class CompensatedSum {

  private double sum;
  private double lost;

  void clear() {
    sum = 0;
    lost = 0;
  }

  void add(double value) {
    double next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }

  double value() {
    return Double.isNaN(lost) ? sum : sum + lost;
  }
}
