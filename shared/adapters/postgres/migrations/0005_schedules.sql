-- Each writing of a schedule has a number of its own, so that a run that was decided on before it is seen to be out of date.
CREATE SEQUENCE lanekeeper.schedule_version;

CREATE TABLE lanekeeper.schedule (
  name            text PRIMARY KEY,
  position        bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- order of creation
  version         bigint NOT NULL,
  cron            text NOT NULL,
  time_zone       text NOT NULL,
  enabled         boolean NOT NULL,
  overlap         text NOT NULL,
  min_age         text,                 -- ISO 8601 duration
  plan            jsonb NOT NULL,       -- as it may be shown: keys as ***
  sealed_sets     jsonb NOT NULL,       -- the keys, sealed
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  updated_by      text NOT NULL,        -- whose its jobs are
  next_run_at     timestamptz,          -- moves on in the transaction that submits the run; NULL = never
  last_run_at     timestamptz,
  last_planned_at timestamptz,          -- NULL = run by hand
  last_outcome    text,
  last_reason     text,
  last_job_id     text
);
CREATE INDEX schedule_due ON lanekeeper.schedule (next_run_at) WHERE next_run_at IS NOT NULL;

ALTER TABLE lanekeeper.job
  ADD COLUMN schedule_name text,
  ADD COLUMN planned_at    timestamptz, -- NULL = run by hand
  ADD COLUMN min_age       text;        -- connections whose key was changed since are left
-- Whatever else goes wrong, a planned time of a schedule gives one job.
CREATE UNIQUE INDEX job_of_planned_time ON lanekeeper.job (schedule_name, planned_at) WHERE planned_at IS NOT NULL;
-- What a schedule's next run may overlap with.
CREATE INDEX job_of_schedule ON lanekeeper.job (schedule_name, position)
  WHERE schedule_name IS NOT NULL AND finished_at IS NULL;
