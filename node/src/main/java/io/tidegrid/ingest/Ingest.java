package io.tidegrid.ingest;

import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SampleBatch;
import java.util.List;

/** The only door for writing samples. Safe for use by many threads. */
public interface Ingest {

  /**
   * Stores a batch and returns when it is as safe as asked for; blocks its (virtual) thread until
   * then. Sending a batch again is harmless.
   *
   * @return how many samples were stored, and why others were not (time out of bounds)
   * @throws io.tidegrid.model.TidegridException when nothing more can be taken now ({@code
   *     BACKLOG_FULL}, {@code NOT_READY}, {@code STORAGE_AWAY}); a part may have been stored, and
   *     the whole may be sent again
   */
  IngestResult append(String tenant, SampleBatch batch, Ack ack);

  /** Remembers what is said of metrics; the latest word wins. */
  void describe(String tenant, List<MetricMetadata> metadata);

  /** Returns what was said of a metric; empty strings for what was not. */
  MetricMetadata description(String tenant, String metric);
}
