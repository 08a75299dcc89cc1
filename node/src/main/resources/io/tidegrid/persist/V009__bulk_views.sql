-- Until here each series was looked for in each row of its shard, which serves one series well and
-- all of them badly: every row was unpacked once for each of its series and twice for each sample.
-- That view stays as it is for the views of windows, which ask for one series and block at a time.
ALTER VIEW all_samples RENAME TO series_samples;

-- The numbers of shards that recent rows were written under, as one array; 0: not known.
CREATE VIEW recent_layouts AS
WITH RECURSIVE step (shards) AS (
  SELECT max(shards) FROM recent
  UNION ALL
  SELECT (SELECT max(r.shards) FROM recent r WHERE r.shards < step.shards)
    FROM step
   WHERE step.shards IS NOT NULL)
SELECT coalesce(array_agg(shards), '{}') AS layouts FROM step WHERE shards IS NOT NULL;

-- Each series with its samples, each time once: the highest seq counts, of rows with equal seq
-- the block, within a recent row the last place.
--
-- Series and rows are joined, and not one looked up for each of the other, so that the planner goes
-- from few series to their rows by index, and for many reads each row once and hashes the series.
-- Rows expand in subqueries that know nothing of series, for else there was but one order; and in
-- their select lists, since a function scan would write each to a temporary store first. Conditions
-- on tenant, metric and labels get past the GROUP BY because series_id is the primary key of series.
CREATE VIEW all_samples AS
-- Blocks that no recent row belongs to.
SELECT s.series_id, s.tenant, s.metric, s.labels, b.block,
       coalesce(e.at, b.block + e.off * interval '1 ms') AS time,
       coalesce(e.exact,
                (b.base + coalesce(e.small, e.medium))::float8
                  / ('{1,1e1,1e2,1e3,1e4,1e5,1e6,1e7,1e8,1e9,1e10,1e11,1e12,1e13,1e14,1e15,1e16,1e17,1e18,1e19,1e20,1e21,1e22}'::float8[])[b.scale + 1]) AS value
  FROM series s
  JOIN blocks b ON b.series_id = s.series_id
               AND b.block <> ALL ((SELECT blocks FROM recent_blocks)::timestamptz[])
 CROSS JOIN LATERAL (
         SELECT generate_series(b.block + b.first_ms * interval '1 ms',
                                b.block + (b.first_ms + (b.n - 1)::bigint * b.step_ms) * interval '1 ms',
                                nullif(b.step_ms, 0) * interval '1 ms') AS at,
                unnest(b.offsets) AS off,
                unnest(b.small) AS small,
                unnest(b.medium) AS medium,
                unnest(b.exact) AS exact) e
 UNION ALL
-- Blocks that recent rows belong to, with what these bring for the series: late samples, as a rule.
SELECT s.series_id, s.tenant, s.metric, s.labels, b.block, v.time, v.value
  FROM series s
  JOIN blocks b ON b.series_id = s.series_id
               AND b.block = ANY ((SELECT blocks FROM recent_blocks)::timestamptz[])
 CROSS JOIN LATERAL (
         SELECT DISTINCT ON (d.time) d.time, d.value
           FROM (SELECT c.time, c.value, c.seq, 2147483647 AS place
                   FROM compacted_samples c
                  WHERE c.series_id = b.series_id AND c.block = b.block
                 UNION ALL
                 SELECT r.time, r.value, r.seq, r.place
                   FROM recent_samples r
                  WHERE r.series_id = b.series_id AND r.block = b.block) d
          ORDER BY d.time, d.seq DESC, d.place DESC) v
 UNION ALL
-- Recent samples of series that have no block there yet: gathered by series and block, and then
-- sorted by time in each of these, which takes far less than to sort all of them.
SELECT g.series_id, g.tenant, g.metric, g.labels, g.block, v.time, v.value
  FROM (SELECT s.series_id, s.tenant, s.metric, s.labels, r.block,
               array_agg(e.time) AS times, array_agg(e.value) AS samples,
               array_agg(r.seq) AS seqs, array_agg(e.place) AS places
          FROM series s
         CROSS JOIN unnest((SELECT layouts FROM recent_layouts)) AS l (shards)
               -- A step of its own, so that shards are computed by the series and not by the sample.
         CROSS JOIN LATERAL (SELECT coalesce(shard_of(s.shard_hash, l.shards), 0) AS lowest,
                                    coalesce(shard_of(s.shard_hash, l.shards), 2147483647) AS highest
                             OFFSET 0) p
          JOIN recent r ON r.shards = l.shards AND r.shard >= p.lowest AND r.shard <= p.highest
         CROSS JOIN LATERAL (SELECT unnest(r.ids) AS id, unnest(r.times) AS time, unnest(r.samples) AS value,
                                    generate_series(1, cardinality(r.ids)) AS place) e
         WHERE e.id = s.series_id
               -- True of all: of the two comparisons the planner concludes that there is one.
           AND l.shards >= 0 AND l.shards <= 2147483647
         GROUP BY s.series_id, r.block) g
 CROSS JOIN LATERAL (
         SELECT DISTINCT ON (d.time) d.time, d.value
           FROM (SELECT unnest(g.times) AS time, unnest(g.samples) AS value,
                        unnest(g.seqs) AS seq, unnest(g.places) AS place) d
          ORDER BY d.time, d.seq DESC, d.place DESC) v
 WHERE NOT EXISTS (SELECT FROM blocks b WHERE b.series_id = g.series_id AND b.block = g.block);

CREATE OR REPLACE VIEW metrics AS
SELECT time, labels ->> 'host' AS host, metric AS metric_name, value,
       labels - '__name__' AS labels, tenant, series_id, block
  FROM all_samples;

-- Who might read the view of that name may read the new one.
DO $$
DECLARE
  granted record;
BEGIN
  FOR granted IN
    SELECT a.grantee, a.privilege_type, a.is_grantable
      FROM pg_class c, aclexplode(c.relacl) a
     WHERE c.oid = 'series_samples'::regclass AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT %s ON all_samples TO %s%s', granted.privilege_type,
                   CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END,
                   CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$$;
