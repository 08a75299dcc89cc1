package io.tidegrid.store;

import com.hazelcast.map.impl.MapService;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.spi.impl.operationservice.Operation;
import com.hazelcast.spi.impl.operationservice.PartitionAwareOperation;
import com.hazelcast.spi.impl.operationservice.impl.responses.ErrorResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * An operation of a shard's thread that runs operations of maps in place and answers when all of
 * them are done, which may be after it has run.
 */
public abstract class LateAnswerOperation extends Operation
    implements PartitionAwareOperation, IdentifiedDataSerializable {

  @Override
  public final String getServiceName() {
    return MapService.SERVICE_NAME;
  }

  @Override
  public final boolean returnsResponse() {
    // Sent when all steps are done.
    return false;
  }

  /** Tells whether a step has succeeded. */
  protected static boolean isDone(CompletableFuture<Object> step) {
    return step.isDone() && !step.isCompletedExceptionally();
  }

  /** Answers with what comes of a step, or with its failure. */
  protected final void answerWhen(CompletableFuture<?> answer) {
    var _ =
        answer.whenCompleteAsync(
            (outcome, error) -> {
              if (error == null) {
                sendResponse(outcome);
              } else {
                Throwable cause =
                    error instanceof CompletionException && error.getCause() != null
                        ? error.getCause()
                        : error;
                sendResponse(new ErrorResponse(cause, getCallId(), isUrgent()));
              }
            },
            Runnable::run);
  }
}
