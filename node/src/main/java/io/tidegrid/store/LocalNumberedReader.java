package io.tidegrid.store;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.Matcher;
import java.util.List;
import java.util.Optional;

/** Reads shards by the references that all readers use. */
record LocalNumberedReader(LocalShards local) implements NumberedReader {

  @Override
  public int shards() {
    return local.shards();
  }

  @Override
  public int ownedVersion(int shard) {
    return local.ownedVersion(shard);
  }

  @Override
  public Optional<NumberedShard> open(int shard) {
    try {
      return local.readShard(
          shard, held -> held.isRestored() ? Optional.of(new Numbered(held)) : Optional.empty());
    } catch (ShardMovedException | HazelcastInstanceNotActiveException e) {
      return Optional.empty();
    } catch (HazelcastException e) {
      // The shard's thread could not be asked now.
      return Optional.empty();
    }
  }

  private record Numbered(Shard held) implements NumberedShard {

    @Override
    public SeriesTable table() {
      return held.directory();
    }

    @Override
    public int size() {
      return held.directory().size();
    }

    @Override
    public int[] select(String tenant, List<Matcher> matchers) {
      return held.directory().select(tenant, matchers);
    }

    @Override
    public long throughSequence() {
      return held.throughSequence();
    }

    @Override
    public SeriesView series(int number) {
      return new LocalShardView.LocalSeriesView(held, number);
    }
  }
}
