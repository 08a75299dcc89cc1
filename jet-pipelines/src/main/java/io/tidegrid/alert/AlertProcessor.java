package io.tidegrid.alert;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.core.AbstractProcessor;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Runs the evaluation of a member while the job does, on a thread of its own. One of Jet's would
 * rest between two calls that emitted nothing, as all do here, for as long as the member's settings
 * say: samples would wait for a tenth of a second to be judged.
 */
final class AlertProcessor extends AbstractProcessor {

  private static final System.Logger LOG = System.getLogger(AlertProcessor.class.getName());
  private static final long IDLE_MS = 100;
  private static final long END_MS = 5_000;

  /** Evaluation with the ports it began with. */
  private record Running(AlertPorts ports, MemberEvaluator evaluator) {}

  private HazelcastInstance member;
  private ExecutorService blocking;
  private Optional<Thread> thread = Optional.empty();
  private volatile boolean closed;
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

  /** Starts the thread when it is first called, as Jet closes even what it never called. */
  @Override
  public boolean complete() {
    if (thread.isEmpty()) {
      thread = Optional.of(Thread.ofPlatform().daemon().name("tidegrid-alerts").start(this::run));
    }
    return false;
  }

  private void run() {
    while (!closed) {
      try {
        turn();
        failing = false;
      } catch (InterruptedException e) {
        closed = true;
      } catch (RuntimeException e) {
        // An exception would end the job for every member; what was lost is read from memory.
        if (!failing && !closed && member.getLifecycleService().isRunning()) {
          LOG.log(System.Logger.Level.ERROR, "evaluating alerts failed; it begins anew", e);
        }
        failing = true;
        stop();
        rest();
      }
    }
    stop();
  }

  private void rest() {
    try {
      TimeUnit.MILLISECONDS.sleep(IDLE_MS);
    } catch (InterruptedException e) {
      closed = true;
    }
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
    closed = true;
    thread.ifPresent(AlertProcessor::end);
    if (blocking != null) {
      // What is being recorded is recorded; nobody waits for it.
      blocking.shutdown();
    }
  }

  private static void end(Thread judging) {
    judging.interrupt();
    try {
      boolean ignored = judging.join(Duration.ofMillis(END_MS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
