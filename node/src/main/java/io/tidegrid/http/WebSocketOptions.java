package io.tidegrid.http;

import java.time.Duration;

/**
 * The limits of WebSocket streams.
 *
 * @param maxConnections open streams; further ones are answered with 503
 * @param heartbeat how often a client is pinged; one that reads nothing, or answers no ping, for
 *     three times as long is cut
 * @param queueMessages samples that may wait for a client; beyond that only the newest of each
 *     series is kept
 * @param queueBytes the same in bytes of JSON
 * @param maxSubscriptions subscriptions of one connection
 * @param maxMessageBytes bytes of a message from a client
 */
public record WebSocketOptions(
    int maxConnections,
    Duration heartbeat,
    int queueMessages,
    long queueBytes,
    int maxSubscriptions,
    int maxMessageBytes) {

  /** Checks the bounds. */
  public WebSocketOptions {
    if (maxConnections < 0 || queueMessages < 1 || queueBytes < 1 || maxSubscriptions < 1) {
      throw new IllegalArgumentException("the limits of WebSockets must be positive");
    }
    if (heartbeat.toMillis() < 1 || maxMessageBytes < 126) {
      throw new IllegalArgumentException(
          "a heartbeat takes a millisecond, a message 126 bytes, at least");
    }
  }

  /**
   * The documented defaults: 1,000 connections, 30 s, 10,000 samples or 512 KiB, 100 subscriptions,
   * messages of 64 KiB.
   */
  public static WebSocketOptions defaults() {
    return new WebSocketOptions(1_000, Duration.ofSeconds(30), 10_000, 512 << 10, 100, 64 << 10);
  }
}
