package io.tidegrid.alert;

import io.tidegrid.model.AlertState;
import java.util.List;

/**
 * Where the grid keeps how alerts stand. A shard's are kept in the shard's own partition. Safe for
 * use by many threads. Calls may block; they are never made by the evaluating thread.
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
   * <p>A call has at most one change of an alert. Changes with {@link AlertState#announced} set are
   * recorded and not announced: those to pending, to another version of the rule, and of {@link
   * AlertState#lastTimeMs} alone. The same change (of phase, {@link AlertState#pendingSinceMs} and
   * {@link AlertState#resolvedAtMs}) may come again, after a failure, or from two members while a
   * shard moves: it is recorded and announced once, except that one which stands there unannounced
   * is announced then. A change to resolved whose {@link AlertState#firedAtMs} is {@link
   * AlertState#NEVER} never fired: it only says how far the alert was judged, and nobody is told.
   *
   * @return for each change what stands there now, in order
   * @throws RuntimeException when the grid cannot take it now; all of it to be tried again
   */
  List<AlertState> record(int shard, List<AlertState> changes, List<Breach> breaches);

  /**
   * Forgets alerts: pending ones whose condition is not met any more, resolved ones that ended long
   * ago. One that stands there otherwise than here stays.
   */
  void forget(int shard, List<AlertState> ended);
}
