-- The figures of windows: one row for each series and block of two hours (of rollup_1d: each day)
-- that has any. Partitioned by range of the block's start: 1m and 5m by day, 1h by 32 days, 1d by
-- 512 days, all counted from 1970. Windows without a value that is a number are not there. What is
-- not in rollup_dirty is exactly right; no row then means no samples.
--
-- Window i of n, from 1, is number windows[i] of the block, from 0; without windows it is number
-- first_window + i - 1. It has count samples, or counts[i]. Its earliest and latest lie first_ms and
-- last_ms after its start, or edges[i] and edges[n + i].
--
-- Figures are (base + small[j]) / 10^scale, (base + medium[j]) / 10^scale, or exact[j]; exactly one of
-- the three is there. Divided as float8, they have the bits they were computed with. Level j = i is
-- the first value, n + i the last, 2n + i the least, 3n + i the greatest; with 2n levels the first
-- is the least and the last the greatest. Without a form of increases, they are last - first.
CREATE TABLE rollup_1m (
  series_id       bigint      NOT NULL,
  block           timestamptz NOT NULL,
  seq             bigint      NOT NULL, -- everything up to this sequence is in the figures
  n               integer     NOT NULL,
  first_window    integer     NOT NULL,
  count           integer     NOT NULL, -- 0: see counts
  first_ms        integer     NOT NULL,
  last_ms         integer     NOT NULL,
  level_scale     smallint    NOT NULL,
  sum_scale       smallint    NOT NULL,
  increase_scale  smallint    NOT NULL,
  level_base      bigint      NOT NULL,
  sum_base        bigint      NOT NULL,
  increase_base   bigint      NOT NULL,
  windows         smallint[],
  counts          integer[],
  edges           integer[],
  resets          integer[],            -- NULL: none
  level_small     smallint[],
  level_medium    integer[],
  level_exact     float8[],
  sum_small       smallint[],
  sum_medium      integer[],
  sum_exact       float8[],
  increase_small  smallint[],
  increase_medium integer[],
  increase_exact  float8[],
  histograms      bytea[]     NOT NULL, -- of each window, as varints
  PRIMARY KEY (series_id, block)
) PARTITION BY RANGE (block);
CREATE TABLE rollup_5m (LIKE rollup_1m INCLUDING ALL) PARTITION BY RANGE (block);
CREATE TABLE rollup_1h (LIKE rollup_1m INCLUDING ALL) PARTITION BY RANGE (block);
CREATE TABLE rollup_1d (LIKE rollup_1m INCLUDING ALL) PARTITION BY RANGE (block);

-- What was stored last of each shard and span, and which series it has rows of, so that storing it anew
-- replaces all of them. Tier 1m stands for minutes, five minutes and hours.
CREATE TABLE rollup_spans (
  tier   text        NOT NULL,
  start  timestamptz NOT NULL,
  shards integer     NOT NULL,
  shard  integer     NOT NULL,
  seq    bigint      NOT NULL,
  ids    bigint[]    NOT NULL,
  PRIMARY KEY (tier, start, shards, shard)
);
ALTER TABLE rollup_spans ALTER COLUMN ids SET STORAGE EXTERNAL;

-- When each partition was last written to, rounded up to the hour: retention drops one once its end
-- and its last write are older than the tier is kept.
CREATE TABLE rollup_partitions (
  tier       text        NOT NULL,
  start      timestamptz NOT NULL,
  last_write timestamptz NOT NULL,
  PRIMARY KEY (tier, start)
);

