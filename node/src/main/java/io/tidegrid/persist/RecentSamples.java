package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.IntSupplier;

/** Reads the table {@code recent}. Safe for use by many threads. */
final class RecentSamples {

  /** What {@link #each} wants. */
  static final String COLUMNS = "seq, ids, times, samples";

  private static final int SEQ = 0;
  private static final int IDS = 1;
  private static final int TIMES = 2;
  private static final int VALUES = 3;

  /** Up to so many series the server leaves out rows that have none of them. */
  private static final int SERIES_SOUGHT_BY_SERVER = 4;

  private final IntSupplier shardCount;

  /** Takes one sample of a row. */
  @FunctionalInterface
  interface Sample {
    void accept(long seq, long id, long timeMs, double value);
  }

  /**
   * @param shardCount how many shards there are now; rows of another number of shards are read
   *     whatever shard is asked for; 0 while that is not known
   */
  RecentSamples(IntSupplier shardCount) {
    this.shardCount = shardCount;
  }

  /**
   * Returns the blocks that have rows between two blocks, both included, of any shard. A few index
   * lookups for each of them.
   */
  NavigableSet<Long> blocks(Connection connection, long firstMs, long lastMs) throws SQLException {
    String first = SqlText.time(firstMs);
    NavigableSet<Long> blocks = new TreeSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "WITH RECURSIVE found AS (SELECT max(block) AS block FROM recent WHERE block >= "
                    + first
                    + " AND block <= "
                    + SqlText.time(lastMs)
                    + " UNION ALL SELECT (SELECT max(r.block) FROM recent r WHERE r.block >= "
                    + first
                    + " AND r.block < found.block) FROM found WHERE found.block IS NOT NULL) SELECT"
                    + " block FROM found WHERE block IS NOT NULL")) {
      while (result.next()) {
        blocks.add(result.getTimestamp(1).getTime());
      }
    }
    return blocks;
  }

  /**
   * Returns about how many samples of a block there are by shard, under -1 those of rows of another
   * number of shards. Reads no arrays.
   */
  Map<Integer, Long> sizes(Connection connection, long blockMs) throws SQLException {
    Map<Integer, Long> sizes = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT CASE WHEN shards = "
                    + knownShardCount()
                    + " THEN shard ELSE -1 END, sum(pg_column_size(ids)) / 8 FROM recent WHERE"
                    + " block = "
                    + SqlText.time(blockMs)
                    + " GROUP BY 1")) {
      while (result.next()) {
        sizes.put(result.getInt(1), result.getLong(2));
      }
    }
    return sizes;
  }

  /** Hands over all samples of the rows of some blocks and shards, rows in no order. */
  void read(Connection connection, Collection<Long> blocks, int[] shards, long[] ids, Sample sample)
      throws SQLException {
    if (!blocks.isEmpty()) {
      long ignored =
          CopyRows.read(connection, query(blocks, shards, ids), row -> each(row, sample));
    }
  }

  /** No row has -1, so that as long as the number is not known, no row is left out. */
  private int knownShardCount() {
    int count = shardCount.getAsInt();
    return count > 0 ? count : -1;
  }

  private String query(Collection<Long> blocks, int[] shards, long[] ids) {
    int count = knownShardCount();
    String where = " FROM recent WHERE block = ANY (" + SqlText.times(blocks) + ")";
    String sought = ids.length > SERIES_SOUGHT_BY_SERVER ? "" : " AND ids && " + SqlText.array(ids);
    String select = "SELECT " + COLUMNS + where;
    List<String> parts = new ArrayList<>();
    parts.add(
        select
            + " AND shards = "
            + count
            + " AND shard = ANY ("
            + SqlText.array(Arrays.stream(shards).distinct().toArray())
            + ")"
            + sought);
    parts.add(select + " AND shards < " + count + sought);
    parts.add(select + " AND shards > " + count + sought);
    return String.join(" UNION ALL ", parts);
  }

  /** Hands over the samples of a row of {@link #COLUMNS}, in their order. */
  static void each(CopyRow row, Sample sample) throws SQLException {
    long seq = row.getLong(SEQ);
    int size = row.length(IDS);
    if (row.length(TIMES) != size || row.length(VALUES) != size) {
      throw new SQLException("a row of recent has arrays of different lengths", "XX001");
    }
    for (int i = 0; i < size; i++) {
      sample.accept(seq, row.longAt(IDS, i), row.timeAt(TIMES, i), row.doubleAt(VALUES, i));
    }
  }
}
