package io.tidegrid.alerting;

import java.util.List;

/** The silences of tenants. Safe for use by many threads. */
public interface Silences {

  /**
   * Adds a silence, with an id of its own in place of that of the argument.
   *
   * @throws io.tidegrid.model.TidegridException when it has no matcher, or ends before it starts or
   *     in the past, or the tenant has as many as it may
   */
  Silence create(Silence silence);

  /** Returns the silences of a tenant that have not ended, those that end first before others. */
  List<Silence> list(String tenant);

  /** Ends a silence now; tells whether there was one. */
  boolean end(String tenant, String id);
}
