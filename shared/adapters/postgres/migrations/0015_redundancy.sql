-- What decides whether connections back each other up: where a change's connection leads to, before and after the change.
ALTER TABLE lanekeeper.change
  ADD COLUMN customer_addresses text[] NOT NULL DEFAULT '{}',
  ADD COLUMN network text,                                  -- VPC or transit router
  ADD COLUMN remote_subnets inet[] NOT NULL DEFAULT '{}',   -- without default routes
  ADD COLUMN has_companions boolean NOT NULL DEFAULT false; -- others of its job may back it up

ALTER TABLE lanekeeper.job
  ADD COLUMN has_companions boolean NOT NULL DEFAULT false,   -- some of its changes may back each other up
  ADD COLUMN meets_companions boolean NOT NULL DEFAULT false; -- changes of other jobs may back its own up

-- Where the changes of a job lead to, so that jobs that may back each other up are found without looking at their changes.
CREATE TABLE lanekeeper.job_scope (
  scope  text NOT NULL, -- an address or a network
  job_id text NOT NULL,
  PRIMARY KEY (scope, job_id)
);
CREATE INDEX job_scope_by_job ON lanekeeper.job_scope (job_id);

-- Lanes that idle because what they could start is backed up by a change in flight.
CREATE TABLE lanekeeper.companion_wait (
  change_id text NOT NULL, -- the one in flight
  lane_key  text NOT NULL,
  PRIMARY KEY (change_id, lane_key)
);

-- Whether the connections of two changes back each other up.
CREATE FUNCTION lanekeeper.back_up_each_other(a lanekeeper.change, b lanekeeper.change) RETURNS boolean
  LANGUAGE sql IMMUTABLE AS $$
  SELECT (a.region_id, a.vpn_connection_id) <> (b.region_id, b.vpn_connection_id)
     AND (a.customer_addresses && b.customer_addresses
          OR (a.network = b.network AND EXISTS (
            SELECT 1 FROM unnest(a.remote_subnets) AS x CROSS JOIN unnest(b.remote_subnets) AS y WHERE x && y)))
$$;
