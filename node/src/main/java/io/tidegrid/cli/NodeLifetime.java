package io.tidegrid.cli;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Ends a node when a signal comes, and the process with the right code: 0 when everything was
 * persisted, 1 when not. Safe for use by many threads.
 */
final class NodeLifetime {

  private static final Logger LOGGER = System.getLogger(NodeLifetime.class.getName());

  private final CompletableFuture<BooleanSupplier> node = new CompletableFuture<>();
  private final Duration patience;
  private volatile boolean over;
  private volatile boolean signalled;

  private NodeLifetime(Duration patience) {
    this.patience = patience;
  }

  /**
   * Listens for signals from now on, also while the node still starts.
   *
   * @param patience how long a signal waits for a node that is starting
   */
  static NodeLifetime begin(Duration patience) {
    NodeLifetime lifetime = new NodeLifetime(patience);
    Runtime.getRuntime().addShutdownHook(new Thread(lifetime::end, "tidegrid-shutdown"));
    return lifetime;
  }

  /** Says how to close the node; closing answers whether everything was persisted. */
  void started(BooleanSupplier close) {
    node.complete(close);
  }

  /** Says that the node did not start; the exit code is somebody else's then. */
  void failed() {
    over = true;
    node.cancel(false);
  }

  /**
   * Says that the node is closed.
   *
   * @return whether a signal did that, which then also sees to the exit code
   */
  boolean ended() {
    over = true;
    return signalled;
  }

  private void end() {
    if (over) {
      return;
    }
    signalled = true;
    int code = Main.FAILED;
    try {
      boolean clean = node.get(patience.toMillis(), TimeUnit.MILLISECONDS).getAsBoolean();
      code = clean ? Main.DONE : Main.FAILED;
    } catch (CancellationException failedToStart) {
      return;
    } catch (TimeoutException stillStarting) {
      LOGGER.log(Level.WARNING, "The node was told to stop before it had started.");
    } catch (ExecutionException | RuntimeException failure) {
      LOGGER.log(Level.ERROR, "The node could not be stopped in good order.", failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    Logging.flush();
    // Otherwise the process would exit with 143 for SIGTERM, however well everything went.
    Runtime.getRuntime().halt(code);
  }
}
