package io.tidegrid.http;

/** A connection over which the node speaks as long as the client listens. */
interface OpenStream {

  /** The ways to listen. */
  enum Kind {
    WEBSOCKET,
    /** Server-sent events. */
    SSE
  }

  /** Looks after the connection; called now and then. */
  void tick(long nowNanos);

  /** Tells the client to go elsewhere, and ends. */
  void goAway();

  /** Closes the socket, whatever is under way. */
  void hangUp();
}
