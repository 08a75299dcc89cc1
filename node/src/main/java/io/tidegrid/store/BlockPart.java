package io.tidegrid.store;

/**
 * One series of a block, taken at one moment: what is sealed, and over it what came later.
 *
 * @param sealed the sealed part of the block; null when nothing of the series is sealed
 * @param first the series' first chunk there
 * @param open what is not sealed; null when there is nothing; of equal times it counts
 */
record BlockPart(SealedBlock sealed, int first, OpenBlock.Part open) {

  /** Returns a series of a block, or null when the block has nothing of it. */
  static BlockPart find(Block.State state, int ref) {
    OpenBlock.Part open = state.open() == null ? null : state.open().find(ref);
    int first = state.sealed() == null ? -1 : state.sealed().find(ref);
    if (first < 0) {
      return open == null ? null : new BlockPart(null, -1, open);
    }
    return new BlockPart(state.sealed(), first, open);
  }

  int copy(long fromMs, long toMs, SampleBuffer into) {
    if (sealed == null) {
      return open.copy(fromMs, toMs, into);
    }
    int before = into.size();
    int ignored = sealed.copy(first, fromMs, toMs, into);
    if (open != null) {
      SampleBuffer newer = new SampleBuffer();
      ignored += open.copy(fromMs, toMs, newer);
      into.merge(before, newer);
    }
    return into.size() - before;
  }

  boolean copyLatest(long toMs, SampleBuffer into) {
    if (sealed == null) {
      return open.copyLatest(toMs, into);
    }
    if (open == null) {
      return sealed.copyLatest(first, toMs, into);
    }
    SampleBuffer newest = new SampleBuffer();
    boolean newer = open.copyLatest(toMs, newest);
    if (newer && newest.times()[0] >= sealed.lastTime(first)) {
      into.add(newest.times()[0], newest.values()[0]);
      return true;
    }
    SampleBuffer older = new SampleBuffer();
    if (sealed.copyLatest(first, toMs, older)) {
      older.merge(0, newest);
      newest = older;
    }
    if (newest.size() == 0) {
      return false;
    }
    into.add(newest.times()[newest.size() - 1], newest.values()[newest.size() - 1]);
    return true;
  }

  long count() {
    if (sealed == null) {
      return open.count();
    }
    return open == null
        ? sealed.count(first)
        : copy(Long.MIN_VALUE, Long.MAX_VALUE, new SampleBuffer());
  }

  long firstTime() {
    if (sealed == null) {
      return open.firstTime();
    }
    long time = sealed.firstTime(first);
    return open == null ? time : Math.min(time, open.firstTime());
  }

  long lastTime() {
    if (sealed == null) {
      return open.lastTime();
    }
    long time = sealed.lastTime(first);
    return open == null ? time : Math.max(time, open.lastTime());
  }
}
