/**
 * Rollups as a stream computation: which windows new samples make dirty, and what a window's
 * figures are. It knows the model and its own ports; it does not know HTTP, SQL or the store.
 */
package io.tidegrid.rollup;
