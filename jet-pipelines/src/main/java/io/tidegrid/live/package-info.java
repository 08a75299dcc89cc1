/**
 * Samples as they come in, for those who want to see them at once: each member matches what its own
 * shards take against the filters of all members, and sends what matches to the member whose
 * receivers asked for it.
 */
package io.tidegrid.live;
