package io.tidegrid.store;

import java.io.Serial;

/**
 * Says that a shard is not, or no longer, owned by the member that was asked, or that this member
 * does not know enough of it yet. Ask its owner, or later.
 */
public final class ShardMovedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  /** For the given shard. */
  public ShardMovedException(int shard) {
    this("shard " + shard + " is not owned by this member");
  }

  private ShardMovedException(String message) {
    super(message, null, false, false);
  }

  /** For a shard that lost its state and has not got everything back from the database. */
  static ShardMovedException incomplete(int shard) {
    return new ShardMovedException("shard " + shard + " is being read from the database");
  }
}
