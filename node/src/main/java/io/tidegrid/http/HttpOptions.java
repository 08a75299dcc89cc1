package io.tidegrid.http;

import java.time.Duration;
import java.util.List;

/**
 * The settings and limits of the HTTP server.
 *
 * @param host the address to listen on
 * @param port the port to listen on, 0 for any free one
 * @param maxBodyBytes bytes of a request body as sent; more is answered with 413
 * @param maxDecompressedBytes bytes of a gzip or deflate body after decompression; more is answered
 *     with 413
 * @param maxBufferedBytes bytes of all request bodies held at one time; beyond that requests with a
 *     body are answered with 503 and Retry-After
 * @param maxConnections open connections; further ones are answered with 503 and closed
 * @param requestTimeout how long a request body may take to arrive, and the longest a query may run
 * @param idleTimeout how long a connection may lie idle between requests
 * @param gzipFromBytes bytes from which on an answer is compressed for a client that accepts gzip;
 *     0 for never
 * @param corsOrigins origins that browsers may call from, such as {@code https://app.example};
 *     {@code *} for all; empty turns CORS off
 */
public record HttpOptions(
    String host,
    int port,
    long maxBodyBytes,
    long maxDecompressedBytes,
    long maxBufferedBytes,
    int maxConnections,
    Duration requestTimeout,
    Duration idleTimeout,
    int gzipFromBytes,
    List<String> corsOrigins) {

  /** Copies the list and checks the bounds. */
  public HttpOptions {
    corsOrigins = List.copyOf(corsOrigins);
    if (maxBodyBytes <= 0 || maxBodyBytes > MAX_BYTES) {
      throw new IllegalArgumentException("maxBodyBytes must lie between 1 and " + MAX_BYTES);
    }
    if (maxDecompressedBytes <= 0 || maxDecompressedBytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "maxDecompressedBytes must lie between 1 and " + MAX_BYTES);
    }
    if (maxConnections <= 0) {
      throw new IllegalArgumentException("maxConnections must be positive");
    }
    if (gzipFromBytes < 0) {
      throw new IllegalArgumentException("gzipFromBytes must not be negative");
    }
  }

  /** A body is one array, whose length is an int. */
  private static final long MAX_BYTES = 1L << 30;

  /** The documented defaults: 127.0.0.1:8000, bodies of 32 MB, 128 MB decompressed. */
  public static HttpOptions defaults() {
    return new HttpOptions(
        "127.0.0.1",
        8000,
        32L << 20,
        128L << 20,
        Math.max(256L << 20, Runtime.getRuntime().maxMemory() / 4),
        10_000,
        Duration.ofSeconds(30),
        Duration.ofMinutes(2),
        128 << 10,
        List.of());
  }

  /** Returns these options with another address. */
  public HttpOptions withAddress(String newHost, int newPort) {
    return new HttpOptions(
        newHost,
        newPort,
        maxBodyBytes,
        maxDecompressedBytes,
        maxBufferedBytes,
        maxConnections,
        requestTimeout,
        idleTimeout,
        gzipFromBytes,
        corsOrigins);
  }
}
