package io.tidegrid.ingest;

/**
 * Why one row of a batch was not stored.
 *
 * @param index the place of the row in the input, from 0
 * @param code the stable kind of the error
 * @param detail one sentence that says what to change
 */
public record RowError(int index, io.tidegrid.model.ErrorCode code, String detail) {}
