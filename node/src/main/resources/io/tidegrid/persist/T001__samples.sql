-- Compacted samples where TimescaleDB has its columnstore, in place of blocks; what blocks holds by
-- then stays there and is read too. The value is number / divisor as float8, with the bits it came
-- with, or exact: integers take a quarter of the space that two decimals take as float8.
-- No unique index: COPY would then no longer write straight into the columnstore.
-- The extension may live in a schema of its own, which the search path need not hold otherwise.
SELECT set_config('search_path', concat_ws(', ', current_setting('search_path'), quote_ident(n.nspname)), true)
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'timescaledb';
CREATE TABLE samples (
  series_id bigint      NOT NULL,
  time      timestamptz NOT NULL,
  seq       bigint      NOT NULL, -- highest sequence that was folded into the series' block
  number    bigint,
  divisor   float8,
  exact     float8
);
SELECT create_hypertable('samples', by_range('time', INTERVAL '1 day'), create_default_indexes => false);
ALTER TABLE samples SET (
  timescaledb.enable_columnstore,
  timescaledb.segmentby = 'series_id',
  timescaledb.orderby = 'time'
);

-- When samples were last folded into each day, rounded up to the hour: retention drops a chunk once
-- its end and its last write are older than it keeps.
CREATE TABLE sample_days (
  day        timestamptz PRIMARY KEY,
  last_write timestamptz NOT NULL
);

-- Updated by whoever folds into a block: of two at once one has to come again, since no unique index
-- keeps apart what they write.
CREATE TABLE sample_blocks (
  block timestamptz PRIMARY KEY,
  folds bigint      NOT NULL DEFAULT 0
);

-- The view of compacted samples shows these too.
DO $$
BEGIN
  IF to_regclass('compacted_samples') IS NOT NULL THEN
    EXECUTE 'CREATE OR REPLACE VIEW compacted_samples AS '
      || rtrim(pg_get_viewdef('compacted_samples'::regclass), '; ')
      || ' UNION ALL SELECT series_id, date_bin(''2 hours'', time, ''epoch''), time,'
      || ' coalesce(exact, number / divisor), seq FROM samples';
  END IF;
END
$$;
