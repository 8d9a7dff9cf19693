CREATE SCHEMA IF NOT EXISTS lanekeeper;

-- The only clock of every statement. A simulation replaces this function and owns the time.
CREATE FUNCTION lanekeeper.now() RETURNS timestamptz
  LANGUAGE sql STABLE AS 'SELECT statement_timestamp()';

CREATE TABLE lanekeeper.keyring (
  name   text PRIMARY KEY,
  sealed text NOT NULL
);

CREATE TABLE lanekeeper.job (
  id            text PRIMARY KEY,
  position      bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- order of acceptance
  title         text NOT NULL,
  state         text NOT NULL,
  created_at    timestamptz NOT NULL,
  created_by    text NOT NULL,
  started_at    timestamptz,
  finished_at   timestamptz,
  plan          jsonb NOT NULL,
  plan_digest   text,
  reason        text,
  on_failure    text NOT NULL,
  max_errors    int NOT NULL,
  max_in_flight int NOT NULL,
  stopping      boolean NOT NULL DEFAULT false, -- nothing more of it starts; what is in flight ends
  total         int NOT NULL,
  -- How many changes are in each state; kept in the transaction that moves them, so that a status read is one row.
  queued        int NOT NULL DEFAULT 0,
  delivering    int NOT NULL DEFAULT 0,
  applying      int NOT NULL DEFAULT 0,
  settling      int NOT NULL DEFAULT 0,
  verifying     int NOT NULL DEFAULT 0,
  rolling_back  int NOT NULL DEFAULT 0,
  succeeded     int NOT NULL DEFAULT 0,
  unchanged     int NOT NULL DEFAULT 0,
  failed        int NOT NULL DEFAULT 0,
  rolled_back   int NOT NULL DEFAULT 0,
  skipped       int NOT NULL DEFAULT 0,
  cancelled     int NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX job_by_state ON lanekeeper.job (state, position);

CREATE TABLE lanekeeper.idempotency_key (
  actor      text NOT NULL,
  key        text NOT NULL,
  plan_hash  text NOT NULL,
  job_id     text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (actor, key)
);

CREATE TABLE lanekeeper.intent (
  job_id     text NOT NULL REFERENCES lanekeeper.job,
  number     int NOT NULL,
  fields     jsonb NOT NULL,
  sealed_key text,
  key_digest text,
  PRIMARY KEY (job_id, number)
);

-- The part of a job that lies in one region. Resolving goes by region, in the order of acceptance.
CREATE TABLE lanekeeper.job_region (
  job_id         text NOT NULL REFERENCES lanekeeper.job,
  region_id      text NOT NULL,
  position       bigint NOT NULL,
  first_tried_at timestamptz,
  resolved_at    timestamptz,
  PRIMARY KEY (job_id, region_id)
);
CREATE INDEX job_region_unresolved ON lanekeeper.job_region (region_id, position) WHERE resolved_at IS NULL;

CREATE TABLE lanekeeper.change (
  id                 text PRIMARY KEY,
  job_id             text NOT NULL,
  seq                int NOT NULL,
  position           bigint NOT NULL,  -- the job's
  intent_number      int NOT NULL,
  region_id          text NOT NULL,
  vpn_connection_id  text NOT NULL,
  lane_key           text,
  attach_type        text,
  state              text NOT NULL DEFAULT 'queued',
  step               text,
  released           boolean NOT NULL DEFAULT false, -- has taken its place on its connection
  ready              boolean NOT NULL DEFAULT false, -- nothing of its connection is before it
  attempts           int NOT NULL DEFAULT 0,
  refusals           int NOT NULL DEFAULT 0,
  diff               jsonb NOT NULL DEFAULT '[]',
  base               jsonb,
  sealed_base_key    text,
  request_digest     text,
  client_token       text,
  result_fingerprint text,
  last_error         jsonb,
  started_at         timestamptz,
  sent_at            timestamptz,
  finished_at        timestamptz,
  events             int NOT NULL DEFAULT 0,
  UNIQUE (job_id, seq)
) WITH (fillfactor = 85);
-- What a free lane may start: read from the head, whatever stands behind.
CREATE INDEX change_startable ON lanekeeper.change (lane_key, job_id, seq) WHERE state = 'queued' AND ready;
-- The queue of each connection, over all jobs.
CREATE INDEX change_unfinished ON lanekeeper.change (region_id, vpn_connection_id, position, seq) WHERE finished_at IS NULL;
-- What each connection is busy with.
CREATE INDEX change_in_flight ON lanekeeper.change (region_id, vpn_connection_id)
  WHERE finished_at IS NULL AND state <> 'queued';
CREATE INDEX change_result ON lanekeeper.change (region_id, vpn_connection_id, finished_at, position, seq)
  WHERE result_fingerprint IS NOT NULL;

-- What is claimed, leased and fenced. Narrow, since it is rewritten with every step.
CREATE TABLE lanekeeper.lane (
  lane_key  text PRIMARY KEY,
  kind      text NOT NULL,
  region_id text NOT NULL,
  due_at    timestamptz,              -- the one clock: NULL = nothing to do; past = claimable; future = leased or waiting
  epoch     bigint NOT NULL DEFAULT 0, -- +1 with every claim: the fence
  worker    text,                     -- who holds the lease; NULL = nobody
  change_id text                      -- the change begun and not ended
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX lane_due ON lanekeeper.lane (due_at, lane_key) WHERE due_at IS NOT NULL;

-- Which released jobs have changes on a lane. Written under the job's lock alone (and the lane's, except to wake it).
CREATE TABLE lanekeeper.lane_job (
  lane_key text NOT NULL,
  job_id   text NOT NULL,
  waiting  int NOT NULL,                   -- changes of the job on the lane that are not begun
  parked   boolean NOT NULL DEFAULT false, -- the lane idles because the job may start nothing now
  priority int NOT NULL DEFAULT 0,         -- how many changes waited on the lane when it was parked
  PRIMARY KEY (lane_key, job_id)
);
CREATE INDEX lane_job_parked ON lanekeeper.lane_job (job_id, priority DESC, lane_key) WHERE parked;
CREATE INDEX lane_job_by_job ON lanekeeper.lane_job (job_id);

CREATE TABLE lanekeeper.journal (
  change_id text NOT NULL,
  number    int NOT NULL,
  job_id    text NOT NULL,
  at        timestamptz NOT NULL,
  kind      text NOT NULL,
  data      jsonb NOT NULL,
  PRIMARY KEY (change_id, number)
);

-- The API budget that all workers share, one scope for each account, region and action.
CREATE TABLE lanekeeper.api_budget (
  scope        text PRIMARY KEY,
  share        double precision NOT NULL DEFAULT 1, -- of the configured limit, right after the last throttling
  throttled_at timestamptz,
  paused_until timestamptz
) WITH (fillfactor = 70);

CREATE TABLE lanekeeper.api_call (
  scope  text NOT NULL,
  second bigint NOT NULL,
  calls  int NOT NULL,
  PRIMARY KEY (scope, second)
) WITH (fillfactor = 70);

-- How many calls a window may hold at a moment: all of the limit, or after a throttling answer less, doubling back with
-- every quiet minute.
CREATE FUNCTION lanekeeper.allowed_calls(budget lanekeeper.api_budget, call_limit int, moment timestamptz) RETURNS int
  LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(1, floor(call_limit * least(1, (budget).share
    * power(2, least(30, floor(extract(epoch FROM moment - (budget).throttled_at) / 60))))))::int
$$;

-- Grants up to `wanted` calls so that no 60 seconds hold more than `call_limit`, whoever asks. Whole seconds are counted,
-- and two more than sixty, so that the way from the grant to the cloud cannot push a window over its limit.
-- `retry_in_ms` leads to the first moment when there is room: a second leaves the window, or a quiet minute or the pause ends.
CREATE FUNCTION lanekeeper.take_calls(call_scope text, wanted int, call_limit int,
                                      OUT granted int, OUT retry_in_ms double precision)
  LANGUAGE plpgsql AS $$
DECLARE
  moment  timestamptz := lanekeeper.now();
  this_second bigint := floor(extract(epoch FROM moment));
  budget  lanekeeper.api_budget;
BEGIN
  INSERT INTO lanekeeper.api_budget (scope) VALUES (call_scope) ON CONFLICT DO NOTHING;
  SELECT * INTO budget FROM lanekeeper.api_budget b WHERE b.scope = call_scope FOR UPDATE;
  DELETE FROM lanekeeper.api_call c WHERE c.scope = call_scope AND c.second <= this_second - 62;
  granted := 0;
  IF budget.paused_until IS NULL OR budget.paused_until <= moment THEN
    SELECT greatest(0, least(wanted, lanekeeper.allowed_calls(budget, call_limit, moment) - coalesce(sum(c.calls), 0)))
      INTO granted FROM lanekeeper.api_call c WHERE c.scope = call_scope;
  END IF;
  IF granted > 0 THEN
    INSERT INTO lanekeeper.api_call AS c (scope, second, calls) VALUES (call_scope, this_second, granted)
      ON CONFLICT (scope, second) DO UPDATE SET calls = c.calls + excluded.calls;
  END IF;
  retry_in_ms := 0;
  IF granted < wanted THEN
    SELECT ceil(extract(epoch FROM min(t.at) - moment) * 1000) INTO retry_in_ms
      FROM (SELECT greatest(e.at, budget.paused_until) AS at
              FROM (SELECT to_timestamp(c.second + 62) AS at FROM lanekeeper.api_call c WHERE c.scope = call_scope
                    UNION ALL
                    SELECT budget.throttled_at + n * interval '1 minute' FROM generate_series(1, 5) AS n
                    UNION ALL
                    SELECT budget.paused_until) AS e) AS t
     WHERE t.at > moment AND lanekeeper.allowed_calls(budget, call_limit, t.at) > (
           SELECT coalesce(sum(c.calls), 0) FROM lanekeeper.api_call c
            WHERE c.scope = call_scope AND c.second > floor(extract(epoch FROM t.at)) - 62);
  END IF;
END
$$;

-- Slows one scope down for everybody: nothing for `pause_ms`, then half of what was allowed.
CREATE FUNCTION lanekeeper.slow_calls(call_scope text, pause_ms double precision) RETURNS void
  LANGUAGE sql AS $$
  INSERT INTO lanekeeper.api_budget AS b (scope, share, throttled_at, paused_until)
  VALUES (call_scope, 0.5, lanekeeper.now(), lanekeeper.now() + pause_ms * interval '1 millisecond')
  ON CONFLICT (scope) DO UPDATE SET
    -- Answers to calls that were already under way do not halve it again.
    share = CASE WHEN b.paused_until > lanekeeper.now() THEN b.share
                 ELSE greatest(0.05, least(1, b.share * power(2, least(30, floor(
                   coalesce(extract(epoch FROM lanekeeper.now() - b.throttled_at), 60) / 60)))) / 2) END,
    throttled_at = lanekeeper.now(),
    paused_until = greatest(b.paused_until, excluded.paused_until)
$$;
