package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.TidegridException.FieldError;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * An error as RFC 9457 tells it.
 *
 * @param status the HTTP status
 * @param title a short, constant sentence
 * @param detail one sentence that says what to change
 * @param code the stable id
 * @param errors the bad fields; empty when the error is not about fields
 * @param retryAfter when the same request may be sent again
 */
record Problem(
    int status,
    String title,
    String detail,
    String code,
    List<FieldError> errors,
    Optional<Duration> retryAfter) {

  static final String MEDIA_TYPE = "application/problem+json";

  private static final Duration DEFAULT_RETRY = Duration.ofSeconds(1);

  static Problem of(TidegridException e) {
    ErrorCode code = e.code();
    boolean retryable = code.httpStatus() == 503 || code.httpStatus() == 429;
    return new Problem(
        code.httpStatus(),
        code.title(),
        e.getMessage(),
        code.id(),
        e.errors(),
        retryable ? Optional.of(e.retryAfter().orElse(DEFAULT_RETRY)) : e.retryAfter());
  }

  static Problem of(ErrorCode code, String detail) {
    return of(new TidegridException(code, detail));
  }

  /** A problem that the HTTP layer finds before any of our own codes applies. */
  static Problem ofStatus(int status, String title, String detail, String code) {
    return new Problem(
        status,
        title,
        detail,
        code,
        List.of(),
        status == 503 ? Optional.of(DEFAULT_RETRY) : Optional.empty());
  }

  byte[] toJson() {
    return Json.bytes(out -> {
      out.writeStartObject();
      out.writeStringField("type", "/docs#" + code);
      out.writeStringField("title", title);
      out.writeNumberField("status", status);
      out.writeStringField("detail", detail);
      out.writeStringField("code", code);
      if (!errors.isEmpty()) {
        out.writeArrayFieldStart("errors");
        for (FieldError error : errors) {
          out.writeStartObject();
          out.writeStringField("pointer", error.pointer());
          out.writeStringField("detail", error.detail());
          out.writeEndObject();
        }
        out.writeEndArray();
      }
      out.writeEndObject();
    });
  }
}
