package io.tidegrid.live;

/** What one receiver asked for. Safe for use by many threads. */
public interface LiveStream extends AutoCloseable {

  /**
   * Asks for samples. Returns when every member of the cluster knows of it, or after two seconds:
   * what is acknowledged from then on is delivered, whichever member it is sent to and whichever
   * owns its shard.
   *
   * @return false when the receiver had asked for them already
   */
  boolean subscribe(LiveFilter filter);

  /**
   * Takes back what was asked for; samples that are on their way may still be delivered.
   *
   * @return false when the receiver had not asked for them
   */
  boolean unsubscribe(LiveFilter filter);

  /** Takes back everything. A second call does nothing. */
  @Override
  void close();
}
