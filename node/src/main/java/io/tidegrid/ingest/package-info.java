/**
 * The way in: one decoder per protocol turns bytes into a {@link io.tidegrid.model.SampleBatch},
 * and {@link io.tidegrid.ingest.Ingest} routes batches to the shards and answers when they are
 * safe. Everything that writes samples comes through here. It knows the store and the grid; it does
 * not know HTTP or SQL.
 */
package io.tidegrid.ingest;
