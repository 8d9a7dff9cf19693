-- What plans say of keys to be made, of their handover and proof, and of how a job is rolled out.
ALTER TABLE lanekeeper.intent
  ADD COLUMN rotate_psk int,                                -- length of the key to be made; NULL = none
  ADD COLUMN tunnel_proof text NOT NULL DEFAULT 'none';     -- none, if-up-before, required

ALTER TABLE lanekeeper.job
  ADD COLUMN deliver_to text[] NOT NULL DEFAULT '{}',       -- names of sinks
  ADD COLUMN require_acknowledgement boolean NOT NULL DEFAULT false,
  ADD COLUMN acknowledge_within text NOT NULL DEFAULT 'PT24H', -- ISO 8601 duration
  ADD COLUMN keep_previous_for text NOT NULL DEFAULT 'P7D',    -- ISO 8601 duration
  ADD COLUMN verify_timeout_seconds int NOT NULL DEFAULT 300,
  ADD COLUMN batches int[],                                 -- changes begun by the end of each; NULL = total not known yet
  ADD COLUMN batch_pause text NOT NULL DEFAULT 'none',      -- none, first, every
  ADD COLUMN slow_start boolean NOT NULL DEFAULT false,
  ADD COLUMN redundancy text NOT NULL DEFAULT 'none',       -- groups, none
  ADD COLUMN not_before timestamptz,
  ADD COLUMN not_after timestamptz,
  ADD COLUMN approvals_required int NOT NULL DEFAULT 0;
UPDATE lanekeeper.job SET batches = ARRAY[total] WHERE total IS NOT NULL;
UPDATE lanekeeper.job SET rollout = rollout || '{"batches": ["100%"]}' WHERE rollout IS NOT NULL;
-- Previews that wait for their turn were kept in another form; whoever asks again gets a new one.
DELETE FROM lanekeeper.preview;
