package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Whether the database can be used, whether it takes what is written, and if not, why and since
 * when; with the log lines and meters of that. It is told by whoever tries: the watcher whether the
 * database answers, the store whether transactions come through. Safe for use by many threads.
 */
final class StorageHealth {

  private static final System.Logger LOG = System.getLogger(StorageHealth.class.getName());

  /** One lost deadlock or a cut connection is no outage; writes that fail this long are. */
  private static final Duration TOLERANCE = Duration.ofSeconds(2);

  private static final Duration LOG_AGAIN = Duration.ofMinutes(1);

  /** The kinds of outages. */
  enum Cause {
    UNREACHABLE("unreachable", "start it, or check its address and the network"),
    HANGING("hanging", "it accepts connections but does not answer; look at its host"),
    CONNECTIONS(
        "connections",
        "it takes no more connections; raise its max_connections or the role's limit, or lower"
            + " database.pool-size"),
    LOGIN("login", "check database.user and database.password, and pg_hba.conf of the server"),
    READ_ONLY(
        "read-only",
        "it takes no writes; set default_transaction_read_only off, or name the primary in"
            + " database.url"),
    DISK("disk-full", "free space on the disk of the database, or enlarge it"),
    RIGHTS("rights", "grant the node's role what is missing"),
    SCHEMA("schema", "run the version of the node that made the schema, or a newer one"),
    EMBEDDED("embedded", "see postgres.log in the data directory"),
    REFUSED("refused", "mend what the message names; the same is tried again until it works"),
    BUSY("busy", "its transactions fail or time out; look at its load, locks and log");

    private final String id;
    private final String remedy;

    Cause(String id, String remedy) {
      this.id = id;
      this.remedy = remedy;
    }

    /** A stable id, as meters and status pages name it. */
    String id() {
      return id;
    }
  }

  /**
   * What is wrong.
   *
   * @param reason in the words of the database, or ours
   * @param since when it began
   */
  record Fault(Cause cause, String reason, Instant since) {

    /** A sentence for people: what is wrong and what to do. */
    String text() {
      return reason + " (" + cause.id + ": " + cause.remedy + ")";
    }
  }

  private final InstantSource clock;
  private final Map<Cause, Counter> outages = new EnumMap<>(Cause.class);
  private final Map<String, Instant> logged = new HashMap<>();

  private boolean everReached;
  private volatile Optional<Fault> access = Optional.empty();
  private volatile Optional<Fault> storing = Optional.empty();
  private volatile Optional<Fault> readOnly = Optional.empty();
  private volatile boolean reached;

  /** Whether the storing fault has lasted long enough to count; it then was logged and counted. */
  private volatile boolean storingCounts;

  private Optional<Instant> outageSince = Optional.empty();
  private Duration outageTotal = Duration.ZERO;

  StorageHealth(InstantSource clock, MeterRegistry meters) {
    this.clock = clock;
    for (Cause cause : Cause.values()) {
      outages.put(
          cause,
          Counter.builder("tidegrid.database.outages")
              .tag("cause", cause.id)
              .description("Times that the database could not be used or took no writes")
              .register(meters));
    }
    Gauge.builder("tidegrid.database.connected", this, h -> h.isConnected() ? 1 : 0)
        .description("Whether the database answers and has its schema")
        .register(meters);
    Gauge.builder("tidegrid.database.writable", this, h -> h.isWritable() ? 1 : 0)
        .description("Whether the database takes what is written")
        .register(meters);
    FunctionCounter.builder("tidegrid.database.outage", this, StorageHealth::outageSeconds)
        .baseUnit("seconds")
        .description("Time without a database that takes writes, the present outage included")
        .register(meters);
  }

  /** Tells whether the database answers and has its schema. */
  boolean isConnected() {
    return reached;
  }

  /** Tells whether the database takes what is written. */
  boolean isWritable() {
    return reached && readOnly.isEmpty() && !storingFault(clock.instant());
  }

  /** Returns the fault that keeps samples from being stored or read; empty when there is none. */
  Optional<Fault> fault() {
    if (access.isPresent()) {
      return access;
    }
    if (readOnly.isPresent()) {
      return readOnly;
    }
    return storingFault(clock.instant()) ? storing : Optional.empty();
  }

  private boolean storingFault(Instant now) {
    return storing.filter(f -> !now.isBefore(f.since().plus(TOLERANCE))).isPresent();
  }

  /**
   * Says that the database answered and has its schema.
   *
   * @param takesWrites whether its transactions may write
   */
  synchronized void reached(boolean takesWrites) {
    Instant now = clock.instant();
    if (!reached) {
      if (everReached && access.isPresent()) {
        LOG.log(
            System.Logger.Level.INFO,
            "the database is back after {0} s; what waits is being written",
            seconds(access.get().since(), now));
      } else {
        LOG.log(System.Logger.Level.INFO, "the database is there");
      }
      // Whatever failed before failed for that reason, or will fail again.
      storing = Optional.empty();
      storingCounts = false;
      logged.clear();
    }
    everReached = true;
    access = Optional.empty();
    reached = true;
    if (!takesWrites && readOnly.isEmpty()) {
      Fault fault = new Fault(Cause.READ_ONLY, "the database is read-only", now);
      readOnly = Optional.of(fault);
      begin(fault);
      warn(fault, now, "samples cannot be stored");
    } else if (takesWrites && readOnly.isPresent()) {
      LOG.log(
          System.Logger.Level.INFO,
          "the database takes writes again after {0} s",
          seconds(readOnly.get().since(), now));
      readOnly = Optional.empty();
    }
    endIfWell(now);
  }

