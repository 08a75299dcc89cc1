-- Which shard a series belongs to: this hash, unsigned, modulo the number of shards. The node fills
-- it in for the rows that are there and then forbids NULL.
ALTER TABLE series ADD COLUMN shard_hash bigint;

-- People ask for a metric and a host, and rarely name the tenant.
CREATE INDEX series_metric_host ON series (metric, (labels ->> 'host'));

-- From a series to the recent rows of its shard.
CREATE INDEX recent_shard ON recent (shards, shard, block);

-- The samples of blocks. The sets are expanded in the select list: a function scan would write each
-- to a temporary store first, which takes more than twice the time.
CREATE VIEW compacted_samples AS
SELECT series_id,
       block,
       coalesce(at, block + off * interval '1 ms') AS time,
       coalesce(exact,
                (base + coalesce(small, medium))::float8
                  / ('{1,1e1,1e2,1e3,1e4,1e5,1e6,1e7,1e8,1e9,1e10,1e11,1e12,1e13,1e14,1e15,1e16,1e17,1e18,1e19,1e20,1e21,1e22}'::float8[])[scale + 1]) AS value,
       seq
  FROM (SELECT b.series_id, b.block, b.seq, b.scale, b.base,
               generate_series(b.block + b.first_ms * interval '1 ms',
                               b.block + (b.first_ms + (b.n - 1)::bigint * b.step_ms) * interval '1 ms',
                               nullif(b.step_ms, 0) * interval '1 ms') AS at,
               unnest(b.offsets) AS off,
               unnest(b.small) AS small,
               unnest(b.medium) AS medium,
               unnest(b.exact) AS exact
          FROM blocks b) expanded;

-- The blocks that recent rows belong to, found in the same way, as one array.
CREATE VIEW recent_blocks AS
WITH RECURSIVE step (block) AS (
  SELECT min(block) FROM recent
  UNION ALL
  SELECT (SELECT min(r.block) FROM recent r WHERE r.block > step.block)
    FROM step
   WHERE step.block IS NOT NULL)
SELECT coalesce(array_agg(block), '{}') AS blocks FROM step WHERE block IS NOT NULL;

-- The shard of a series, from the unsigned remainder of its hash; NULL of 0 shards.
CREATE FUNCTION shard_of(shard_hash bigint, shards integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (CASE WHEN shard_hash >= 0 THEN shard_hash % nullif(shards, 0)
             ELSE (shard_hash % nullif(shards, 0) + shards
                    + (4294967296 % nullif(shards, 0)) * (4294967296 % nullif(shards, 0)))
                    % nullif(shards, 0)
        END)::integer;

-- The samples of recent rows. place is the position in the row. Rows are found by the shard of the
-- series under the highest number of shards that there is; the second part, empty but after a
-- change of grid.shards, steps to the others; the third takes the rows of which it is not known.
-- They are apart because the planner knows that a maximum is one row, and goes by the index; of a
-- recursion it expects a hundred, and reads everything.
CREATE VIEW recent_samples AS
SELECT series_id, block, times[place] AS time, samples[place] AS value, seq, place
  FROM (SELECT s.series_id, r.block, r.times, r.samples, r.seq,
               unnest(array_positions(r.ids, s.series_id)) AS place
          FROM series s
         CROSS JOIN (SELECT max(shards) AS shards FROM recent) l
          JOIN recent r ON r.shards = l.shards AND r.shard = shard_of(s.shard_hash, l.shards)
         UNION ALL
        SELECT s.series_id, r.block, r.times, r.samples, r.seq,
               unnest(array_positions(r.ids, s.series_id)) AS place
          FROM series s
         CROSS JOIN (
                 WITH RECURSIVE layout (shards, highest) AS (
                   SELECT max(shards), true FROM recent
                   UNION ALL
                   SELECT (SELECT max(r.shards) FROM recent r WHERE r.shards < layout.shards), false
                     FROM layout
                    WHERE layout.shards IS NOT NULL)
                 SELECT shards FROM layout WHERE shards > 0 AND NOT highest) l
          JOIN recent r ON r.shards = l.shards AND r.shard = shard_of(s.shard_hash, l.shards)
         UNION ALL
        SELECT s.series_id, r.block, r.times, r.samples, r.seq,
               unnest(array_positions(r.ids, s.series_id)) AS place
          FROM series s
          JOIN recent r ON r.shards = 0) found;

-- Each series with its samples, each time once: the highest seq counts, of rows with equal seq
-- the block, within a recent row the last place. Blocks without recent rows need no such look.
CREATE VIEW all_samples AS
SELECT s.series_id, s.tenant, s.metric, s.labels, v.block, v.time, v.value
  FROM series s
 CROSS JOIN LATERAL (
         SELECT c.block, c.time, c.value
           FROM compacted_samples c
          WHERE c.series_id = s.series_id
            AND c.block <> ALL ((SELECT blocks FROM recent_blocks)::timestamptz[])
         UNION ALL
         SELECT latest.block, latest.time, latest.value
           FROM (SELECT DISTINCT ON (d.block, d.time) d.block, d.time, d.value
                   FROM (SELECT c.block, c.time, c.value, c.seq, 2147483647 AS place
                           FROM compacted_samples c
                          WHERE c.series_id = s.series_id
                            AND c.block = ANY ((SELECT blocks FROM recent_blocks)::timestamptz[])
                         UNION ALL
                         SELECT r.block, r.time, r.value, r.seq, r.place
                           FROM recent_samples r
                          WHERE r.series_id = s.series_id) d
                  ORDER BY d.block, d.time, d.seq DESC, d.place DESC) latest) v;

-- For people and dashboards. A predicate on time alone is checked sample by sample: PostgreSQL does
-- not conclude from it which blocks are needed. One on block as well, or metrics_between, reads those
-- blocks only.
CREATE VIEW metrics AS
SELECT time, labels ->> 'host' AS host, metric AS metric_name, value,
       labels - '__name__' AS labels, tenant, series_id, block
  FROM all_samples;

-- metrics within two times, both included. It is expanded into the query that calls it, so that
-- other predicates reach the indexes through it.
CREATE FUNCTION metrics_between(since timestamptz, until timestamptz)
RETURNS TABLE ("time" timestamptz, host text, metric_name text, value float8, labels jsonb,
               tenant text, series_id bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT m.time, m.host, m.metric_name, m.value, m.labels, m.tenant, m.series_id
    FROM metrics m
   WHERE m.time >= since AND m.time <= until
     AND m.block > since - interval '2 hours' AND m.block <= until;
END;
