/**
 * A whole node: its configuration, how its parts are put together, and how it starts and stops.
 * Used by the command line and by applications that embed a node. This is the only package that
 * knows all others.
 */
package io.tidegrid.node;
