package io.tidegrid.node;

/** How log lines look. */
public enum LogFormat {
  /** One short line for people. */
  CONSOLE,
  /** One JSON object a line, for machines. */
  JSON
}
