-- Views of minutes, five minutes, hours and days: what is stored, where that is right, and computed
-- from the samples where it is not, or not yet.

-- What a histogram counts: values in ascending order, each the middle of a bucket, and how many lie
-- there. The form of the bytes and the arithmetic are those of HistogramBuilder.
CREATE FUNCTION tidegrid_buckets(histogram bytea, OUT middles float8[], OUT counts bigint[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT COST 1000
AS $$
DECLARE
  -- Scale, counts of 0, of +Inf, of -Inf; then of positive and of negative values how many buckets
  -- are in use, and of each its index (at first the distance to the one before) and its count.
  n      bigint[] := '{}';
  number bigint := 0;
  shift  integer := 0;
  byte   integer;
  above  integer;
  below  integer;
  signs  integer;
  width  float8;
  centre float8;
  at     integer;
  exponent float8;
  middle float8;
BEGIN
  FOR i IN 0 .. length(histogram) - 1 LOOP
    byte := get_byte(histogram, i);
    number := number | ((byte & 127)::bigint << shift);
    IF byte >= 128 THEN
      shift := shift + 7;
    ELSE
      n := n || number;
      number := 0;
      shift := 0;
    END IF;
  END LOOP;
  above := n[5];
  signs := 6 + 2 * above;
  below := n[signs];
  FOR i IN 1 .. above LOOP
    at := 4 + 2 * i;
    number := n[at];
    n[at] := CASE i WHEN 1 THEN (number >> 1) # -(number & 1) ELSE n[at - 2] + number END;
  END LOOP;
  FOR i IN 1 .. below LOOP
    at := signs - 1 + 2 * i;
    number := n[at];
    n[at] := CASE i WHEN 1 THEN (number >> 1) # -(number & 1) ELSE n[at - 2] + number END;
  END LOOP;
  width := 2 ^ -((n[1] >> 1) # -(n[1] & 1))::float8;
  -- The value whose relative distance to both bounds of a bucket is the same, as an exponent.
  centre := ln(2 / (1 + 2 ^ -width)) / ln(2::float8);
  middles := '{}';
  counts := '{}';
  -- -Inf, negative buckets, zeros, positive buckets, +Inf.
  FOR place IN 0 .. below + above + 2 LOOP
    at := CASE WHEN place = 0 THEN 4
               WHEN place <= below THEN signs + 2 * (below + 1 - place)
               WHEN place = below + 1 THEN 2
               WHEN place <= below + 1 + above THEN 5 + 2 * (place - below - 1)
               ELSE 3 END;
    CONTINUE WHEN n[at] = 0;
    IF at <= 4 THEN
      middle := CASE at WHEN 2 THEN 0 WHEN 3 THEN 'Infinity'::float8 ELSE '-Infinity' END;
    ELSE
      -- PostgreSQL raises an error where other arithmetic gives 0 or infinity.
      exponent := n[at - 1] * width + centre;
      middle := CASE WHEN exponent >= 1024 THEN 1.7976931348623157e308
                     WHEN exponent <= -1074 THEN 0
                     ELSE 2 ^ exponent END;
      IF place <= below THEN
        middle := -middle;
      END IF;
    END IF;
    middles := middles || middle;
    counts := counts || n[at];
  END LOOP;
END
$$;

-- Between two values, weight of the way to the higher one; without the errors that PostgreSQL raises
-- for what is too small for a float8.
CREATE FUNCTION tidegrid_between(low float8, high float8, weight float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN weight = 0 OR low = high THEN low
            ELSE CASE WHEN abs(low) < 1e-280 THEN 0 ELSE low * (1 - weight) END
               + CASE WHEN abs(high) < 1e-280 THEN 0 ELSE high * weight END END;

-- The value below which a share of the values counted by a histogram lie, interpolated between the
-- nearest two ranks, and within min and max (NULL: no bound). NULL of no values.
CREATE FUNCTION tidegrid_quantile(histogram bytea, share float8, min float8, max float8)
RETURNS float8
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1500
AS $$
DECLARE
  middles float8[];
  counts  bigint[];
  rank    float8 := 0;
  weight  float8;
  seen    bigint := 0;
  place   integer := 1;
  high    integer;
BEGIN
  SELECT b.middles, b.counts INTO middles, counts FROM tidegrid_buckets(histogram) b;
  IF share IS NULL OR share = 'NaN' OR coalesce(cardinality(counts), 0) = 0 THEN
    RETURN NULL;
  END IF;
  FOR i IN 1 .. cardinality(counts) LOOP
    seen := seen + counts[i];
  END LOOP;
  rank := greatest(least(share, 1), 0) * (seen - 1);
  weight := rank - floor(rank);
  rank := floor(rank);
  seen := counts[1];
  WHILE seen <= rank LOOP
    place := place + 1;
    seen := seen + counts[place];
  END LOOP;
  high := CASE WHEN weight > 0 AND seen <= rank + 1 THEN place + 1 ELSE place END;
  RETURN greatest(least(tidegrid_between(middles[place], middles[high], weight), max), min);
END
$$;

-- The same of all values of many histograms and of samples together.
CREATE FUNCTION tidegrid_quantile(histograms bytea[], samples float8[], share float8,
                                  min float8, max float8)
RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000
AS $$
  WITH bucket AS (
    SELECT u.middle, u.count
      FROM unnest(histograms) AS h (histogram),
           tidegrid_buckets(h.histogram) AS b,
           unnest(b.middles, b.counts) AS u (middle, count)
    UNION ALL
    SELECT s.value, 1 FROM unnest(samples) AS s (value)
  ), ranked AS (
    SELECT middle, sum(count) OVER (ORDER BY middle) AS seen FROM bucket
  ), wanted AS (
    SELECT greatest(least(share, 1), 0) * (max(r.seen) - 1)::float8 AS rank FROM ranked r
  )
  SELECT greatest(least(tidegrid_between(
             (SELECT min(r.middle) FROM ranked r WHERE r.seen > floor(w.rank)),
             (SELECT min(r.middle) FROM ranked r WHERE r.seen > ceil(w.rank)),
             w.rank - floor(w.rank)), max), min)
    FROM wanted w
$$;

-- How much a counter rose from one sample to the next; it began anew if the next one is less.
-- PostgreSQL raises an error where a difference is too great for a float8; here it is infinite.
CREATE FUNCTION tidegrid_rise(before float8, value float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN before IS NULL THEN 0
            WHEN value < before THEN value
            WHEN value < 8e307 AND before > -8e307 THEN value - before
            WHEN abs(before) < 1 THEN value
            WHEN value < 1 THEN -before
            WHEN value / 2 - before / 2 < 8e307 THEN value - before
            ELSE 'Infinity' END;

-- A sum of float8 that were divided by 1e200, infinite when it is too great.
CREATE FUNCTION tidegrid_unscaled(sum float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN sum IS NULL THEN 0 WHEN abs(sum) < 1.79e108 THEN sum * 1e200 ELSE sum * 'Infinity'::float8 END;

-- All arrays in one; NULLs are left out.
CREATE AGGREGATE tidegrid_concat(float8[]) (SFUNC = array_cat, STYPE = float8[], PARALLEL = SAFE);

-- Each series with the blocks of two hours, and the days, whose stored windows are not right (yet).
-- OFFSET 0 keeps it a step of its own, so that the marks are looked up once for each series. Days of
-- which retention has dropped samples are left as they are stored.
CREATE VIEW series_dirt AS
SELECT s.series_id, s.tenant, s.metric, s.labels, d.blocks, d.days
  FROM series s
 CROSS JOIN LATERAL (
         SELECT ARRAY(SELECT m.start FROM (
                        SELECT m.start
                          FROM unnest((SELECT array_agg(DISTINCT a.shards) FROM rollup_dirty a WHERE a.tier = '1m' AND a.shards > 0)) AS l (shards)
                          JOIN rollup_dirty m ON m.tier = '1m' AND m.shards = l.shards AND m.shard = shard_of(s.shard_hash, l.shards)
                         UNION
                        SELECT m.start FROM rollup_dirty m WHERE m.tier = '1m' AND m.shards = 0) m
                       WHERE NOT EXISTS (SELECT FROM raw_dropped r WHERE r.day = date_bin('1 day', m.start, 'epoch'))) AS blocks,
                ARRAY(SELECT m.day FROM (
                        SELECT date_bin('1 day', m.start, 'epoch') AS day
                          FROM unnest((SELECT array_agg(DISTINCT a.shards) FROM rollup_dirty a WHERE a.shards > 0)) AS l (shards)
                          JOIN rollup_dirty m ON m.tier IN ('1m', '1d') AND m.shards = l.shards AND m.shard = shard_of(s.shard_hash, l.shards)
                         UNION
                        SELECT date_bin('1 day', m.start, 'epoch') FROM rollup_dirty m WHERE m.tier IN ('1m', '1d') AND m.shards = 0) m
                       WHERE NOT EXISTS (SELECT FROM raw_dropped r WHERE r.day = m.day)) AS days
        OFFSET 0) d;

-- The windows of up to an hour, and the views and functions over them. quantiles and samples are of
-- computed windows, histogram of stored ones.
DO $$
DECLARE
  total constant text :=
    'coalesce(sum(%1$s) FILTER (WHERE abs(%1$s) < 1e290), 0) + tidegrid_unscaled(sum(%1$s / 1e200) FILTER (WHERE abs(%1$s) >= 1e290))';
  tier record;
BEGIN
  FOR tier IN
    SELECT * FROM (VALUES ('1m', '1min', '1 minute'), ('5m', '5min', '5 minutes'), ('1h', '1hour', '1 hour')) AS t (name, view, width)
  LOOP
    EXECUTE format($view$
CREATE VIEW windows_%1$s AS
SELECT s.series_id, s.tenant, s.metric, s.labels, w.block, w.time, w.count, w.sum, w.min, w.max,
       w.first, w.last, w.increase, w.resets, w.histogram, w.quantiles, w.samples
  FROM series_dirt s
 CROSS JOIN LATERAL (
         SELECT r.block, r.time, r.count, r.sum, r.min, r.max, r.first, r.last, r.increase, r.resets,
                r.histogram, NULL::float8[] AS quantiles, NULL::float8[] AS samples
           FROM stored_%1$s r
          WHERE r.series_id = s.series_id AND r.block <> ALL (s.blocks)
         UNION ALL
         SELECT b.block, v.time, v.count, v.sum, v.min, v.max, v.first, v.last, v.increase, v.resets,
                NULL, v.quantiles, v.samples
           FROM unnest(s.blocks) AS b (block)
          CROSS JOIN LATERAL (
                  SELECT c.start AS time, count(*) AS count, %3$s AS sum, min(c.value) AS min, max(c.value) AS max,
                         (array_agg(c.value ORDER BY c.time))[1] AS first,
                         (array_agg(c.value ORDER BY c.time DESC))[1] AS last,
                         %4$s AS increase,
                         (count(*) FILTER (WHERE c.value < c.before))::integer AS resets,
                         percentile_cont('{0.5,0.95,0.99}'::float8[]) WITHIN GROUP (ORDER BY c.value) AS quantiles,
                         array_agg(c.value) AS samples
                    FROM (SELECT a.time, a.value, date_bin(%2$L, a.time, 'epoch') AS start,
                                 lag(a.value) OVER (PARTITION BY date_bin(%2$L, a.time, 'epoch') ORDER BY a.time) AS before
                            FROM all_samples a
                           WHERE a.series_id = s.series_id AND a.block = b.block AND a.value <> 'NaN') c
                   GROUP BY c.start) v) w
$view$, tier.name, tier.width, format(total, 'c.value'), format(total, 'tidegrid_rise(c.before, c.value)'));
    EXECUTE format($view$
CREATE VIEW metrics_%2$s AS
SELECT time, labels ->> 'host' AS host, metric AS metric_name, sum / count AS value,
       count, sum, sum / count AS avg, min, max, first, last, increase, resets,
       CASE WHEN histogram IS NULL THEN quantiles[1] ELSE tidegrid_quantile(histogram, 0.5, min, max) END AS p50,
       CASE WHEN histogram IS NULL THEN quantiles[2] ELSE tidegrid_quantile(histogram, 0.95, min, max) END AS p95,
       CASE WHEN histogram IS NULL THEN quantiles[3] ELSE tidegrid_quantile(histogram, 0.99, min, max) END AS p99,
       labels - '__name__' AS labels, tenant, series_id, block
  FROM windows_%1$s
$view$, tier.name, tier.view);
  END LOOP;
  EXECUTE format($view$
CREATE VIEW metrics_daily AS
SELECT w.time, s.labels ->> 'host' AS host, s.metric AS metric_name, w.sum / w.count AS value,
       w.count, w.sum, w.sum / w.count AS avg, w.min, w.max, w.first, w.last, w.increase, w.resets,
       tidegrid_quantile(w.histograms, w.samples, 0.5, w.min, w.max) AS p50,
       tidegrid_quantile(w.histograms, w.samples, 0.95, w.min, w.max) AS p95,
       tidegrid_quantile(w.histograms, w.samples, 0.99, w.min, w.max) AS p99,
       s.labels - '__name__' AS labels, s.tenant, s.series_id, w.time AS block
  FROM series_dirt s
 CROSS JOIN LATERAL (
         SELECT r.block AS time, r.count, r.sum, r.min, r.max, r.first, r.last, r.increase, r.resets,
                ARRAY[r.histogram] AS histograms, NULL::float8[] AS samples
           FROM stored_1d r
          WHERE r.series_id = s.series_id AND r.block <> ALL (s.days)
         UNION ALL
         SELECT d.day, v.count, v.sum, v.min, v.max, v.first, v.last, v.increase, v.resets, v.histograms, v.samples
           FROM unnest(s.days) AS d (day)
          CROSS JOIN LATERAL (
                  SELECT sum(h.count)::bigint AS count, %1$s AS sum, min(h.min) AS min, max(h.max) AS max,
                         (array_agg(h.first ORDER BY h.time))[1] AS first,
                         (array_agg(h.last ORDER BY h.time DESC))[1] AS last,
                         %2$s AS increase,
                         (sum(h.resets) + count(*) FILTER (WHERE h.first < h.before))::integer AS resets,
                         array_agg(h.histogram) FILTER (WHERE h.histogram IS NOT NULL) AS histograms,
                         tidegrid_concat(h.samples) AS samples
                    FROM (SELECT i.*, lag(i.last) OVER (ORDER BY i.time) AS before
                            FROM windows_1h i
                           WHERE i.series_id = s.series_id
                             AND i.block >= d.day AND i.block < d.day + interval '1 day') h
                  HAVING count(*) > 0) v) w
$view$, format(total, 'h.sum'), format(total, 'h.increase') || ' + ' || format(total, 'tidegrid_rise(h.before, h.first)'));
END
$$;

-- Windows that begin within two times, both included. Expanded into the query that calls them, as
-- metrics_between is.
DO $$
DECLARE
  tier record;
BEGIN
  FOR tier IN
    SELECT * FROM (VALUES ('1min', '2 hours'), ('5min', '2 hours'), ('1hour', '2 hours'), ('daily', '1 day')) AS t (view, block)
  LOOP
    EXECUTE format($function$
CREATE FUNCTION metrics_%1$s_between(since timestamptz, until timestamptz)
RETURNS TABLE ("time" timestamptz, host text, metric_name text, value float8, count bigint, sum float8, avg float8,
               min float8, max float8, first float8, last float8, increase float8, resets integer,
               p50 float8, p95 float8, p99 float8, labels jsonb, tenant text, series_id bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT m.time, m.host, m.metric_name, m.value, m.count, m.sum, m.avg, m.min, m.max, m.first, m.last,
         m.increase, m.resets, m.p50, m.p95, m.p99, m.labels, m.tenant, m.series_id
    FROM metrics_%1$s m
   WHERE m.time >= since AND m.time <= until
     AND m.block > since - interval %2$L AND m.block <= until;
END
$function$, tier.view, tier.block);
  END LOOP;
END
$$;
