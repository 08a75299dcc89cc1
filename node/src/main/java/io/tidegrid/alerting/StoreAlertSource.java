package io.tidegrid.alerting;

import io.tidegrid.alert.AlertSource;
import io.tidegrid.alert.Samples;
import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.Matcher;
import io.tidegrid.store.NumberedReader;
import io.tidegrid.store.NumberedShard;
import io.tidegrid.store.SampleBuffer;
import java.util.List;
import java.util.Optional;

/** What alert evaluation reads of this member's shards. Safe for use by many threads. */
public final class StoreAlertSource implements AlertSource {

  private final NumberedReader reader;

  /** Reads by the given reader. */
  public StoreAlertSource(NumberedReader reader) {
    this.reader = reader;
  }

  @Override
  public int shards() {
    return reader.shards();
  }

  @Override
  public int ownedVersion(int shard) {
    return reader.ownedVersion(shard);
  }

  @Override
  public Optional<ShardSamples> open(int shard) {
    return reader.open(shard).map(Opened::new);
  }

  private record Opened(NumberedShard shard) implements ShardSamples {

    @Override
    public SeriesTable table() {
      return shard.table();
    }

    @Override
    public int size() {
      return shard.size();
    }

    @Override
    public int[] select(String tenant, List<Matcher> matchers) {
      return shard.select(tenant, matchers);
    }

    @Override
    public long throughSequence() {
      return shard.throughSequence();
    }

    @Override
    public long lastTimeMs(int number) {
      return shard.series(number).lastTimeMs();
    }

    @Override
    public void copy(int number, long fromMs, long toMs, Samples into) {
      SampleBuffer copied = new SampleBuffer();
      int count = shard.series(number).copy(fromMs, toMs, copied);
      into.addAll(copied.times(), copied.values(), count);
    }

    @Override
    public void copyLatest(int number, long toMs, Samples into) {
      SampleBuffer copied = new SampleBuffer();
      if (shard.series(number).copyLatest(toMs, copied)) {
        into.addAll(copied.times(), copied.values(), 1);
      }
    }
  }
}
