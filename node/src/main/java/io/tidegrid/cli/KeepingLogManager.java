package io.tidegrid.cli;

import java.util.logging.LogManager;

/**
 * The JDK's log manager without its own ideas of configuration and of the end: a signal resets the
 * original at once, and what a node says while it drains would be lost.
 */
public final class KeepingLogManager extends LogManager {

  /** Called by the JDK, by name. */
  public KeepingLogManager() {}

  @Override
  public void readConfiguration() {
    // Logging.install configures.
  }

  @Override
  public void reset() {
    // Handlers stay open until the process ends.
  }
}