  /** Says that the database did not answer, or may not be used. */
  synchronized void lost(Cause cause, String reason) {
    Instant now = clock.instant();
    boolean news = access.isEmpty();
    Fault fault = new Fault(cause, reason, access.map(Fault::since).orElse(now));
    access = Optional.of(fault);
    reached = false;
    if (news) {
      begin(fault);
    }
    warn(fault, now, "the database cannot be used");
  }

  /** Says that a transaction was committed. */
  void stored() {
    if (storing.isPresent()) {
      storedAgain();
    }
  }

  private synchronized void storedAgain() {
    Instant now = clock.instant();
    if (storingCounts && storing.isPresent()) {
      LOG.log(
          System.Logger.Level.INFO,
          "samples are stored again after {0} s",
          seconds(storing.get().since(), now));
    }
    storing = Optional.empty();
    storingCounts = false;
    endIfWell(now);
  }

  /** Says that a transaction failed for a reason that is not what was in it. */
  synchronized void notStored(SQLException failure) {
    if (!reached) {
      return;
    }
    Instant now = clock.instant();
    Cause cause = causeOf(failure);
    Fault fault =
        new Fault(
            cause,
            "SQLSTATE " + SqlErrors.state(failure) + ": " + message(failure),
            storing.map(Fault::since).orElse(now));
    boolean changed = storing.map(Fault::cause).filter(before -> before == cause).isEmpty();
    storing = Optional.of(fault);
    if (storingFault(now) && readOnly.isEmpty()) {
      if (!storingCounts || changed) {
        begin(fault);
      }
      storingCounts = true;
      warn(fault, now, "samples cannot be stored");
    }
  }

  private void begin(Fault fault) {
    outages.get(fault.cause()).increment();
    if (outageSince.isEmpty()) {
      outageSince = Optional.of(fault.since());
    }
  }

  private void endIfWell(Instant now) {
    if (outageSince.isPresent() && access.isEmpty() && readOnly.isEmpty() && !storingCounts) {
      outageTotal = outageTotal.plus(Duration.between(outageSince.get(), now));
      outageSince = Optional.empty();
    }
  }

  private synchronized double outageSeconds() {
    Duration now =
        outageSince.map(since -> Duration.between(since, clock.instant())).orElse(Duration.ZERO);
    return outageTotal.plus(now).toMillis() / 1_000.0;
  }

  /** Once, and again each minute while it lasts: a log full of one line hides the others. */
  private void warn(Fault fault, Instant now, String what) {
    String kind = what + fault.cause();
    Instant before = logged.get(kind);
    if (before == null || !now.isBefore(before.plus(LOG_AGAIN))) {
      logged.put(kind, now);
      LOG.log(
          fault.cause() == Cause.SCHEMA ? System.Logger.Level.ERROR : System.Logger.Level.WARNING,
          before == null ? "{0}: {1}" : "{0}, for {2} s now: {1}",
          what,
          fault.text(),
          seconds(fault.since(), now));
    }
  }

  private static String seconds(Instant from, Instant to) {
    return Long.toString(Math.max(Duration.between(from, to).toSeconds(), 0));
  }

  /** Returns what an SQL error says of the database. */
  static Cause causeOf(SQLException error) {
    String state = SqlErrors.state(error);
    String kind = state.length() < 2 ? "" : state.substring(0, 2);
    if (state.equals("53100") || state.equals("58030")) {
      return Cause.DISK;
    }
    return switch (kind) {
      case "", "08" -> isTimeout(error) ? Cause.HANGING : Cause.UNREACHABLE;
      case "28", "3D" -> Cause.LOGIN;
      case "25" -> Cause.READ_ONLY;
      case "40", "55" -> Cause.BUSY;
      case "53" -> state.equals("53300") ? Cause.CONNECTIONS : Cause.BUSY;
      case "57" -> state.equals("57014") ? Cause.BUSY : Cause.UNREACHABLE;
      default -> state.equals("42501") ? Cause.RIGHTS : Cause.REFUSED;
    };
  }

  private static boolean isTimeout(SQLException error) {
    for (Throwable t = error; t != null; t = t.getCause()) {
      if (t instanceof java.net.SocketTimeoutException timeout
          && !String.valueOf(timeout.getMessage()).contains("onnect timed out")) {
        return true;
      }
    }
    return false;
  }

  /** The innermost message of an SQL error, which says what the database said. */
  static String message(SQLException error) {
    String text = error.getMessage();
    for (Throwable t = error.getCause(); t instanceof SQLException; t = t.getCause()) {
      text = t.getMessage();
    }
    return text == null ? error.getClass().getSimpleName() : text.replace('\n', ' ');
  }
}
