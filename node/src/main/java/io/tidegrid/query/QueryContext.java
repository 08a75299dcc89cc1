package io.tidegrid.query;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * The bounds of one query.
 *
 * @param timeout how long it may take; never more than the node's own limit
 * @param cancelled asked now and then; true when the client went away
 */
public record QueryContext(Duration timeout, BooleanSupplier cancelled) {

  /** A context with the given timeout that is never cancelled. */
  public static QueryContext of(Duration timeout) {
    return new QueryContext(timeout, () -> false);
  }
}
