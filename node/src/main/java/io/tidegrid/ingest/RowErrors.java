package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import java.util.ArrayList;
import java.util.List;

/** Counts the rejected rows of one request and keeps the first reasons. */
final class RowErrors {

  private final List<RowError> errors = new ArrayList<>();
  private int rejected;

  void clear() {
    errors.clear();
    rejected = 0;
  }

  void reject(int row, ErrorCode code, String detail) {
    rejected++;
    if (!isFull()) {
      errors.add(new RowError(row, code, detail));
    }
  }

  /** Tells whether further reasons are not kept. */
  boolean isFull() {
    return errors.size() >= IngestResult.MAX_ERRORS;
  }

  int rejected() {
    return rejected;
  }

  List<RowError> list() {
    return List.copyOf(errors);
  }
}
