package io.tidegrid.grid;

import io.tidegrid.model.Labels;

/**
 * A series as it is first written, or written again by a sender that does not yet know that the
 * shard has it.
 *
 * @param id the id the shard gave the series
 * @param tenant its tenant
 * @param labels its labels, the metric name among them
 */
public record Birth(long id, String tenant, Labels labels) {}
