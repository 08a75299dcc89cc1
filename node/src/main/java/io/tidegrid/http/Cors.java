package io.tidegrid.http;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.util.List;
import java.util.Optional;

/**
 * Tells browsers which pages may call this server (the Fetch standard's CORS protocol). Errors
 * carry the headers too, so that a page can read them.
 */
final class Cors {

  private static final HeaderName ALLOW_ORIGIN = HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN;
  private static final String EXPOSED = "Retry-After, Allow";
  private static final String ALLOWED_HEADERS =
      "Content-Type, Content-Encoding, Authorization, Last-Event-ID, X-Tenant-ID, X-Scope-OrgID,"
          + " X-Tidegrid-Ack";
  private static final String MAX_AGE_SECONDS = "3600";

  private final List<String> origins;
  private final boolean any;

  Cors(List<String> origins) {
    this.origins = origins;
    this.any = origins.contains("*");
  }

  /** Adds the headers of an answer to a page that may see it. */
  void answerHeaders(RoutingRequest request, RoutingResponse response) {
    if (origins.isEmpty()) {
      return;
    }
    if (!any) {
      response.header(HeaderNames.VARY, "Origin");
    }
    allowed(request)
        .ifPresent(origin -> {
          response.header(ALLOW_ORIGIN, any ? "*" : origin);
          response.header(HeaderNames.ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        });
  }

  /** Adds the headers of an answer to a preflight request. */
  void preflightHeaders(RoutingRequest request, RoutingResponse response, Router.Route route) {
    if (allowed(request).isPresent()) {
      response.header(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, route.allow());
      response.header(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
      response.header(HeaderNames.ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    }
  }

  private Optional<String> allowed(RoutingRequest request) {
    return request
        .headers()
        .first(HeaderNames.ORIGIN)
        .filter(origin -> any || origins.contains(origin));
  }
}
