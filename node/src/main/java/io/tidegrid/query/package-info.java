/**
 * The way out: {@link io.tidegrid.query.QueryEngine} plans each question over memory and the
 * database, on all members, and returns one merged answer without doubles. Everything that reads
 * samples comes through here. It knows the store's readers and the archive; it does not know HTTP.
 */
package io.tidegrid.query;
