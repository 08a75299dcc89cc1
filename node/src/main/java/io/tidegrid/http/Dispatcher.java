package io.tidegrid.http;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Answers every request: finds its endpoint, turns whatever goes wrong into a problem document,
 * counts, logs, and closes the connection where the next request on it could not be trusted.
 */
final class Dispatcher implements Filter {

  private static final Logger LOGGER = System.getLogger(Dispatcher.class.getName());
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");
  private static final String UNKNOWN_PATH = "unknown";

  private final HttpContext context;
  private final Router router;
  private final Cors cors;
  private volatile boolean draining;

  Dispatcher(HttpContext context, Router router) {
    this.context = context;
    this.router = router;
    this.cors = new Cors(context.options().corsOrigins());
  }

  /** From now on every answer asks its client to leave. */
  void drain() {
    draining = true;
  }

  @Override
  public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
    long start = System.nanoTime();
    String method = request.prologue().method().text();
    String path = UNKNOWN_PATH;
    boolean whole = false;
    Exchange exchange = new Exchange(context, request, response);
    try {
      if (draining) {
        response.header(HeaderValues.CONNECTION_CLOSE);
      }
      Optional<Router.Match> match;
      try {
        match = router.find(request.prologue().uriPath().rawPath());
      } catch (TidegridException e) {
        match = Optional.empty();
        exchange.problem(Problem.of(e));
      }
      match.ifPresent(exchange::found);
      path = match.map(m -> m.route().template()).orElse(UNKNOWN_PATH);
      if (!response.isSent()) {
        answer(method, match, exchange, request, response);
      }
      response.commit();
      whole = true;
    } finally {
      int status = whole ? response.status().code() : ErrorCode.CANCELLED.httpStatus();
      long nanos = System.nanoTime() - start;
      if (!exchange.isStreaming()) {
        context.meters().request(METHODS.contains(method) ? method : "other", path, status, nanos);
      }
      if (LOGGER.isLoggable(Level.DEBUG)) {
        LOGGER.log(
            Level.DEBUG,
            "HTTP request method={0} path={1} status_code={2} duration_ms={3}",
            method,
            path,
            Integer.toString(status),
            nanos / 1e6);
      }
    }
    // Helidon would go on reading from a connection that it just promised to close.
    if (response.headers().contains(HeaderValues.CONNECTION_CLOSE)) {
      throw new CloseConnectionException("closed after the answer");
    }
  }

  private void answer(
      String method,
      Optional<Router.Match> match,
      Exchange exchange,
      RoutingRequest request,
      RoutingResponse response) {
    try {
      cors.answerHeaders(request, response);
      if (match.isEmpty()) {
        exchange.problem(
            Problem.of(
                ErrorCode.UNKNOWN_PATH,
                "nothing is served at "
                    + TimeParser.shortened(request.prologue().uriPath().rawPath())
                    + "; /docs lists the paths"));
        return;
      }
      Router.Route route = match.get().route();
      Router.Endpoint endpoint = route.endpoints().get(method.equals("HEAD") ? "GET" : method);
      if (endpoint != null) {
        endpoint.answer(exchange);
      } else if (method.equals("OPTIONS")) {
        response.header(HeaderNames.ALLOW, route.allow());
        cors.preflightHeaders(request, response, route);
        exchange.noContent();
      } else {
        response.header(HeaderNames.ALLOW, route.allow());
        exchange.problem(
            Problem.of(
                ErrorCode.METHOD_NOT_ALLOWED,
                route.template() + " takes " + route.allow() + " only"));
      }
    } catch (CloseConnectionException e) {
      throw e;
    } catch (TidegridException e) {
      fail(exchange, response, Problem.of(e), e.code() == ErrorCode.BODY_TOO_LARGE, e);
    } catch (RequestException e) {
      fail(exchange, response, Problems.of(e.status().code(), e.getMessage()), true, e);
    } catch (Exchange.SlowBodyException e) {
      fail(exchange, response, Problems.of(408, e.getMessage()), true, e);
    } catch (Exchange.BadFramingException e) {
      fail(exchange, response, Problems.of(400, e.getMessage()), true, e);
    } catch (DataReader.InsufficientDataAvailableException e) {
      throw new CloseConnectionException("the client hung up within its request", e);
    } catch (IOException | UncheckedIOException e) {
      throw new CloseConnectionException("the connection broke", e);
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
      String id = UUID.randomUUID().toString();
      LOGGER.log(Level.ERROR, "A bug answered the request " + method + ", error id " + id, e);
      fail(exchange, response, Problems.bug(id), true, e);
    }
  }

  private void fail(
      Exchange exchange,
      RoutingResponse response,
      Problem problem,
      boolean close,
      Throwable cause) {
    if (response.isSent() || !response.resetStream()) {
      throw new CloseConnectionException("failed after the answer had begun", cause);
    }
    if (close) {
      response.header(HeaderValues.CONNECTION_CLOSE);
    }
    exchange.problem(problem);
  }
}
