-- Series: one row for each label set of a tenant. canonical is the exact form (any bytes);
-- labels is for people and SQL, where U+0000, which jsonb refuses, reads U+FFFD.
CREATE TABLE series (
  series_id  bigint      PRIMARY KEY,
  tenant     text        NOT NULL,
  metric     text        NOT NULL,
  canonical  bytea       NOT NULL,
  labels     jsonb       NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX series_metric ON series (tenant, metric);

-- Recent samples, one partition for each hour of sample time, created by the node when needed.
-- No index: each btree multiplies the cost of writing a row by five, and what reads these rows
-- (replay into memory, compaction) reads whole hours.
CREATE TABLE samples (
  series_id bigint      NOT NULL,
  time      timestamptz NOT NULL,
  value     float8      NOT NULL,
  seq       bigint      NOT NULL
) PARTITION BY RANGE (time);

-- Whether an hour may hold several rows of one (series_id, time); the highest seq is the value.
CREATE TABLE samples_hours (
  hour        timestamptz PRIMARY KEY,
  overlapping boolean     NOT NULL
);

-- Samples older than what memory keeps, of any age, each key once.
CREATE TABLE samples_late (
  series_id bigint      NOT NULL,
  time      timestamptz NOT NULL,
  value     float8      NOT NULL,
  seq       bigint      NOT NULL,
  PRIMARY KEY (series_id, time)
);

-- The ledger: which batches have been committed. Written in the transaction of their samples, so
-- that storing a batch again changes nothing. One partition for each hour of commit; old ones are
-- dropped whole, because deleting a row for each batch would cost as much as writing it.
CREATE TABLE persisted_batches (
  shard          integer     NOT NULL,
  epoch          integer     NOT NULL,
  counter        integer     NOT NULL,
  committed_hour timestamptz NOT NULL,
  PRIMARY KEY (shard, epoch, counter, committed_hour)
) PARTITION BY RANGE (committed_hour);

-- Batches that the database refused for what is in them.
CREATE TABLE dead_letters (
  id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz NOT NULL DEFAULT now(),
  shard     integer     NOT NULL,
  epoch     integer     NOT NULL,
  counter   integer     NOT NULL,
  samples   integer     NOT NULL,
  sqlstate  text        NOT NULL,
  reason    text        NOT NULL,
  payload   bytea       NOT NULL
);

CREATE TABLE metric_metadata (
  tenant text NOT NULL,
  metric text NOT NULL,
  type   text NOT NULL,
  unit   text NOT NULL,
  help   text NOT NULL,
  PRIMARY KEY (tenant, metric)
);