-- What was written to since its figures were stored: tier 1m names a block of two hours, whose
-- minutes, five minutes and hours are computed together, 1d a day. Marked in the transaction that
-- stores the samples, or the hours of the day; unmarked in the one that stores the figures, unless seq
-- is higher than theirs. Rows are updated all the time, in place as long as their pages have room.
CREATE TABLE rollup_dirty (
  tier   text        NOT NULL,
  shards integer     NOT NULL, -- how many shards there were; 0: not known, then all are meant
  shard  integer     NOT NULL,
  start  timestamptz NOT NULL,
  seq    bigint      NOT NULL,
  PRIMARY KEY (tier, shards, shard, start)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Days of which retention has dropped samples: figures of them cannot be computed anew.
CREATE TABLE raw_dropped (
  day timestamptz PRIMARY KEY
);

-- One row for each window, for people by way of other views. The sets are expanded in the select list,
-- as those of compacted_samples.
DO $$
DECLARE
  tier record;
BEGIN
  FOR tier IN
    SELECT * FROM (VALUES ('1m', '1 minute'), ('5m', '5 minutes'), ('1h', '1 hour'), ('1d', '1 day')) AS t (name, width)
  LOOP
    EXECUTE format($view$
CREATE VIEW stored_%1$s AS
SELECT series_id, block, start AS time, count, sum, min, max,
       first, start + first_ms * interval '1 ms' AS first_time,
       last, start + last_ms * interval '1 ms' AS last_time,
       coalesce(increase, last - first) AS increase,
       resets, histogram, seq
  FROM (
    SELECT series_id, block, seq, histogram,
           block + coalesce(numbered, first_window + place - 1) * interval %2$L AS start,
           coalesce(counted, count)::bigint AS count,
           coalesce(sum_exact, (sum_base + coalesce(sum_small, sum_medium))::float8 / powers[sum_scale + 1]) AS sum,
           coalesce(first_exact, (level_base + coalesce(first_small, first_medium))::float8 / powers[level_scale + 1]) AS first,
           coalesce(last_exact, (level_base + coalesce(last_small, last_medium))::float8 / powers[level_scale + 1]) AS last,
           coalesce(min_exact, first_exact,
                    (level_base + coalesce(min_small, min_medium, first_small, first_medium))::float8 / powers[level_scale + 1]) AS min,
           coalesce(max_exact, last_exact,
                    (level_base + coalesce(max_small, max_medium, last_small, last_medium))::float8 / powers[level_scale + 1]) AS max,
           coalesce(increase_exact,
                    (increase_base + coalesce(increase_small, increase_medium))::float8 / powers[increase_scale + 1]) AS increase,
           coalesce(first_edge, first_ms) AS first_ms,
           coalesce(last_edge, last_ms) AS last_ms,
           coalesce(reset, 0) AS resets
      FROM (
        SELECT series_id, block, seq, count, first_ms, last_ms, first_window,
               level_scale, sum_scale, increase_scale, level_base, sum_base, increase_base,
               '{1,1e1,1e2,1e3,1e4,1e5,1e6,1e7,1e8,1e9,1e10,1e11,1e12,1e13,1e14}'::float8[] AS powers,
               generate_series(1, n) AS place,
               unnest(windows) AS numbered,
               unnest(counts) AS counted,
               unnest(edges[1:n]) AS first_edge,
               unnest(edges[n + 1:2 * n]) AS last_edge,
               unnest(resets) AS reset,
               unnest(level_small[1:n]) AS first_small,
               unnest(level_small[n + 1:2 * n]) AS last_small,
               unnest(level_small[2 * n + 1:3 * n]) AS min_small,
               unnest(level_small[3 * n + 1:4 * n]) AS max_small,
               unnest(level_medium[1:n]) AS first_medium,
               unnest(level_medium[n + 1:2 * n]) AS last_medium,
               unnest(level_medium[2 * n + 1:3 * n]) AS min_medium,
               unnest(level_medium[3 * n + 1:4 * n]) AS max_medium,
               unnest(level_exact[1:n]) AS first_exact,
               unnest(level_exact[n + 1:2 * n]) AS last_exact,
               unnest(level_exact[2 * n + 1:3 * n]) AS min_exact,
               unnest(level_exact[3 * n + 1:4 * n]) AS max_exact,
               unnest(sum_small) AS sum_small,
               unnest(sum_medium) AS sum_medium,
               unnest(sum_exact) AS sum_exact,
               unnest(increase_small) AS increase_small,
               unnest(increase_medium) AS increase_medium,
               unnest(increase_exact) AS increase_exact,
               unnest(histograms) AS histogram
          FROM rollup_%1$s) expanded) figures
$view$, tier.name, tier.width);
  END LOOP;
END
$$;

-- Of what is there by now nothing was computed. All blocks of a day are marked, since looking for
-- those that have samples would read them all.
INSERT INTO rollup_dirty (tier, shards, shard, start, seq)
SELECT '1m', 0, 0, day + hours * interval '1 hour', 0
  FROM block_days CROSS JOIN generate_series(0, 22, 2) AS hours
UNION
SELECT '1m', 0, 0, unnest(blocks), 0 FROM recent_blocks;
DO $$
BEGIN
  IF to_regclass('sample_blocks') IS NOT NULL THEN
    INSERT INTO rollup_dirty (tier, shards, shard, start, seq)
    SELECT '1m', 0, 0, block, 0 FROM sample_blocks
    ON CONFLICT DO NOTHING;
  END IF;
END
$$;
