-- Alert rules. matchers holds operator, name and value of each condition in turn; condition is the
-- text that people write, such as avg(5m) > 80.
CREATE TABLE alert_rules (
  tenant      text        NOT NULL,
  id          text        NOT NULL,
  version     bigint      NOT NULL,
  name        text        NOT NULL,
  metric      text        NOT NULL,
  matchers    text[]      NOT NULL,
  group_by    text[]      NOT NULL,
  condition   text        NOT NULL,
  severity    text        NOT NULL,
  for_ms      bigint      NOT NULL,
  interval_ms bigint      NOT NULL,
  labels      jsonb       NOT NULL,
  annotations jsonb       NOT NULL,
  enabled     boolean     NOT NULL,
  each_sample boolean     NOT NULL,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE alert_silences (
  tenant     text        NOT NULL,
  id         text        NOT NULL,
  matchers   text[]      NOT NULL,
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  created_by text        NOT NULL,
  comment    text        NOT NULL,
  PRIMARY KEY (tenant, id)
);

-- How alerts stand that are pending, firing, or ended a short while ago: what a node that starts
-- goes on from. canonical is the exact form of the labels. Times are milliseconds since 1970, and
-- null for never. A shard is one of as many as shards says; with another number of them it is
-- found anew.
CREATE TABLE alert_state (
  tenant                text     NOT NULL,
  rule_id               text     NOT NULL,
  fingerprint           bigint   NOT NULL,
  shard                 integer  NOT NULL,
  shards                integer  NOT NULL,
  revision              bigint   NOT NULL,
  rule_version          bigint   NOT NULL,
  canonical             bytea    NOT NULL,
  phase                 text     NOT NULL,
  pending_since_ms      bigint,
  fired_at_ms           bigint,
  resolved_at_ms        bigint,
  value                 float8   NOT NULL,
  last_time_ms          bigint,
  changed_at_ms         bigint,
  resolved_by           text     NOT NULL,
  announced             boolean  NOT NULL,
  webhook_since_ms      bigint,
  webhook_resolved      boolean  NOT NULL,
  alertmanager_since_ms bigint,
  alertmanager_resolved boolean  NOT NULL,
  ended                 boolean  NOT NULL,
  PRIMARY KEY (tenant, rule_id, fingerprint)
);

-- Every instance of an alert that fired.
CREATE TABLE alert_history (
  tenant      text        NOT NULL,
  id          text        NOT NULL,
  fingerprint text        NOT NULL,
  rule_id     text        NOT NULL,
  rule_name   text        NOT NULL,
  metric      text        NOT NULL,
  severity    text        NOT NULL,
  labels      jsonb       NOT NULL,
  annotations jsonb       NOT NULL,
  condition   text        NOT NULL,
  phase       text        NOT NULL,
  value       float8      NOT NULL,
  threshold   float8      NOT NULL,
  started_at  timestamptz NOT NULL,
  fired_at    timestamptz,
  resolved_at timestamptz,
  resolved_by text        NOT NULL,
  silenced    boolean     NOT NULL,
  revision    bigint      NOT NULL,
  written_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, id)
);
CREATE INDEX alert_history_started ON alert_history (tenant, started_at);
-- For dropping what is older than is kept: by its end and its last write, as samples may be old.
CREATE INDEX alert_history_written ON alert_history (written_at);
