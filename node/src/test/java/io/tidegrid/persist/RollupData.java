package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.persist.RollupMarksTable.Place;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import io.tidegrid.tier.WindowRoller;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;

/** A database for rollups, and what should be in it. */
final class RollupData {

  static final long BLOCK = Instant.parse("2026-03-01T08:00:00Z").toEpochMilli();
  static final long DAY = Instant.parse("2026-03-01T00:00:00Z").toEpochMilli();
  static final int SHARDS = 4;

  final String url = TestServer.newDatabase();
  final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-03-01T12:00:00Z"));
  final RollupPartitions partitions = new RollupPartitions();
  final RollupWriter writer = new RollupWriter(now::get, partitions);

  RollupData() {
    try (Connection connection = TestServer.connect(url)) {
      int ignored = new SchemaMigrator().migrate(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static RollupKey key(int shard, Tier tier, long startMs) {
    return new RollupKey(shard, shard, tier, startMs);
  }

  /** Kinds of values, each of which takes another form in the database. */
  static double value(Random random, int kind, int i) {
    return switch (kind % 6) {
      case 0 -> random.nextInt(10_000) / 100.0;
      case 1 -> 1e12 + i * 3.0;
      case 2 -> random.nextGaussian() * 1e9;
      case 3 -> random.nextInt(50) == 0 ? 0 : i * 0.1;
      case 4 -> random.nextInt(30) == 0 ? Double.POSITIVE_INFINITY : -0.0;
      default -> random.nextInt(1_000_000_000) / 10.0;
    };
  }

  /** Returns the minutes of a series with samples at random times in a part of a span. */
  static RollupColumns windows(Random random, int kind, Tier tier, long startMs, long lengthMs) {
    int size = 1 + random.nextInt(400);
    long[] times = new long[size];
    double[] values = new double[size];
    boolean regular = random.nextBoolean();
    long step = Math.max(1, lengthMs / size);
    for (int i = 0; i < size; i++) {
      times[i] = startMs + i * step + (regular ? 0 : random.nextInt((int) Math.min(step, 1_000)));
      values[i] = value(random, kind, i);
    }
    RollupColumns columns = new RollupColumns();
    new WindowRoller().roll(tier.windowMs(), times, values, 0, size, columns);
    return columns;
  }

  static RollupBlock block(Random random, long sequence, Tier tier, long startMs, long... ids) {
    RollupBlock.Builder builder = new RollupBlock.Builder(sequence);
    long length = tier == Tier.ONE_DAY ? HourPartitions.DAY_MS : BlockSpan.LENGTH_MS;
    for (long id : ids) {
      builder.add(id, windows(random, (int) id, tier, startMs, length));
    }
    return builder.build();
  }

  RollupWriter.Written write(Map<RollupKey, RollupBlock> blocks) throws SQLException {
    try (Connection connection = TestServer.connect(url)) {
      return writer.write(connection, SHARDS, sorted(blocks));
    }
  }

  static SortedMap<RollupKey, RollupBlock> sorted(Map<RollupKey, RollupBlock> blocks) {
    SortedMap<RollupKey, RollupBlock> sorted =
        new TreeMap<>(
            Comparator.comparingInt(RollupKey::shard)
                .thenComparing(RollupKey::tier)
                .thenComparingLong(RollupKey::startMs));
    sorted.putAll(blocks);
    return sorted;
  }

  /** Returns each window as a line of all its figures, to the bit but for those of NaN. */
  static List<String> lines(RollupColumns of) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < of.size(); i++) {
      lines.add(
          line(
              of.starts()[i],
              of.counts()[i],
              of.sums()[i],
              of.mins()[i],
              of.maxs()[i],
              of.firsts()[i],
              of.firstTimes()[i],
              of.lasts()[i],
              of.lastTimes()[i],
              of.increases()[i],
              of.resets()[i],
              of.histograms()[i]));
    }
    return lines;
  }

  private static String line(Object... figures) {
    StringBuilder line = new StringBuilder();
    for (Object figure : figures) {
      line.append(
              figure instanceof byte[] bytes
                  ? java.util.HexFormat.of().formatHex(bytes)
                  : figure instanceof Double number
                      ? number + "/" + Double.doubleToLongBits(number)
                      : figure)
          .append(' ');
    }
    return line.toString();
  }

  /** What a tier should hold of blocks of minutes, or days. */
  static SortedMap<Long, List<String>> expected(Tier tier, RollupBlock... blocks) {
    SortedMap<Long, List<String>> expected = new TreeMap<>();
    WindowRoller roller = new WindowRoller();
    for (RollupBlock block : blocks) {
      block.forEach((id, minutes) -> {
        RollupColumns windows = minutes;
        if (tier == Tier.FIVE_MINUTES || tier == Tier.ONE_HOUR) {
          windows = merged(roller, Tier.FIVE_MINUTES, minutes);
        }
        if (tier == Tier.ONE_HOUR) {
          windows = merged(roller, Tier.ONE_HOUR, windows);
        }
        expected.computeIfAbsent(id, i -> new ArrayList<>()).addAll(lines(windows));
      });
    }
    return expected;
  }

  private static RollupColumns merged(WindowRoller roller, Tier tier, RollupColumns finer) {
    RollupColumns merged = new RollupColumns();
    roller.merge(tier.windowMs(), finer, 0, finer.size(), merged);
    return merged;
  }

  /** What is read of a tier by the form of its rows. */
  SortedMap<Long, List<String>> read(Tier tier) throws SQLException {
    SortedMap<Long, List<String>> found = new TreeMap<>();
    try (Connection connection = TestServer.connect(url)) {
      RollupRows.read(
          connection,
          "SELECT "
              + RollupRows.COLUMNS
              + ", histograms FROM "
              + RollupTable.of(tier).table()
              + " ORDER BY series_id, block",
          tier.windowMs(),
          true,
          0,
          Long.MAX_VALUE,
          (id, columns) -> assertThat(found.put(id, lines(columns))).isNull());
    }
    return found;
  }

  /** What the view of a tier shows. */
  SortedMap<Long, List<String>> view(Tier tier) throws SQLException {
    SortedMap<Long, List<String>> found = new TreeMap<>();
    try (Connection connection = TestServer.connect(url)) {
      long ignored =
          CopyRows.read(
              connection,
              "SELECT series_id, time, count, sum, min, max, first, first_time, last, last_time,"
                  + " increase, resets::bigint, ARRAY[histogram] FROM stored_"
                  + tier.text()
                  + " ORDER BY series_id, time",
              row -> {
                byte[][] histogram = new byte[1][];
                row.bytesOf(12, histogram);
                found
                    .computeIfAbsent(row.getLong(0), id -> new ArrayList<>())
                    .add(
                        line(
                            row.getTime(1),
                            row.getLong(2),
                            Double.longBitsToDouble(row.getLong(3)),
                            Double.longBitsToDouble(row.getLong(4)),
                            Double.longBitsToDouble(row.getLong(5)),
                            Double.longBitsToDouble(row.getLong(6)),
                            row.getTime(7),
                            Double.longBitsToDouble(row.getLong(8)),
                            row.getTime(9),
                            Double.longBitsToDouble(row.getLong(10)),
                            row.getLong(11),
                            histogram[0]));
              });
    }
    return found;
  }

  void mark(Tier tier, int shards, int shard, long startMs, long sequence) throws SQLException {
    try (Connection connection = TestServer.connect(url)) {
      SortedMap<Place, Long> marks = new TreeMap<>();
      marks.put(new Place(shard, startMs), sequence);
      RollupMarksTable.mark(connection, tier, shards, marks);
    }
  }

  /** Returns the marks as tier, shards, shard, start and sequence. */
  List<String> marks() {
    List<String> marks = new ArrayList<>();
    try (Connection connection = TestServer.connect(url);
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT tier, shards, shard, (extract(epoch FROM start) * 1000)::bigint, seq FROM"
                    + " rollup_dirty ORDER BY 1, 2, 3, 4")) {
      while (result.next()) {
        marks.add(
            mark(
                result.getString(1),
                result.getInt(2),
                result.getInt(3),
                result.getLong(4),
                result.getLong(5)));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return marks;
  }

  static String mark(String tier, int shards, int shard, long startMs, long sequence) {
    return tier + " " + shards + " " + shard + " " + Instant.ofEpochMilli(startMs) + " " + sequence;
  }
}
