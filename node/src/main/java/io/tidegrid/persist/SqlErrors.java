package io.tidegrid.persist;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What an SQL error calls for. */
final class SqlErrors {

  /** The kinds of answers to an SQL error. */
  enum Remedy {
    /** The database is away or busy: the same again later. */
    WAIT,
    /** A partition is missing: create it, then the same again. */
    CREATE_PARTITION,
    /** What was to be written is at fault: the same again would fail again. */
    REFUSED,
    /** A fault of set-up or schema; only people can mend it, so the same again later. */
    BROKEN
  }

  static final String LOCK_NOT_AVAILABLE = "55P03";

  private SqlErrors() {}

  static Remedy remedy(SQLException error) {
    if (error instanceof SQLTransientConnectionException) {
      return Remedy.WAIT;
    }
    String state = state(error);
    String kind = state.length() < 2 ? "" : state.substring(0, 2);
    return switch (kind) {
      case "", "08", "57", "40", "53" -> Remedy.WAIT;
      case "55" -> state.equals(LOCK_NOT_AVAILABLE) ? Remedy.WAIT : Remedy.BROKEN;
      case "25" -> state.equals("25006") ? Remedy.WAIT : Remedy.BROKEN;
      case "23" -> isMissingPartition(error) ? Remedy.CREATE_PARTITION : Remedy.REFUSED;
      case "22" -> Remedy.REFUSED;
      default -> Remedy.BROKEN;
    };
  }

  /** Returns the first SQLSTATE in the chain of causes, or an empty string. */
  static String state(SQLException error) {
    for (Throwable t = error; t != null; t = t.getCause()) {
      if (t instanceof SQLException sql && sql.getSQLState() != null) {
        return sql.getSQLState();
      }
    }
    return "";
  }

  /** Tells whether a statement ran into its time limit. */
  static boolean isTimeout(SQLException error) {
    return state(error).equals("57014");
  }

  /** A row without a partition is a check violation that names no constraint. */
  private static boolean isMissingPartition(SQLException error) {
    if (!state(error).equals("23514") || !(error instanceof PSQLException psql)) {
      return false;
    }
    ServerErrorMessage message = psql.getServerErrorMessage();
    return message == null || message.getConstraint() == null;
  }
}
