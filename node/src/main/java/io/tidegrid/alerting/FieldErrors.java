package io.tidegrid.alerting;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.TidegridException.FieldError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Gathers what is wrong with the fields of a request. Not safe for use by many threads. */
final class FieldErrors {

  private final List<FieldError> errors = new ArrayList<>();

  void check(boolean fine, String pointer, String detail) {
    if (!fine) {
      add(pointer, detail);
    }
  }

  void add(String pointer, String detail) {
    errors.add(new FieldError(pointer, detail));
  }

  /**
   * Says all of it.
   *
   * @throws TidegridException {@code INVALID_VALUE} when there was anything
   */
  void throwIfAny(String what) {
    if (errors.isEmpty()) {
      return;
    }
    String detail =
        errors.size() == 1
            ? errors.getFirst().detail()
            : what + " has " + errors.size() + " errors, the first: " + errors.getFirst().detail();
    throw new TidegridException(ErrorCode.INVALID_VALUE, detail, errors, Duration.ZERO, null);
  }
}
