package io.tidegrid.model;

import java.io.Serial;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** An error that the caller can act on; its detail says in one sentence what to change. */
public final class TidegridException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  /**
   * What is wrong with one field of a request.
   *
   * @param pointer an RFC 6901 JSON pointer, or the name of a query parameter
   * @param detail what to change
   */
  public record FieldError(String pointer, String detail) implements java.io.Serializable {}

  private final ErrorCode code;
  private final FieldError[] errors;
  private final Duration retryAfter;

  /** An error without bad fields, not worth retrying. */
  public TidegridException(ErrorCode code, String detail) {
    this(code, detail, List.of(), Duration.ZERO, null);
  }

  /** An error of one field. */
  public static TidegridException ofField(ErrorCode code, String pointer, String detail) {
    return new TidegridException(
        code, detail, List.of(new FieldError(pointer, detail)), Duration.ZERO, null);
  }

  /** An error that goes away by itself: the caller may send the same again after the given time. */
  public static TidegridException retryable(ErrorCode code, String detail, Duration retryAfter) {
    return new TidegridException(code, detail, List.of(), retryAfter, null);
  }

  /**
   * @param code the stable kind of the error
   * @param detail one sentence that says what to change
   * @param errors the bad fields; empty when the error is not about fields
   * @param retryAfter how long to wait before sending the same again; zero when that will not help
   * @param cause what was caught; null when there was nothing
   */
  public TidegridException(
      ErrorCode code,
      String detail,
      List<FieldError> errors,
      Duration retryAfter,
      Throwable cause) {
    super(detail, cause);
    this.code = code;
    this.errors = errors.toArray(FieldError[]::new);
    this.retryAfter = retryAfter;
  }

  /** Returns the stable kind of the error. */
  public ErrorCode code() {
    return code;
  }

  /** Returns the bad fields; empty when the error is not about fields. */
  public List<FieldError> errors() {
    return List.of(errors);
  }

  /** Returns how long to wait before sending the same again, if that can help. */
  public Optional<Duration> retryAfter() {
    return retryAfter.isZero() ? Optional.empty() : Optional.of(retryAfter);
  }
}
