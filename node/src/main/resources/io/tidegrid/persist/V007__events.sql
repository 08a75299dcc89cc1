-- Events as devices sent them, each once. Texts compare byte by byte: no rules of a language, which
-- would cost more than all the rest of an insert.
CREATE TABLE events (
  tenant     text COLLATE "C" NOT NULL,
  device_id  text COLLATE "C" NOT NULL,
  event_id   text COLLATE "C" NOT NULL,
  time       timestamptz NOT NULL,
  received   timestamptz NOT NULL,
  metrics    json        NOT NULL, -- text as the node wrote it, in the order of the request
  tags       text[]      NOT NULL,
  body_hash  bigint      NOT NULL, -- of time, metrics and tags: is it the same event sent again?
  device_key bigint      NOT NULL, -- hash of tenant and device, the same in every version
  tag_keys   bigint[],             -- hash of tenant, tag and day, one for each tag; null without
  PRIMARY KEY (tenant, device_id, event_id)
);

-- Newest events of a device.
CREATE INDEX events_device ON events (device_key, time);

-- Events with a tag, day by day, so that a search reads no more days than it needs.
CREATE INDEX events_tags ON events USING gin (tag_keys) WHERE tag_keys IS NOT NULL;

-- What came before a moment: retention, and the last minutes after a start.
CREATE INDEX events_received ON events USING brin (received) WITH (pages_per_range = 32);
