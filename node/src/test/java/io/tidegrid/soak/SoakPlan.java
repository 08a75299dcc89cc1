package io.tidegrid.soak;

/**
 * What is sent when, computed rather than remembered. There are {@code rate * STEP} slots; each
 * gets a sample every {@value #STEP_MS} ms, spread evenly over the step. A slot is one series at a
 * time: churn moves slots to their next generation, a label, in turn.
 *
 * @param startMs when the first sample is due, in milliseconds since 1970
 * @param rate samples a second
 * @param churnPercent series replaced each minute, as a percentage of all
 * @param batch samples a request
 */
record SoakPlan(long startMs, int rate, double churnPercent, int batch) {

  static final int STEP_MS = 10_000;

  /** Metrics that the slots are spread over. */
  static final int METRICS = 20;

  int slots() {
    return rate * (STEP_MS / 1_000);
  }

  long batchesPerStep() {
    return (slots() + batch - 1L) / batch;
  }

  /** Returns when a batch is due, in milliseconds after the start. */
  double dueMs(long number) {
    long step = number / batchesPerStep();
    return step * (double) STEP_MS
        + (number % batchesPerStep()) * (double) STEP_MS / batchesPerStep();
  }

  long step(long batchNumber) {
    return batchNumber / batchesPerStep();
  }

  int firstSlot(long batchNumber) {
    return (int) (batchNumber % batchesPerStep()) * batch;
  }

  int endSlot(long batchNumber) {
    return Math.min(slots(), firstSlot(batchNumber) + batch);
  }

  /** Returns the time of a slot's sample; within a batch all have the time at which it is due. */
  long timeMs(int slot, long step) {
    return startMs + (long) dueMs(step * batchesPerStep() + slot / batch);
  }

  /** Returns a value with two decimals that goes up and down slowly, as most measured values do. */
  double value(int slot, long step) {
    long wave = (step * (1 + slot % 5) + slot * 37L) % 2_000;
    long noise = ((step * 31 + slot) * 0x9E3779B97F4A7C15L) >>> 58;
    return (1_000 + Math.abs(wave - 1_000) + noise) / 100.0;
  }

  /** Returns how often a slot has been replaced before a step. */
  int generation(int slot, long step) {
    long replaced = (long) (step * slots() * churnPercent / 100 * STEP_MS / 60_000);
    return replaced <= slot ? 0 : (int) ((replaced - slot - 1) / slots()) + 1;
  }

  String metric(int slot) {
    return "soak_" + slot % METRICS;
  }
}
