-- Samples that SQL users inserted into the view metrics and that no node has taken in yet.
CREATE TABLE inbox (
  id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant text        NOT NULL,
  metric text        NOT NULL,
  labels jsonb       NOT NULL, -- without the name of the metric
  time   timestamptz NOT NULL,
  value  float8      NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- Those that the node refused, and why.
CREATE TABLE inbox_rejected (
  id     bigint      PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT now(),
  tenant text        NOT NULL,
  metric text        NOT NULL,
  labels jsonb       NOT NULL,
  time   timestamptz NOT NULL,
  value  float8      NOT NULL,
  reason text        NOT NULL
);

-- What the node takes, one row, kept up to date by the node.
CREATE TABLE inbox_limits (
  single          boolean  PRIMARY KEY DEFAULT true CHECK (single),
  max_future      interval NOT NULL DEFAULT '10 minutes',
  max_labels      integer  NOT NULL DEFAULT 64,
  max_name_bytes  integer  NOT NULL DEFAULT 512,
  max_value_bytes integer  NOT NULL DEFAULT 4096
);
INSERT INTO inbox_limits DEFAULT VALUES;

-- Runs with the rights of its owner, so that who may INSERT INTO metrics needs no other rights.
CREATE FUNCTION metrics_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
  most   inbox_limits;
  label  record;
  number integer := 0;
BEGIN
  SELECT * INTO most FROM inbox_limits;
  NEW.tenant := coalesce(NEW.tenant, 'default');
  NEW.time := coalesce(NEW.time, clock_timestamp());
  NEW.labels := coalesce(NEW.labels, '{}');
  IF coalesce(NEW.metric_name, '') = '' THEN
    RAISE EXCEPTION 'the row has no metric_name; give it one' USING ERRCODE = 'not_null_violation', COLUMN = 'metric_name';
  ELSIF NEW.value IS NULL THEN
    RAISE EXCEPTION 'the row has no value; give it a number' USING ERRCODE = 'not_null_violation', COLUMN = 'value';
  ELSIF octet_length(NEW.metric_name) > most.max_name_bytes THEN
    RAISE EXCEPTION 'metric_name has % bytes, at most % are allowed (ingest.max-name)', octet_length(NEW.metric_name), most.max_name_bytes
      USING ERRCODE = 'string_data_right_truncation', COLUMN = 'metric_name';
  ELSIF NEW.tenant !~ '^[A-Za-z0-9._-]{1,64}$' THEN
    RAISE EXCEPTION 'the tenant % is not 1 to 64 of A-Z a-z 0-9 . _ -', quote_literal(NEW.tenant)
      USING ERRCODE = 'invalid_parameter_value', COLUMN = 'tenant';
  ELSIF NEW.time > clock_timestamp() + most.max_future THEN
    RAISE EXCEPTION 'the time % lies more than % after now (ingest.max-future)', NEW.time, most.max_future
      USING ERRCODE = 'datetime_field_overflow', COLUMN = 'time', HINT = 'A time without an offset is taken to be in the session''s time zone, ' || current_setting('TimeZone') || '.';
  ELSIF NEW.time < timestamptz 'epoch' THEN
    RAISE EXCEPTION 'the time % lies before 1970-01-01T00:00:00Z', NEW.time
      USING ERRCODE = 'datetime_field_overflow', COLUMN = 'time';
  ELSIF jsonb_typeof(NEW.labels) <> 'object' THEN
    RAISE EXCEPTION 'labels is a JSON %, give an object such as {"region": "eu"}', jsonb_typeof(NEW.labels)
      USING ERRCODE = 'invalid_parameter_value', COLUMN = 'labels';
  END IF;
  IF NEW.host IS NOT NULL THEN
    IF NEW.labels ->> 'host' <> NEW.host THEN
      RAISE EXCEPTION 'host is %, but the label host is %; give one of them', quote_literal(NEW.host), quote_literal(NEW.labels ->> 'host')
        USING ERRCODE = 'invalid_parameter_value', COLUMN = 'host';
    END IF;
    NEW.labels := NEW.labels || jsonb_build_object('host', NEW.host);
  END IF;
  FOR label IN SELECT e.key AS name, e.value AS json, jsonb_typeof(e.value) AS type, e.value #>> '{}' AS text FROM jsonb_each(NEW.labels) e LOOP
    IF label.name IN ('', '__name__') THEN
      RAISE EXCEPTION 'a label may not be named %', quote_literal(label.name)
        USING ERRCODE = 'invalid_parameter_value', COLUMN = 'labels', HINT = 'The name of the metric goes into metric_name.';
    ELSIF label.type NOT IN ('string', 'number', 'boolean') THEN
      RAISE EXCEPTION 'the label % is a JSON %, give a string', quote_literal(label.name), label.type
        USING ERRCODE = 'invalid_parameter_value', COLUMN = 'labels';
    ELSIF octet_length(label.name) > most.max_name_bytes THEN
      RAISE EXCEPTION 'a label name has % bytes, at most % are allowed (ingest.max-name)', octet_length(label.name), most.max_name_bytes
        USING ERRCODE = 'string_data_right_truncation', COLUMN = 'labels';
    ELSIF octet_length(label.text) > most.max_value_bytes THEN
      RAISE EXCEPTION 'the label % has % bytes, at most % are allowed (ingest.max-value)', quote_literal(label.name), octet_length(label.text), most.max_value_bytes
        USING ERRCODE = 'string_data_right_truncation', COLUMN = 'labels';
    ELSIF label.text <> '' THEN
      number := number + 1;
    END IF;
  END LOOP;
  IF number > most.max_labels THEN
    RAISE EXCEPTION 'the row has % labels, at most % are allowed (ingest.max-labels)', number, most.max_labels
      USING ERRCODE = 'program_limit_exceeded', COLUMN = 'labels';
  END IF;
  INSERT INTO inbox (tenant, metric, labels, time, value)
  VALUES (NEW.tenant, NEW.metric_name, NEW.labels, NEW.time, NEW.value);
  NEW.host := NEW.labels ->> 'host';
  RETURN NEW;
END
$$;
DO $$
BEGIN
  -- Whoever calls it must not be able to put tables of his own in place of these.
  EXECUTE format('ALTER FUNCTION metrics_insert() SET search_path = %I, pg_temp', current_schema());
END
$$;

CREATE TRIGGER metrics_insert INSTEAD OF INSERT ON metrics
  FOR EACH ROW EXECUTE FUNCTION metrics_insert();
