package io.tidegrid.grid;

/**
 * Names the metadata of one metric. Serialized by Hazelcast as any record is.
 *
 * @param tenant the tenant
 * @param metric the metric name
 */
public record MetadataKey(String tenant, String metric) {}
