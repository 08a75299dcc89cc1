package io.tidegrid.alert;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.config.JobConfig;
import com.hazelcast.jet.config.ProcessingGuarantee;
import com.hazelcast.jet.core.DAG;
import com.hazelcast.jet.core.ProcessorMetaSupplier;

/**
 * The job that judges samples by alert rules: on each member one thread waits for what the member's
 * shards take, judges it, and has what changes recorded in the grid.
 *
 * <p>Everything stays on the member that owns the shard, and the job holds no truth: how alerts
 * stand is in the ledger, and which samples there are in the shards. Wherever it begins it goes on
 * from there, so it needs no snapshots, and a restart neither loses nor repeats anything.
 *
 * <p>The vertex only keeps that thread while the job runs, and is not cooperative, as ending it may
 * take a moment.
 */
public final class AlertJob {

  /** The name of the job; there is at most one of it in a cluster. */
  public static final String NAME = "alerts";

  private AlertJob() {}

  /**
   * Starts the job in the cluster of a member, unless it runs already. Waits for the member that
   * coordinates jobs, not for the job. What it works with it finds on each member: {@link
   * AlertPorts}.
   *
   * @throws com.hazelcast.core.HazelcastException when the cluster cannot be asked now
   */
  public static Job submit(HazelcastInstance member) {
    JobConfig config =
        new JobConfig()
            .setName(NAME)
            .setProcessingGuarantee(ProcessingGuarantee.NONE)
            .setAutoScaling(true)
            .setMetricsEnabled(false);
    return member.getJet().newJobIfAbsent(dag(), config);
  }

  private static DAG dag() {
    DAG dag = new DAG();
    dag.newVertex("judge samples", ProcessorMetaSupplier.of(1, AlertProcessor::new));
    return dag;
  }
}
