package io.tidegrid.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.tidegrid.ingest.Ack;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** One request and its answer. Used by the thread of its connection only. */
final class Exchange {

  /** Answers of more points than this go straight to the socket. */
  static final int MAX_BUFFERED_POINTS = 10_000;

  private static final HeaderName ACK = HeaderNames.create("X-Tidegrid-Ack");
  private static final int STREAM_BUFFER = 32 << 10;

  /** Asks proxies of nginx's kind to pass on what comes as it comes. */
  private static final Header NO_BUFFERING = HeaderValues.create("X-Accel-Buffering", "no");

  private final HttpContext context;
  private final RoutingRequest request;
  private final RoutingResponse response;
  private final long startNanos = System.nanoTime();
  private List<String> pathParameters = List.of();
  private String template = "";
  private Optional<Params> params = Optional.empty();
  private boolean streaming;

  Exchange(HttpContext context, RoutingRequest request, RoutingResponse response) {
    this.context = context;
    this.request = request;
    this.response = response;
  }

  /** Takes note of what answers it. */
  void found(Router.Match match) {
    pathParameters = match.parameters();
    template = match.route().template();
  }

  // ---- the request

  String pathParameter() {
    return pathParameters.getFirst();
  }

  Params params() {
    if (params.isEmpty()) {
      params = Optional.of(Params.parse(request.prologue().query().rawValue()));
    }
    return params.get();
  }

  String header(HeaderName name) {
    return request.headers().first(name).orElse("");
  }

  long nowMs() {
    return context.clock().millis();
  }

  /**
   * Returns the tenant that the request speaks for.
   *
   * @throws TidegridException with {@link ErrorCode#BAD_TENANT}
   */
  String tenant() {
    return Tenants.of(
        request.headers().first(Tenants.TENANT), request.headers().first(Tenants.SCOPE));
  }

  /**
   * Returns the tenant of a stream. Browsers cannot set headers of streams, so it may be a
   * parameter, too.
   *
   * @throws TidegridException with {@link ErrorCode#BAD_TENANT}
   */
  String streamTenant() {
    return Tenants.ofStream(
        request.headers().first(Tenants.TENANT), request.headers().first(Tenants.SCOPE), params());
  }

  /**
   * Returns what the answer to a write is to wait for.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE}
   */
  Ack ack() {
    Optional<String> text = request.headers().first(ACK);
    if (text.isEmpty()) {
      return context.defaultAck();
    }
    return switch (text.get().strip().toLowerCase(Locale.ROOT)) {
      case "durable" -> Ack.DURABLE;
      case "replicated" -> Ack.REPLICATED;
      default ->
          throw TidegridException.ofField(
              ErrorCode.INVALID_VALUE,
              "X-Tidegrid-Ack",
              "the header X-Tidegrid-Ack must be durable or replicated");
    };
  }

  /** The kinds of bodies, by the content types that clearly are something else. */
  enum Media {
    JSON("JSON", "text/xml|text/html|application/xml|application/x-protobuf"),
    PROTOBUF(
        "a remote-write 1.0 request in protobuf",
        "text/|application/json|application/xml|application/x-www-form"
            + "|application/x-protobuf;.*io\\.prometheus\\.write\\.v2"),
    LINES("text", "text/xml|text/html|application/xml|application/json");

    private static final String NEVER = "|image/|audio/|video/|font/|multipart/";

    private final String name;
    private final Pattern others;

    Media(String name, String others) {
      this.name = name;
      this.others = Pattern.compile(others + NEVER, Pattern.CASE_INSENSITIVE);
    }

    private void check(String contentType) {
      if (others.matcher(contentType.strip()).lookingAt()) {
        throw new TidegridException(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "the Content-Type \""
                + TimeParser.shortened(contentType)
                + "\" is not taken here; send "
                + name);
      }
    }
  }

  /** Returns the content type, empty when there is none. */
  String contentType() {
    return header(HeaderNames.CONTENT_TYPE);
  }

  /**
   * Reads the body whole and undoes its content coding; the caller closes it.
   *
   * @throws TidegridException for a wrong content type or coding, or a body over a limit
   */
  Body body(Media media) throws IOException {
    media.check(contentType());
    ContentCoding coding =
        ContentCoding.of(header(HeaderNames.CONTENT_ENCODING), media == Media.PROTOBUF);
    long start = System.nanoTime();
    long patience = context.options().requestTimeout().toNanos();
    Body raw;
    try {
      raw =
          Body.read(
              request.content().inputStream(),
              request.headers().contentLength().orElse(-1),
              context.options().maxBodyBytes(),
              "the request body",
              context.buffers(),
              () -> {
                if (System.nanoTime() - start > patience) {
                  throw new SlowBodyException();
                }
              });
    } catch (IllegalArgumentException e) {
      // Helidon throws what parsing a chunk's size threw.
      throw new BadFramingException(e);
    }
    return coding.undo(raw, context.options().maxDecompressedBytes(), context.buffers());
  }

