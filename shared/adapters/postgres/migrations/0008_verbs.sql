-- Jobs that a person steers. What he orders is an event of the job's own chain, under the job's id.
ALTER TABLE lanekeeper.job
  ADD COLUMN pause_reason text,                -- NULL: not paused
  ADD COLUMN events int NOT NULL DEFAULT 0;    -- of its own chain
