-- What a plan selects instead of naming it. It becomes changes when its region is resolved.
CREATE TABLE lanekeeper.job_selector (
  job_id        text NOT NULL REFERENCES lanekeeper.job,
  place         int NOT NULL, -- among the plan's targets, from 0
  region_id     text NOT NULL,
  intent_number int NOT NULL,
  criteria      jsonb NOT NULL,
  resolved_at   timestamptz,
  refusal       text,         -- why nothing came of it
  PRIMARY KEY (job_id, place)
);

ALTER TABLE lanekeeper.job
  ALTER COLUMN total DROP NOT NULL,          -- null while selectors are to be resolved
  ADD COLUMN rollout jsonb;                  -- what the plan says of concurrency and errors; counted once total is known

-- Closing the gaps that selectors leave is one statement: its numbers need not be unique before its end.
ALTER TABLE lanekeeper.change
  DROP CONSTRAINT change_job_id_seq_key,
  ADD CONSTRAINT change_job_id_seq_key UNIQUE (job_id, seq) DEFERRABLE;
