package io.tidegrid.alerting;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for what the grid was asked to do. */
final class Waiting {

  private static final long SECONDS = 30;

  private Waiting() {}

  /**
   * Returns the results, in order.
   *
   * @throws IllegalStateException when one failed, or took 30 s
   */
  static <T> List<T> all(List<? extends CompletionStage<T>> stages) {
    List<T> results = new ArrayList<>(stages.size());
    for (CompletionStage<T> stage : stages) {
      results.add(one(stage));
    }
    return results;
  }

  /** The same for one. */
  static <T> T one(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the grid kept alerts", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the grid could not keep alerts now", e);
    }
  }
}
