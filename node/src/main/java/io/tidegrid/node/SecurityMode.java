package io.tidegrid.node;

/** Who may use the HTTP API. */
public enum SecurityMode {
  /** Everybody who reaches the port. */
  NONE
}
