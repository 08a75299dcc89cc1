package io.tidegrid.store;

/** The marks of this member's shards. */
record LocalRollupMarks(LocalShards local) implements RollupMarks {

  @Override
  public RollupDirt dirt(int shard) {
    return local.dirt(shard);
  }

  @Override
  public void blockRolled(int shard, long blockStartMs, long throughSequence) {
    change(shard, RollupProcessor.blockRolled(blockStartMs, throughSequence));
  }

  @Override
  public void dayRolled(int shard, long dayStartMs, long throughSequence) {
    change(shard, RollupProcessor.dayRolled(dayStartMs, throughSequence));
  }

  @Override
  public void restoreDirt(int shard, RollupDirt marks) {
    change(shard, RollupProcessor.restored(marks));
  }

  private void change(int shard, RollupProcessor processor) {
    local.map().executeOnKey(local.key(shard), processor);
  }
}
