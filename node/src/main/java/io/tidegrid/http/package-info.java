/**
 * The HTTP face: one resource class per family of requests, errors as problem documents, limits,
 * health and metrics. It turns requests into calls of {@link io.tidegrid.ingest.Ingest} and {@link
 * io.tidegrid.query.QueryEngine} and their results into answers; it holds no data and knows neither
 * Hazelcast nor SQL.
 */
package io.tidegrid.http;
