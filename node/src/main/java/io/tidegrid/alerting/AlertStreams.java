package io.tidegrid.alerting;

/** The way to announcements as they are made, by whichever member. Safe for use by many threads. */
public interface AlertStreams {

  /** An open stream. */
  interface AlertStream extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Opens a stream. What is announced after this returns is delivered. The caller closes it.
   *
   * @param lastEventId the event after which to begin; empty to begin now. One that means nothing
   *     here begins now, too, and the receiver is told that it missed some
   */
  AlertStream open(String tenant, String lastEventId, AlertReceiver receiver);
}
