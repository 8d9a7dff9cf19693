-- What changes hand over to the other side, have to prove and can take back.
ALTER TABLE lanekeeper.change
  ADD COLUMN sealed_made_keys     jsonb NOT NULL DEFAULT '{}', -- made for this change, by their places
  ADD COLUMN sealed_previous_keys jsonb NOT NULL DEFAULT '{}', -- those that it replaces; erased when they are kept no longer
  ADD COLUMN handover jsonb NOT NULL DEFAULT '{"direction":"forth","previous":null,"deliveries":[],"proof":null}',
  ADD COLUMN verdict text,                                     -- proved, latent, refuted; NULL = nothing is asked
  ADD COLUMN keys_kept_until timestamptz;                      -- then its sealed keys are erased; NULL = not known yet
CREATE INDEX change_keys_kept ON lanekeeper.change (keys_kept_until) WHERE keys_kept_until IS NOT NULL;

-- What a change does off its lane has a lane of its own, `change:<id>`, of kind `change`: to deliver, to prove, to tidy up. Its
-- row is there as long as there is something to do.
