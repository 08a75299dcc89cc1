/**
 * Events of devices: taken once each, whoever sends them again, their metrics handed to ingest, the
 * events themselves kept and found by device and tag.
 */
package io.tidegrid.events;
