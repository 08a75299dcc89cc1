package io.tidegrid.http;

import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.tidegrid.model.ErrorCode;

/** Problems that are found below our own endpoints: in the protocol, or in ourselves. */
final class Problems implements DirectHandler {

  private final HttpMeters meters;

  Problems(HttpMeters meters) {
    this.meters = meters;
  }

  /** Answers requests that never reach the {@link Dispatcher}. */
  @Override
  public TransportResponse handle(
      TransportRequest request,
      EventType eventType,
      Status defaultStatus,
      ServerResponseHeaders headers,
      String message) {
    Problem problem = of(defaultStatus.code(), message == null ? "" : message);
    meters.request("other", "invalid", problem.status(), 0);
    TransportResponse.Builder response =
        TransportResponse.builder()
            .status(Status.create(problem.status()))
            .headers(headers)
            .header(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE)
            .keepAlive(false)
            .entity(problem.toJson());
    problem
        .retryAfter()
        .ifPresent(
            after -> response.header(HeaderNames.RETRY_AFTER, Long.toString(after.toSeconds())));
    return response.build();
  }

  /** Returns the problem of a status that Helidon chose. */
  static Problem of(int status, String message) {
    return switch (status) {
      case 408 ->
          Problem.ofStatus(
              408,
              "The request came too slowly",
              "the request body did not arrive in time; send it faster or in smaller requests",
              "tg-request-timeout");
      case 413 ->
          Problem.of(
              ErrorCode.BODY_TOO_LARGE,
              "the request body is larger than the node takes; send the data in several smaller"
                  + " requests");
      case 414 ->
          Problem.ofStatus(
              414,
              "The URL is too long",
              "the URL is longer than the node takes; ask with a POST where there is one",
              "tg-url-limit");
      case 431 ->
          Problem.ofStatus(
              431,
              "The headers are too large",
              "the request's headers are larger than the node takes; send fewer of them",
              "tg-header-limit");
      case 503 ->
          Problem.ofStatus(
              503,
              ErrorCode.NOT_READY.title(),
              "the node works on as many requests as it may; try again a little later",
              ErrorCode.NOT_READY.id());
      case 505 ->
          Problem.ofStatus(
              505,
              "HTTP version not supported",
              "the node speaks HTTP/1.1; send the request in that version",
              "tg-http-version");
      // What goes wrong before an endpoint is reached comes from the bytes that were sent.
      default -> Problem.of(ErrorCode.NOT_PARSEABLE, detail(message));
    };
  }

  private static String detail(String message) {
    boolean says = !message.isBlank() && !message.contains("server log");
    return says
        ? "the request is not valid HTTP/1.1: " + TimeParser.shortened(message)
        : "the request is not valid HTTP/1.1; check its first line and its headers";
  }

  /** Returns the problem of a bug of ours. */
  static Problem bug(String id) {
    return Problem.ofStatus(
        500,
        "A bug in the node",
        "the node failed in a way it should not; its log has more under the error id " + id,
        "tg-internal");
  }
}
