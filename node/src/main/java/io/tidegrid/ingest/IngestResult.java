package io.tidegrid.ingest;

import java.util.List;

/**
 * What became of a batch.
 *
 * @param accepted samples stored and acknowledged
 * @param rejected rows not stored
 * @param errors the reasons of the first rejected rows; at most {@link #MAX_ERRORS} of them
 */
public record IngestResult(int accepted, int rejected, List<RowError> errors) {

  /** How many reasons an answer names at most. */
  public static final int MAX_ERRORS = 100;
}
