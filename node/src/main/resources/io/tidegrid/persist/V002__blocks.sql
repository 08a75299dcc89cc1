-- What has been committed and not yet been folded into blocks. One row for each run of batches of a
-- shard and block, so that the database pays for rows and index entries by the hundred samples.
-- Partitioned by the hour of commit: compaction deletes the rows it has folded, and partitions that
-- are empty are dropped whole.
CREATE TABLE recent (
  committed timestamptz   NOT NULL, -- the hour of commit
  shards    integer       NOT NULL, -- how many shards there were: what shard means; 0: not known
  shard     integer       NOT NULL,
  block     timestamptz   NOT NULL, -- start of the block in which all times of the row lie
  seq       bigint        NOT NULL, -- highest sequence of the run; between rows the highest counts
  ids       bigint[]      NOT NULL, -- series ids; in a row, of one id and time the last counts
  times     timestamptz[] NOT NULL,
  samples   float8[]      NOT NULL
) PARTITION BY RANGE (committed);
ALTER TABLE recent ALTER COLUMN ids SET STORAGE EXTERNAL;
ALTER TABLE recent ALTER COLUMN times SET STORAGE EXTERNAL;
ALTER TABLE recent ALTER COLUMN samples SET STORAGE EXTERNAL;
CREATE INDEX recent_block ON recent (block, shards, shard);

-- Compacted samples: one row for each series and block, partitioned by day of the block's start.
-- Times are block + first_ms + i * step_ms, or block + offsets[i] when they are not regular.
-- Values are (base + small[i]) / 10^scale, (base + medium[i]) / 10^scale, or exact[i]; exactly one
-- of the three is there. Divided as float8, they have the bits they came with.
CREATE TABLE blocks (
  series_id bigint      NOT NULL,
  block     timestamptz NOT NULL,
  seq       bigint      NOT NULL, -- highest sequence that was folded in
  first_ms  integer     NOT NULL,
  step_ms   integer     NOT NULL, -- 0: see offsets
  n         integer     NOT NULL,
  scale     smallint    NOT NULL,
  base      bigint      NOT NULL,
  offsets   integer[],
  small     smallint[],
  medium    integer[],
  exact     float8[],
  PRIMARY KEY (series_id, block)
) PARTITION BY RANGE (block);

-- When samples were last folded into each day of blocks, rounded up to the hour: retention drops a
-- day once its end and its last write are older than it keeps.
CREATE TABLE block_days (
  day        timestamptz PRIMARY KEY,
  last_write timestamptz NOT NULL
);

-- What the tables of version 1 hold moves into recent, block by block, each (series_id, time) with
-- the value of its highest seq, so that only rows to come can have another. In the order of seq, so
-- that a row's seq is close to that of each of its samples.
DO $$
DECLARE
  hour  timestamptz := date_bin('1 hour', now(), 'epoch');
  part  text := 'recent_p' || to_char(hour AT TIME ZONE 'UTC', 'YYYYMMDDHH24');
  span  timestamptz;
BEGIN
  FOR span IN
    SELECT date_bin('2 hours', time, 'epoch') FROM samples
    UNION
    SELECT date_bin('2 hours', time, 'epoch') FROM samples_late
  LOOP
    IF to_regclass(part) IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE recent INCLUDING ALL) WITH (autovacuum_enabled = off)', part);
      EXECUTE format('ALTER TABLE recent ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                     part, hour, hour + interval '1 hour');
    END IF;
    INSERT INTO recent (committed, shards, shard, block, seq, ids, times, samples)
    SELECT hour, 0, 0, span, max(seq),
           array_agg(series_id ORDER BY place), array_agg(time ORDER BY place), array_agg(value ORDER BY place)
      FROM (SELECT series_id, time, value, seq, row_number() OVER (ORDER BY seq, time, series_id) - 1 AS place
              FROM (SELECT DISTINCT ON (series_id, time) series_id, time, value, seq
                      FROM (SELECT * FROM samples
                             WHERE time >= span AND time < span + interval '2 hours'
                            UNION ALL
                            SELECT * FROM samples_late
                             WHERE time >= span AND time < span + interval '2 hours') AS every
                     ORDER BY series_id, time, seq DESC) AS latest) AS placed
     GROUP BY place / 10000;
  END LOOP;
END
$$;
DROP TABLE samples, samples_hours, samples_late;
