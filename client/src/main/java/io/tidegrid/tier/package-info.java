/**
 * The figures of windows of time ("rollups") and how they are computed: from samples, and from the
 * figures of finer windows. Pure functions of what they are given; anyone may use them. Knows
 * nothing of Hazelcast, HTTP or SQL, and performs no I/O.
 */
package io.tidegrid.tier;
