package io.tidegrid.alert;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.core.AbstractProcessor;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Runs the evaluation of a member while the job does, on a thread of its own. */
final class AlertProcessor extends AbstractProcessor {

  private static final System.Logger LOG = System.getLogger(AlertProcessor.class.getName());
  private static final long IDLE_MS = 100;

  /** Evaluation with the ports it began with. */
  private record Running(AlertPorts ports, MemberEvaluator evaluator) {}

  private HazelcastInstance member;
  private ExecutorService blocking;
  private Optional<Running> running = Optional.empty();
  private boolean failing;

  @Override
  public boolean isCooperative() {
    return false;
  }

  @Override
  protected void init(Context context) {
    member = context.hazelcastInstance();
    blocking =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("alert-ledger-", 0).factory());
  }

  @Override
  public boolean complete() {
    try {
      turn();
      failing = false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      // An exception would end the job for every member; what was lost is read from memory.
      if (!failing && member.getLifecycleService().isRunning()) {
        LOG.log(System.Logger.Level.ERROR, "evaluating alerts failed; it begins anew", e);
      }
      failing = true;
      stop();
    }
    return false;
  }

  private void turn() throws InterruptedException {
    Optional<AlertPorts> ports = AlertPorts.of(member);
    boolean same = running.map(Running::ports).equals(ports);
    if (!same || running.map(run -> run.evaluator().isReplaced()).orElse(false)) {
      stop();
      running = ports.map(found -> new Running(found, new MemberEvaluator(found, blocking)));
    }
    if (running.isEmpty()) {
      TimeUnit.MILLISECONDS.sleep(IDLE_MS);
    } else {
      running.get().evaluator().turn();
    }
  }

  private void stop() {
    running.ifPresent(run -> run.evaluator().close());
    running = Optional.empty();
  }

  @Override
  public void close() {
    stop();
    if (blocking != null) {
      // What is being recorded is recorded; nobody waits for it.
      blocking.shutdown();
    }
  }
}
