package io.tidegrid.query;

import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardReader;
import io.tidegrid.store.ShardView;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Reads fake shards; tests say what happens before and after each reading. */
final class FakeReader implements ShardReader {

  /** What may go wrong around a reading; throws to make it fail. */
  interface Hook {
    void run(int shard);
  }

  private final List<FakeShard> shards;
  volatile IntPredicate owned = shard -> true;
  volatile Hook before = shard -> {};
  volatile Hook after = shard -> {};

  FakeReader(List<FakeShard> shards) {
    this.shards = shards;
  }

  static List<FakeShard> shards(int count) {
    return IntStream.range(0, count).mapToObj(FakeShard::new).toList();
  }

  @Override
  public int shards() {
    return shards.size();
  }

  @Override
  public <T> T read(int shard, Function<ShardView, T> reading) {
    before.run(shard);
    if (!owned.test(shard)) {
      throw new ShardMovedException(shard);
    }
    T result = reading.apply(shards.get(shard));
    after.run(shard);
    return result;
  }
}
