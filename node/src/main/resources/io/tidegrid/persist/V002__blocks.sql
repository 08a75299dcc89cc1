-- What has been committed and not yet been folded into blocks. One row for each run of batches of a
-- shard and block, so that the database pays for rows and index entries by the hundred samples.
-- Partitioned by the hour of commit: compaction deletes the rows it has folded, and partitions that
-- are empty are dropped whole.
CREATE TABLE recent (
  committed timestamptz   NOT NULL, -- the hour of commit
  shards    integer       NOT NULL, -- how many shards there were: what shard means
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
CREATE INDEX recent_block ON recent (block, shard);

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
