/**
 * A load at a constant rate for hours, outside the tests: sends samples that it can compute again,
 * reads them back to compare, and prints what the node needs. Started by {@code ./benchmark soak}.
 */
package io.tidegrid.soak;
