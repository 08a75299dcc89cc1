package io.tidegrid.live;

import io.tidegrid.model.Labels;

/**
 * The series of a shard, by dense numbers from 0 that never change while the table lives. Two
 * tables are the same only if they are the same object. Safe for use by many threads.
 */
public interface SeriesTable {

  /** Returns the tenant of a series that a batch named. */
  String tenant(int number);

  /** Returns the labels of a series that a batch named, the metric name among them. */
  Labels labels(int number);
}
