package io.tidegrid.alert;

import io.tidegrid.model.AlertState;
import java.util.List;

/**
 * Where the grid keeps how alerts stand. A shard's are kept in the shard's own partition. Safe for
 * use by many threads.
 */
public interface AlertLedger {

  /**
   * A sample that met the threshold of a rule which announces each.
   *
   * @param state how the alert stands: its rule and labels
   * @param timeMs the sample's time, milliseconds since 1970
   * @param value its value
   */
  record Breach(AlertState state, long timeMs, double value) {}

  /**
   * Returns how all alerts of a shard stand; also those that only the database has, when the
   * cluster has just started.
   *
   * @throws RuntimeException when that cannot be told now; to be tried again
   */
  List<AlertState> load(int shard);

  /**
   * Records changes, each taking the place of what was known of that alert, and returns when owner
   * and backup have them; then announces them, and after them the breaches, in order. A record of
   * an alert that stands there in a later version of its rule, or resolved by hand meanwhile, may
   * be refused; what counts then is in the answer.
   *
   * @return for each record what stands there now, in order
   * @throws RuntimeException when the grid cannot take it now; all of it to be tried again
   */
  List<AlertState> record(int shard, List<AlertState> changes, List<Breach> breaches);

  /** Forgets alerts that ended long ago. */
  void forget(int shard, List<AlertState> ended);
}
