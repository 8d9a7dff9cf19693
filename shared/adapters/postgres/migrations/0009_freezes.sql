-- Scopes on which nothing may start. Few rows, asked for with every start.
CREATE TABLE lanekeeper.freeze (
  name       text PRIMARY KEY,
  scope      text NOT NULL,
  until      timestamptz NOT NULL,
  reason     text NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL
);
CREATE INDEX freeze_by_scope ON lanekeeper.freeze (scope, until);

-- The scopes that a change lies in. Gateway lanes have the form of gateway scopes.
CREATE FUNCTION lanekeeper.scopes_of(c lanekeeper.change) RETURNS text[]
  LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['all', 'region:' || c.region_id, c.lane_key, 'connection:' || c.region_id || '/' || c.vpn_connection_id]
$$;
