package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import java.io.Serial;

/** Why one row cannot be taken; caught inside the decoder. Without a stack trace: rows are many. */
final class RowProblem extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  final ErrorCode code;

  /** The label it is about, {@code __name__} for the metric name; empty when about none. */
  final String label;

  RowProblem(ErrorCode code, String label, String detail) {
    super(detail, null, false, false);
    this.code = code;
    this.label = label;
  }
}
