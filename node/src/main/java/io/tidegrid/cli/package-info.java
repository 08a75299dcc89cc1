/** The command line: parses arguments, runs a node or a tool, and maps outcomes to exit codes. */
package io.tidegrid.cli;
