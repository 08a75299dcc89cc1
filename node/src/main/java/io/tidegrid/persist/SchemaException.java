package io.tidegrid.persist;

import java.io.Serial;

/** Says that the database holds a schema that this node must not touch. */
public final class SchemaException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  SchemaException(String message) {
    super(message);
  }
}
