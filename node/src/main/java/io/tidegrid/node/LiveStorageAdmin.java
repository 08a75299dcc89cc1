package io.tidegrid.node;

import io.tidegrid.http.StorageAdmin;
import io.tidegrid.persist.CompactionStatus;
import io.tidegrid.persist.Persistence;
import io.tidegrid.persist.RetentionPlan;
import java.util.Optional;

/** Shows administrators what persistence says. */
record LiveStorageAdmin(Persistence persistence) implements StorageAdmin {

  @Override
  public Optional<Retention> retention() {
    return persistence.retention().map(LiveStorageAdmin::of);
  }

  private static Retention of(RetentionPlan plan) {
    return new Retention(
        plan.keep(),
        plan.before(),
        plan.next(),
        plan.partitions().stream()
            .map(
                p -> new Partition(p.table(), p.from(), p.to(), p.lastWrite(), p.rows(), p.bytes()))
            .toList());
  }

  @Override
  public Optional<Compaction> compaction() {
    return persistence.compaction().map(LiveStorageAdmin::of);
  }

  private static Compaction of(CompactionStatus status) {
    return new Compaction(
        status.due(),
        status.waiting(),
        status.lag(),
        status.lastLook(),
        status.lastRun(),
        status.blocks(),
        status.rowsWritten(),
        status.samplesFolded(),
        status.samplesWritten(),
        status.failures(),
        status.failing(),
        status.lastFailure());
  }
}
