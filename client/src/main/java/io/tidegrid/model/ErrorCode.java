package io.tidegrid.model;

/**
 * Stable identifiers of everything that can go wrong for a caller. The id never changes once
 * released; clients may switch on it.
 */
public enum ErrorCode {
  NOT_PARSEABLE("tg-not-parseable", 400, "The request could not be parsed"),
  BAD_TENANT("tg-bad-tenant", 400, "The tenant name is not valid"),
  UNAUTHENTICATED("tg-unauthenticated", 401, "Authentication is required"),
  FORBIDDEN("tg-forbidden", 403, "Not allowed"),
  UNKNOWN_PATH("tg-unknown-path", 404, "No such path"),
  UNKNOWN_METRIC("tg-unknown-metric", 404, "No such metric"),
  UNKNOWN_RULE("tg-unknown-rule", 404, "No such rule"),
  UNKNOWN_ALERT("tg-unknown-alert", 404, "No such alert"),
  UNKNOWN_SILENCE("tg-unknown-silence", 404, "No such silence"),
  METHOD_NOT_ALLOWED("tg-method-not-allowed", 405, "Method not allowed"),
  CONFLICT("tg-conflict", 409, "Conflict"),
  BODY_TOO_LARGE("tg-body-limit", 413, "The request body is too large"),
  UNSUPPORTED_MEDIA_TYPE("tg-unsupported-media-type", 415, "Unsupported media type"),
  INVALID_VALUE("tg-invalid-value", 422, "A value is not valid"),
  INVALID_TIME("tg-invalid-time", 422, "A time is not valid"),
  INVALID_RANGE("tg-invalid-range", 422, "The time range is not valid"),
  LABEL_LIMIT("tg-label-limit", 422, "A label limit is exceeded"),
  SAMPLE_TOO_OLD("tg-sample-too-old", 422, "A sample is older than what is kept"),
  SAMPLE_TOO_NEW("tg-sample-too-new", 422, "A sample lies too far in the future"),
  RULE_LIMIT("tg-rule-limit", 422, "Too many rules"),
  EVENT_LIMIT("tg-event-limit", 422, "A limit of events is exceeded"),
  SERIES_LIMIT("tg-series-limit", 422, "Too many series"),
  QUERY_SAMPLE_LIMIT("tg-query-sample-limit", 422, "The query reads too many samples"),
  RATE_LIMIT("tg-rate-limit", 429, "Too many requests"),
  CANCELLED("tg-cancelled", 499, "The client went away"),
  QUERY_TIMEOUT("tg-query-timeout", 503, "The query took too long"),
  BACKLOG_FULL("tg-backlog-full", 503, "Too much data waits to be persisted"),
  STORAGE_AWAY("tg-storage-away", 503, "The database cannot be reached"),
  NOT_READY("tg-not-ready", 503, "The node cannot take requests now");

  private final String id;
  private final int httpStatus;
  private final String title;

  ErrorCode(String id, int httpStatus, String title) {
    this.id = id;
    this.httpStatus = httpStatus;
    this.title = title;
  }

  /** Returns the stable id, such as {@code tg-series-limit}. */
  public String id() {
    return id;
  }

  /** Returns the HTTP status that this error is answered with. */
  public int httpStatus() {
    return httpStatus;
  }

  /** Returns a short, constant sentence for people. */
  public String title() {
    return title;
  }
}
