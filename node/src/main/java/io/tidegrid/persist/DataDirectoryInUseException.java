package io.tidegrid.persist;

import java.io.Serial;

/** Says that another node keeps its database in the data directory. */
public final class DataDirectoryInUseException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  DataDirectoryInUseException(String message) {
    super(message);
  }
}
