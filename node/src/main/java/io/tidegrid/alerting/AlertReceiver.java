package io.tidegrid.alerting;

import java.util.List;

/** Somebody who is told of alerts. Called by one thread at a time, which it must not block. */
public interface AlertReceiver {

  /** Takes events of its tenant, in order, each once. */
  void deliver(List<AlertEvent> events);

  /** Says that so many events are no longer kept and will not come; -1 when it is not known. */
  void missed(long count);
}
