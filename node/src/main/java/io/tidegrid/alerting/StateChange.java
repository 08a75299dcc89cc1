package io.tidegrid.alerting;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.Delivered;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;
import java.util.Optional;

/**
 * Changes how an alert stands, on the thread of its partition, where nothing comes in between.
 * Returns what stands there afterwards; null, by Hazelcast's contract, for nothing.
 */
final class StateChange
    implements EntryProcessor<AlertKey, StateEntry, StateEntry>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private enum Kind {
    RECORD,
    RESTORE,
    ANNOUNCED,
    DELIVERED_WEBHOOK,
    DELIVERED_ALERTMANAGER,
    RESOLVE,
    FORGET,
    SWEEP
  }

  private Kind kind = Kind.RECORD;

  /** The argument of all kinds, each of which uses a part of it. */
  private transient StateEntry given;

  private transient PutState outcome = new PutState();
  private transient boolean changed;

  /** For deserialization. */
  StateChange() {}

  private StateChange(Kind kind, StateEntry given) {
    this.kind = kind;
    this.given = given;
  }

  private static StateEntry entry(long revision, AlertState state, boolean ended) {
    return new StateEntry(revision, state, Delivered.NOTHING, Delivered.NOTHING, ended);
  }

  /**
   * Records what evaluation found, unless a later version of the rule was judged by, or somebody
   * resolved that instance by hand.
   */
  static StateChange record(AlertState next, long nowMs) {
    return new StateChange(Kind.RECORD, entry(nowMs, next, false));
  }

  /** Puts back what the database has, unless something stands there. */
  static StateChange restore(StateEntry stored) {
    return new StateChange(Kind.RESTORE, stored);
  }

  /** Notes that how it stands has been announced. */
  static StateChange announced(AlertState state, long nowMs) {
    return new StateChange(Kind.ANNOUNCED, entry(nowMs, state, false));
  }

  /** Notes that the webhook was told. */
  static StateChange deliveredToWebhook(AlertState state, Delivered told, long nowMs) {
    return new StateChange(
        Kind.DELIVERED_WEBHOOK, new StateEntry(nowMs, state, told, Delivered.NOTHING, false));
  }

  /** Notes that the Alertmanager was told. */
  static StateChange deliveredToAlertmanager(AlertState state, Delivered told, long nowMs) {
    return new StateChange(
        Kind.DELIVERED_ALERTMANAGER, new StateEntry(nowMs, state, Delivered.NOTHING, told, false));
  }

  /**
   * Ends an instance by hand, while it is pending or firing.
   *
   * @param resolved how it then stands; its pending time says which instance is meant
   */
  static StateChange resolve(AlertState resolved, long nowMs) {
    return new StateChange(Kind.RESOLVE, entry(nowMs, resolved, false));
  }

  /**
   * Forgets it, if it stands as here.
   *
   * @param wait whether to keep it until receivers know of it
   */
  static StateChange forget(AlertState state, boolean wait, long nowMs) {
    return new StateChange(Kind.FORGET, entry(nowMs, state, wait));
  }

  /** Takes away what evaluation has forgotten. */
  static StateChange sweep(StateEntry seen) {
    return new StateChange(Kind.SWEEP, seen);
  }

  @Override
  public StateEntry process(Map.Entry<AlertKey, StateEntry> target) {
    Optional<StateEntry> before = Optional.ofNullable(target.getValue());
    Optional<StateEntry> after = apply(before);
    changed = !after.equals(before);
    if (changed) {
      outcome = new PutState(after);
      var _ = target.setValue(after.orElse(null));
    }
    return after.orElse(null);
  }

  private Optional<StateEntry> apply(Optional<StateEntry> before) {
    return switch (kind) {
      case RECORD -> Optional.of(before.map(this::recordOver).orElse(given));
      case RESTORE -> before.or(() -> Optional.of(given));
      case ANNOUNCED ->
          before.map(now -> isSame(now.state()) ? with(now, announced(now.state())) : now);
      case DELIVERED_WEBHOOK ->
          before.map(now ->
              isNews(now.webhook(), given.webhook())
                  ? next(now, now.state(), given.webhook(), now.alertmanager(), now.ended())
                  : now);
      case DELIVERED_ALERTMANAGER ->
          before.map(now ->
              isNews(now.alertmanager(), given.alertmanager())
                  ? next(now, now.state(), now.webhook(), given.alertmanager(), now.ended())
                  : now);
      case RESOLVE -> before.map(this::resolveOver);
      case FORGET -> before.flatMap(this::forgetOver);
      case SWEEP -> before.filter(now -> !now.ended() || now.revision() != given.revision());
    };
  }

  private StateEntry recordOver(StateEntry now) {
    AlertState stands = now.state();
    AlertState wanted = given.state();
    if (now.ended()) {
      return with(now, wanted);
    }
    boolean outdated = wanted.ruleVersion() < stands.ruleVersion();
    boolean byHand =
        !stands.resolvedBy().isEmpty()
            && wanted.resolvedBy().isEmpty()
            && wanted.pendingSinceMs() == stands.pendingSinceMs()
            && wanted.firedAtMs() == stands.firedAtMs()
            && wanted.resolvedAtMs() != stands.resolvedAtMs();
    if (outdated || byHand) {
      return now;
    }
    // Whether it was announced is known here better than there.
    AlertState recorded =
        isSame(stands) && wanted.announced() != stands.announced()
            ? withAnnounced(wanted, stands.announced())
            : wanted;
    return recorded.equals(stands) ? now : with(now, recorded);
  }

  private StateEntry resolveOver(StateEntry now) {
    boolean meant =
        now.state().phase() != AlertPhase.RESOLVED
            && now.state().pendingSinceMs() == given.state().pendingSinceMs();
    return meant && !now.ended() ? with(now, given.state()) : now;
  }

  private Optional<StateEntry> forgetOver(StateEntry now) {
    if (!isSame(now.state())) {
      return Optional.of(now);
    }
    return given.ended() && now.state().phase() == AlertPhase.RESOLVED
        ? Optional.of(next(now, now.state(), now.webhook(), now.alertmanager(), /* ended= */ true))
        : Optional.empty();
  }

  private boolean isSame(AlertState stands) {
    AlertState wanted = given.state();
    return stands.phase() == wanted.phase()
        && stands.pendingSinceMs() == wanted.pendingSinceMs()
        && stands.resolvedAtMs() == wanted.resolvedAtMs();
  }

  private static boolean isNews(Delivered known, Delivered told) {
    return told.sinceMs() > known.sinceMs()
        || (told.sinceMs() == known.sinceMs() && told.resolved() && !known.resolved());
  }

  private static AlertState announced(AlertState state) {
    return withAnnounced(state, true);
  }

  private static AlertState withAnnounced(AlertState state, boolean announced) {
    return new AlertState(
        state.tenant(),
        state.ruleId(),
        state.ruleVersion(),
        state.fingerprint(),
        state.labels(),
        state.phase(),
        state.pendingSinceMs(),
        state.firedAtMs(),
        state.resolvedAtMs(),
        state.value(),
        state.lastTimeMs(),
        state.changedAtMs(),
        state.resolvedBy(),
        announced);
  }

  private StateEntry with(StateEntry now, AlertState state) {
    return state.equals(now.state()) && !now.ended()
        ? now
        : next(now, state, now.webhook(), now.alertmanager(), false);
  }

  private StateEntry next(
      StateEntry now, AlertState state, Delivered webhook, Delivered alertmanager, boolean ended) {
    long revision = Math.max(now.revision() + 1, given.revision());
    return new StateEntry(revision, state, webhook, alertmanager, ended);
  }

  /** Null, by Hazelcast's contract, when backups have nothing to do. */
  @Override
  public EntryProcessor<AlertKey, StateEntry, StateEntry> getBackupProcessor() {
    return changed ? outcome : null;
  }

  @Override
  public int getFactoryId() {
    return AlertingSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return AlertingSerializers.STATE_CHANGE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(kind.name());
    out.writeObject(given);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    kind = Kind.valueOf(in.readString());
    given = in.readObject();
  }
}
