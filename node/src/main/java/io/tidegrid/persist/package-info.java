/**
 * The database: embedded or remote PostgreSQL, its schema, the write-behind store of the journal,
 * the sweep, replay at a cold start, and reading what memory does not hold. Used by query (to read)
 * and by the node (to run it). It knows the store's port for what is committed and for restoring;
 * it does not know queries, protocols or HTTP.
 */
package io.tidegrid.persist;