  /** The body came too slowly; the connection is closed, since its rest may never come. */
  static final class SlowBodyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SlowBodyException() {
      super("the request body did not arrive in time", null, false, false);
    }
  }

  /** The body's chunks cannot be told apart; the connection is closed. */
  static final class BadFramingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadFramingException(Throwable cause) {
      super("the sizes of the body's chunks are not right", cause);
    }
  }

  /** Returns what tells a running query that the client went away; close it after the query. */
  ClientWatch watchClient() {
    return new ClientWatch(connection());
  }

  /** Returns the connection that the request came over. */
  Optional<Connections.Watched> connection() {
    return context.connections().find(request.serverSocketId(), request.socketId());
  }

  // ---- the answer

  void header(HeaderName name, String value) {
    response.header(name, value);
  }

  void header(Header header) {
    response.header(header);
  }

  /**
   * Says to caches that the answer depends on a header of the request, beside those said before.
   */
  void variesBy(HeaderName name) {
    response.headers().add(HeaderValues.create(HeaderNames.VARY, name.defaultCase()));
  }

  /** Answers without content. */
  void noContent() {
    response.status(Status.NO_CONTENT_204);
    response.send();
  }

  /** Answers with JSON that is built in memory. */
  void json(int status, Json.Content content) {
    send(status, Json.MEDIA_TYPE, Json.bytes(content));
  }

  /**
   * Answers 200 with JSON, straight to the socket when it is large.
   *
   * @param points how many points it holds
   */
  void points(long points, Json.Content content) throws IOException {
    if (points <= MAX_BUFFERED_POINTS || isHead()) {
      json(200, content);
      return;
    }
    response.status(Status.OK_200);
    response.header(HeaderNames.CONTENT_TYPE, Json.MEDIA_TYPE);
    boolean compressed = negotiatesGzip(Integer.MAX_VALUE);
    try (OutputStream socket = response.outputStream();
        OutputStream coded = compressed ? new Gzip(socket) : socket;
        OutputStream out = new BufferedOutputStream(coded, STREAM_BUFFER)) {
      Json.write(out, content);
    }
  }

  /**
   * Begins an answer without an end. What is written is sent when the stream is flushed; the
   * connection is closed after it. Counted when it begins, since its duration says nothing of the
   * node.
   */
  OutputStream stream(String mediaType) {
    streamHeaders(mediaType);
    streaming = true;
    context.meters().request("GET", template, Status.OK_200.code(), System.nanoTime() - startNanos);
    return response.outputStream();
  }

  /** Answers a HEAD request to a stream. */
  void streamHead(String mediaType) {
    streamHeaders(mediaType);
    response.send();
  }

  private void streamHeaders(String mediaType) {
    response.status(Status.OK_200);
    response.header(HeaderNames.CONTENT_TYPE, mediaType);
    response.header(HeaderNames.CACHE_CONTROL, "no-cache");
    response.header(NO_BUFFERING);
    response.header(HeaderValues.CONNECTION_CLOSE);
  }

  /** Tells whether the answer is a stream, counted already. */
  boolean isStreaming() {
    return streaming;
  }

  /** Answers with content. */
  void send(int status, String mediaType, byte[] content) {
    response.status(Status.create(status));
    response.header(HeaderNames.CONTENT_TYPE, mediaType);
    if (isHead()) {
      response.header(HeaderValues.create(HeaderNames.CONTENT_LENGTH, content.length));
      response.send();
    } else {
      response.send(negotiatesGzip(content.length) ? Gzip.compress(content) : content);
    }
  }

  /** Sets the headers of an answer of this size; true when it is to be compressed by gzip. */
  private boolean negotiatesGzip(int size) {
    int from = context.options().gzipFromBytes();
    if (from == 0 || size < from) {
      return false;
    }
    variesBy(HeaderNames.ACCEPT_ENCODING);
    boolean accepted = Gzip.isAccepted(header(HeaderNames.ACCEPT_ENCODING));
    if (accepted) {
      response.header(HeaderNames.CONTENT_ENCODING, "gzip");
    }
    return accepted;
  }

  boolean isHead() {
    return request.prologue().method().text().equals("HEAD");
  }

  /** Answers with an error. */
  void problem(Problem problem) {
    problem
        .retryAfter()
        .ifPresent(after ->
            response.header(
                HeaderNames.RETRY_AFTER,
                Long.toString(Math.max(1, Math.ceilDiv(after.toMillis(), 1000L)))));
    send(problem.status(), Problem.MEDIA_TYPE, problem.toJson());
  }
}
