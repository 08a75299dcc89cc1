package io.tidegrid.node;

/** The least important messages that are logged. */
public enum LogLevel {
  /** Failures that need somebody. */
  ERROR,
  /** Also what may become a failure. */
  WARN,
  /** Also what a running node reports of itself. */
  INFO,
  /** Also what helps to find a fault in the node. */
  DEBUG,
  /** Everything, that of the libraries too. */
  TRACE
}
