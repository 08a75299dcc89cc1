package io.tidegrid.live;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.IExecutorService;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks other members' hubs. Safe for use by many threads. */
final class Calls {

  private static final System.Logger LOG = System.getLogger(Calls.class.getName());
  private static final long TIMEOUT_SECONDS = 5;

  private final IExecutorService executor;

  Calls(HazelcastInstance hazelcast) {
    this.executor = hazelcast.getExecutorService(LiveHub.EXECUTOR);
  }

  /** Returns a member's answer; empty when there is none, also after five seconds. */
  <T> Optional<T> ask(LiveTask<T> task, Member member) throws InterruptedException {
    try {
      Future<T> answer = executor.submitToMember(task, member);
      return Optional.ofNullable(answer.get(TIMEOUT_SECONDS, TimeUnit.SECONDS));
    } catch (ExecutionException
        | TimeoutException
        | RejectedExecutionException
        | HazelcastInstanceNotActiveException e) {
      // The member is going or gone, or too busy; who asked tries again or counts the loss.
      LOG.log(System.Logger.Level.DEBUG, "a member did not answer about live samples", e);
      return Optional.empty();
    } catch (HazelcastException e) {
      LOG.log(System.Logger.Level.WARNING, "a member could not be asked about live samples", e);
      return Optional.empty();
    }
  }
}
