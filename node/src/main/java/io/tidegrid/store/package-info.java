/**
 * The shard store: what a member holds of recent data in the partitions it owns or backs up.
 * Shards, their series directory, open blocks, the processors that append to them, and the readers.
 * Used by ingest (to append) and by query and persist (to read and to restore). It knows Hazelcast,
 * the model and the codec; it does not know SQL, HTTP or any protocol, and of persistence only what
 * is committed.
 */
package io.tidegrid.store;
