package io.tidegrid.rollup;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.Traversers;
import com.hazelcast.jet.config.JobConfig;
import com.hazelcast.jet.config.ProcessingGuarantee;
import com.hazelcast.jet.pipeline.Pipeline;
import com.hazelcast.jet.pipeline.ServiceFactories;
import com.hazelcast.jet.pipeline.ServiceFactory;
import com.hazelcast.jet.pipeline.Sink;
import com.hazelcast.jet.pipeline.SinkBuilder;
import com.hazelcast.jet.pipeline.SourceBuilder;
import com.hazelcast.jet.pipeline.StreamSource;

/**
 * The job that keeps rollups up to date: it looks at what is dirty in the shards of each member,
 * decides what is due, reads and computes it, and hands it over.
 *
 * <p>Everything stays on the member that owns the shard. A keyed stage of Jet would send a shard to
 * the member that owned it when the job began, which after a migration is one that cannot read it;
 * so each member keeps the state of its own shards, and the shards' own marks say which those are.
 *
 * <p>The job holds no truth: a span is dirty until its figures are committed, whatever the job went
 * through. So it needs no snapshots, and a restart loses nothing.
 */
public final class RollupJob {

  /** The name of the job; there is at most one of it in a cluster. */
  public static final String NAME = "rollups";

  private RollupJob() {}

  /**
   * Returns the pipeline. What it works with it finds on each member: {@link RollupPorts}.
   *
   * @param workers how many threads of each member compute; at least 1
   */
  public static Pipeline pipeline(int workers) {
    Pipeline pipeline = Pipeline.create();
    pipeline
        .readFrom(dirt())
        .withoutTimestamps()
        .flatMapUsingService(
            schedules(workers), (schedule, look) -> Traversers.traverseIterable(schedule.due(look)))
        // One for all shards of the member, so that what is under way is bounded.
        .setLocalParallelism(1)
        .setName("what is due")
        .writeTo(roller(workers));
    return pipeline;
  }

  private static StreamSource<Look> dirt() {
    return SourceBuilder.stream(
            "what is dirty", context -> new DirtPoll(context.hazelcastInstance()))
        .fillBufferFn(DirtPoll::fill)
        .distributed(1)
        .build();
  }

  private static ServiceFactory<?, MemberSchedule> schedules(int workers) {
    return ServiceFactories.nonSharedService(context -> new MemberSchedule(workers));
  }

  private static Sink<DirtySpan> roller(int workers) {
    return SinkBuilder.sinkBuilder(
            "read, compute, hand over", context -> new SpanRoller(context.hazelcastInstance()))
        .<DirtySpan>receiveFn(SpanRoller::roll)
        .preferredLocalParallelism(workers)
        .build();
  }

  /**
   * Starts the job in the cluster of a member, unless it runs already. Waits for the member that
   * coordinates jobs, not for the job.
   *
   * @param workers how many threads of each member compute, as long as this job lives
   * @throws com.hazelcast.core.HazelcastException when the cluster cannot be asked now
   */
  public static Job submit(HazelcastInstance member, int workers) {
    JobConfig config =
        new JobConfig()
            .setName(NAME)
            .setProcessingGuarantee(ProcessingGuarantee.NONE)
            .setAutoScaling(true)
            .setMetricsEnabled(false);
    return member.getJet().newJobIfAbsent(pipeline(workers), config);
  }
}
