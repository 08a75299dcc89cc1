package io.tidegrid.persist;

import static io.tidegrid.persist.RollupData.BLOCK;
import static io.tidegrid.persist.RollupData.DAY;
import static io.tidegrid.persist.RollupData.SHARDS;
import static io.tidegrid.persist.RollupData.block;
import static io.tidegrid.persist.RollupData.expected;
import static io.tidegrid.persist.RollupData.key;
import static io.tidegrid.persist.RollupData.mark;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.grid.RollupBlock;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@OnEachServer
class RollupWriterTest {

  private final RollupData data = new RollupData();
  private final Random random = new Random(7);

  private void check(Tier tier, RollupBlock... blocks) throws SQLException {
    assertThat(data.read(tier)).isEqualTo(expected(tier, blocks));
    assertThat(data.view(tier)).isEqualTo(expected(tier, blocks));
  }

  private void checkMinutesToHours(RollupBlock... blocks) throws SQLException {
    check(Tier.ONE_MINUTE, blocks);
    check(Tier.FIVE_MINUTES, blocks);
    check(Tier.ONE_HOUR, blocks);
  }

  @Test
  void everyFigureComesBackToTheBitFromRowsAndViews() throws SQLException {
    long[] ids = new long[48];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i + 1L;
    }
    RollupBlock minutes = block(random, 5, Tier.ONE_MINUTE, BLOCK, ids);
    RollupBlock day = block(random, 5, Tier.ONE_DAY, DAY, ids);
    RollupWriter.Written written =
        data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), minutes, key(1, Tier.ONE_DAY, DAY), day));
    assertThat(written.outdated()).isZero();
    assertThat(written.rows()).isEqualTo(4L * ids.length);
    checkMinutesToHours(minutes);
    check(Tier.ONE_DAY, day);
  }

  @Test
  void storingAgainReplacesAllOfTheSpanAndNothingElse() throws SQLException {
    RollupBlock first = block(random, 5, Tier.ONE_MINUTE, BLOCK, 1, 2, 3);
    RollupBlock ofOtherShard = block(random, 5, Tier.ONE_MINUTE, BLOCK, 11, 12);
    data.write(
        Map.of(
            key(1, Tier.ONE_MINUTE, BLOCK), first, key(2, Tier.ONE_MINUTE, BLOCK), ofOtherShard));
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), first));
    checkMinutesToHours(first, ofOtherShard);
    RollupBlock fewer = block(random, 6, Tier.ONE_MINUTE, BLOCK, 3, 4);
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), fewer));
    checkMinutesToHours(fewer, ofOtherShard);
    RollupBlock none = new RollupBlock.Builder(7).build();
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), none));
    checkMinutesToHours(ofOtherShard);
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), block(random, 6, Tier.ONE_MINUTE, BLOCK, 9)));
    checkMinutesToHours(ofOtherShard);
  }

  @Test
  void aLowerSequenceOverwritesNothing() throws SQLException {
    RollupBlock newer = block(random, 9, Tier.ONE_MINUTE, BLOCK, 1, 2);
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), newer));
    RollupWriter.Written written =
        data.write(
            Map.of(key(1, Tier.ONE_MINUTE, BLOCK), block(random, 8, Tier.ONE_MINUTE, BLOCK, 1, 3)));
    assertThat(written.outdated()).isOne();
    checkMinutesToHours(newer);
  }

  @Test
  void ofTwoWritersAtOnceTheHigherSequenceStays() throws Exception {
    List<RollupBlock> blocks = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      blocks.add(block(random, i, Tier.ONE_MINUTE, BLOCK, 1, 2 + i % 3, 10 + i));
    }
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (RollupBlock block : blocks) {
        running.add(pool.submit(() -> data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), block))));
      }
    }
    for (Future<?> future : running) {
      future.get();
    }
    checkMinutesToHours(blocks.getLast());
  }

  @Test
  void marksGoWithWhatIsStoredAndOnlyThose() throws SQLException {
    data.mark(Tier.ONE_MINUTE, SHARDS, 1, BLOCK, 5);
    data.mark(Tier.ONE_MINUTE, SHARDS, 2, BLOCK, 6);
    data.mark(Tier.ONE_MINUTE, SHARDS, 2, BLOCK, 4);
    data.mark(Tier.ONE_MINUTE, SHARDS, 1, BLOCK + BlockSpan.LENGTH_MS, 5);
    data.write(
        Map.of(
            key(1, Tier.ONE_MINUTE, BLOCK),
            block(random, 5, Tier.ONE_MINUTE, BLOCK, 1),
            key(2, Tier.ONE_MINUTE, BLOCK),
            block(random, 5, Tier.ONE_MINUTE, BLOCK, 2)));
    assertThat(data.marks())
        .containsExactly(
            mark("1d", SHARDS, 1, DAY, 5),
            mark("1d", SHARDS, 2, DAY, 5),
            mark("1m", SHARDS, 1, BLOCK + BlockSpan.LENGTH_MS, 5),
            mark("1m", SHARDS, 2, BLOCK, 6));
    data.write(
        Map.of(
            key(1, Tier.ONE_DAY, DAY),
            block(random, 5, Tier.ONE_DAY, DAY, 1),
            key(2, Tier.ONE_DAY, DAY),
            block(random, 4, Tier.ONE_DAY, DAY, 2)));
    assertThat(data.marks())
        .containsExactly(
            mark("1d", SHARDS, 2, DAY, 5),
            mark("1m", SHARDS, 1, BLOCK + BlockSpan.LENGTH_MS, 5),
            mark("1m", SHARDS, 2, BLOCK, 6));
  }

  @Test
  void aMarkThatIsCommittedMeanwhileStays() throws Exception {
    data.mark(Tier.ONE_MINUTE, SHARDS, 1, BLOCK, 5);
    RollupBlock minutes = block(random, 5, Tier.ONE_MINUTE, BLOCK, 1);
    try (Connection other = TestServer.connect(data.url);
        ExecutorService pool = Executors.newSingleThreadExecutor()) {
      other.setAutoCommit(false);
      try (PreparedStatement update =
          other.prepareStatement("UPDATE rollup_dirty SET seq = 6 WHERE tier = '1m'")) {
        update.executeUpdate();
      }
      Future<?> writing =
          pool.submit(() -> data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), minutes)));
      org.awaitility.Awaitility.await()
          .until(() ->
              TestServer.number(
                      data.url,
                      "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                          + " current_database() AND wait_event_type = 'Lock'")
                  > 0);
      other.commit();
      writing.get();
    }
    assertThat(data.marks())
        .containsExactly(mark("1d", SHARDS, 1, DAY, 5), mark("1m", SHARDS, 1, BLOCK, 6));
    checkMinutesToHours(minutes);
  }

  @Test
  void whatFailsInTheMiddleLeavesEverythingAsItWas() throws SQLException {
    RollupBlock before = block(random, 5, Tier.ONE_MINUTE, BLOCK, 1, 2);
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), before));
    data.mark(Tier.ONE_MINUTE, SHARDS, 1, BLOCK, 6);
    List<String> marks = data.marks();
    // The last thing that is written.
    TestServer.execute(
        data.url,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';"
            + " CREATE TRIGGER fail BEFORE UPDATE ON rollup_dirty FOR EACH ROW EXECUTE FUNCTION"
            + " fail()");
    RollupBlock after = block(random, 6, Tier.ONE_MINUTE, BLOCK, 2, 3);
    assertThatThrownBy(() -> data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), after)))
        .isInstanceOf(SQLException.class);
    assertThat(data.marks()).isEqualTo(marks);
    checkMinutesToHours(before);
    TestServer.execute(data.url, "DROP TRIGGER fail ON rollup_dirty");
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), after));
    checkMinutesToHours(after);
    assertThat(data.marks()).containsExactly(mark("1d", SHARDS, 1, DAY, 6));
  }

  /** What other shards wrote of a series, when there were more or fewer of them, goes too. */
  @Test
  void rowsFromAnotherNumberOfShardsAreReplaced() throws SQLException {
    long[] ids = new long[20];
    List<Long> ofShard = new ArrayList<>();
    List<Long> ofOthers = new ArrayList<>();
    try (Connection connection = TestServer.connect(data.url);
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO series (series_id, tenant, metric, canonical, labels, shard_hash)"
                    + " VALUES (?, 't', 'm', ?, '{}', ?)")) {
      for (int i = 0; i < ids.length; i++) {
        ids[i] = i + 1L;
        Labels labels = Labels.of("__name__", "m", "i", "" + i);
        SeriesKey series = SeriesKey.of("t", labels);
        (series.shard(SHARDS) == 1 ? ofShard : ofOthers).add(ids[i]);
        insert.setLong(1, ids[i]);
        insert.setBytes(2, labels.canonicalBytes());
        insert.setLong(3, series.shardHash());
        insert.addBatch();
      }
      insert.executeBatch();
      data.writer.write(
          connection,
          1,
          RollupData.sorted(
              Map.of(
                  key(0, Tier.ONE_MINUTE, BLOCK), block(random, 5, Tier.ONE_MINUTE, BLOCK, ids))));
    }
    assertThat(ofShard).hasSizeGreaterThan(1);
    RollupBlock one = block(random, 6, Tier.ONE_MINUTE, BLOCK, ofShard.getFirst());
    data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), one));
    for (Tier tier : List.of(Tier.ONE_MINUTE, Tier.FIVE_MINUTES, Tier.ONE_HOUR)) {
      List<Long> expected = new ArrayList<>(ofOthers);
      expected.add(ofShard.getFirst());
      assertThat(data.read(tier).keySet()).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(data.read(tier)).containsAllEntriesOf(expected(tier, one));
    }
  }

  @Test
  void whatCannotBeIsRefused() {
    RollupBlock outside = block(random, 5, Tier.ONE_MINUTE, BLOCK + BlockSpan.LENGTH_MS, 1);
    assertThatThrownBy(() -> data.write(Map.of(key(1, Tier.ONE_MINUTE, BLOCK), outside)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(TestServer.number(data.url, "SELECT count(*) FROM rollup_spans")).isZero();
  }
}
