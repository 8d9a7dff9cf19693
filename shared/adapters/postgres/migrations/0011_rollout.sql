-- How far a job has come with its rollout, and who agreed to it.
ALTER TABLE lanekeeper.job
  ADD COLUMN open_until    int,                            -- changes with a lower seq may start; NULL = all
  ADD COLUMN open_left     int NOT NULL DEFAULT 0,         -- those of them that have not ended; of no meaning without a bound
  ADD COLUMN slot_limit    int,                            -- of a slow start: how many may be in flight now; NULL = max_in_flight
  ADD COLUMN window_closed boolean NOT NULL DEFAULT false, -- it stops because its window is over
  ADD COLUMN approve_by    timestamptz,                    -- when it is cancelled unless it was approved
  ADD COLUMN rejected_by   text,
  ADD COLUMN retry_of      text;

-- Who agreed to a job as it was found. Only those under the job's present digest count.
CREATE TABLE lanekeeper.approval (
  job_id   text NOT NULL REFERENCES lanekeeper.job,
  actor    text NOT NULL,
  digest   text NOT NULL,
  reason   text NOT NULL,
  asked_at timestamptz NOT NULL,
  given_at timestamptz,          -- NULL: it is being compared with the cloud
  PRIMARY KEY (job_id, actor)
);
