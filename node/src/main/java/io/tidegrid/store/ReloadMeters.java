package io.tidegrid.store;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** What is measured of blocks that are read back. Safe for use by many threads. */
final class ReloadMeters {

  private final Timer reloads;
  private final Counter samples;
  private final Counter bytes;
  private final Counter refused;
  private final Counter failed;
  private final Counter dropped;
  private volatile long heldBlocks;
  private volatile long heldBytes;

  ReloadMeters(DemandTable demand, MeterRegistry meters) {
    this.reloads =
        Timer.builder("tidegrid.blocks.reload")
            .description("Time taken to read one block of one shard back from the database")
            .register(meters);
    this.samples =
        Counter.builder("tidegrid.blocks.reload.samples")
            .description("Samples read back with them")
            .register(meters);
    this.bytes =
        Counter.builder("tidegrid.blocks.reload.bytes")
            .description("Heap that they took at first, before they were sealed")
            .baseUnit("bytes")
            .register(meters);
    this.refused = notDone("no-room", meters);
    this.failed = notDone("failed", meters);
    this.dropped =
        Counter.builder("tidegrid.blocks.reload.dropped")
            .description("Blocks that were read back and left again")
            .register(meters);
    Gauge.builder("tidegrid.blocks.reload.held", this, own -> own.heldBlocks)
        .description("Blocks of this member's shards in memory because they were read back")
        .register(meters);
    Gauge.builder("tidegrid.blocks.reload.held.bytes", this, own -> own.heldBytes)
        .description("Heap taken by them")
        .baseUnit("bytes")
        .register(meters);
    Gauge.builder("tidegrid.blocks.reload.demand", demand, DemandTable::size)
        .description("Blocks not whole in memory of which questions are counted")
        .register(meters);
    Gauge.builder("tidegrid.blocks.reload.demand.max", () -> DemandTable.MAX_BLOCKS)
        .description("Of more the counts of those not asked for the longest are forgotten")
        .register(meters);
  }

  private static Counter notDone(String reason, MeterRegistry meters) {
    return Counter.builder("tidegrid.blocks.reload.abandoned")
        .description("Blocks that were asked for often and stayed in the database")
        .tag("reason", reason)
        .register(meters);
  }

  void reloaded(BlockReload.Content content, long nanos) {
    samples.increment((double) content.samples());
    bytes.increment((double) content.bytes());
    reloads.record(nanos, TimeUnit.NANOSECONDS);
  }

  void noRoom() {
    refused.increment();
  }

  void failed() {
    failed.increment();
  }

  void dropped() {
    dropped.increment();
  }

  void held(long blocks, long ofBytes) {
    heldBlocks = blocks;
    heldBytes = ofBytes;
  }
}
