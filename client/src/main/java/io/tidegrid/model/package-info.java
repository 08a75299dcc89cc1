/**
 * The data model every part of Tidegrid speaks: label sets, series keys, columnar sample batches,
 * matchers, and the errors a caller can act on. Anyone may use it. It knows nothing of Hazelcast,
 * HTTP or SQL, and performs no I/O.
 */
package io.tidegrid.model;
