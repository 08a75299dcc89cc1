package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import java.io.IOException;

/**
 * What a receiver outside knows of an alert. Immutable.
 *
 * @param sinceMs when the instance began that it was told of last; {@link AlertState#NEVER} for
 *     none
 * @param resolved whether it was told of its end
 */
public record Delivered(long sinceMs, boolean resolved) {

  /** Nothing was ever told. */
  public static final Delivered NOTHING = new Delivered(AlertState.NEVER, false);

  /** Tells whether the receiver knows of how an alert stands, as far as it must. */
  public boolean covers(AlertState state) {
    return switch (state.phase()) {
      case PENDING -> true;
      case FIRING -> sinceMs == state.pendingSinceMs();
      case RESOLVED ->
          state.firedAtMs() == AlertState.NEVER || (sinceMs == state.pendingSinceMs() && resolved);
    };
  }

  /** Returns what a receiver knows that was told of how an alert stands. */
  public static Delivered of(AlertState state) {
    return new Delivered(state.pendingSinceMs(), state.phase() == AlertPhase.RESOLVED);
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLong(sinceMs);
    out.writeBoolean(resolved);
  }

  static Delivered read(ObjectDataInput in) throws IOException {
    return new Delivered(in.readLong(), in.readBoolean());
  }
}
