package io.tidegrid.store;

import java.io.Serial;

/**
 * Says that a shard is not, or no longer, owned by the member that was asked. Ask its new owner.
 */
public final class ShardMovedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  /** For the given shard. */
  public ShardMovedException(int shard) {
    super("shard " + shard + " is not owned by this member", null, false, false);
  }
}
