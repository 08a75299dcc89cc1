package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.SQLException;

/** Is told of each step of a compaction, so that tests can end it there. */
@FunctionalInterface
interface CompactionSteps {

  /** The steps in their order. */
  enum Step {
    BEGUN,
    READ,
    DELETED,
    WRITTEN,
    CONSUMED,
    COMMITTED,
    DETACHED,
    DROPPED
  }

  /** Nobody listens. */
  CompactionSteps SILENT = (step, connection) -> {};

  void reached(Step step, Connection connection) throws SQLException;
}
