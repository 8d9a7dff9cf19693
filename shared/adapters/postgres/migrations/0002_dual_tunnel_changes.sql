-- Keys of an intent by their places: one of the connection, one of each tunnel that the plan names.
ALTER TABLE lanekeeper.intent
  ADD COLUMN sealed_keys   jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN key_digests   jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN accept_outage boolean NOT NULL DEFAULT false;
UPDATE lanekeeper.intent
   SET sealed_keys = jsonb_build_object('IkeConfig.Psk', sealed_key),
       key_digests = jsonb_build_object('IkeConfig.Psk', key_digest)
 WHERE sealed_key IS NOT NULL;
ALTER TABLE lanekeeper.intent DROP COLUMN sealed_key, DROP COLUMN key_digest;

ALTER TABLE lanekeeper.change
  ADD COLUMN sealed_base_keys jsonb NOT NULL DEFAULT '{}', -- as those of an intent
  ADD COLUMN tunnels          jsonb NOT NULL DEFAULT '[]', -- both of a dual-tunnel connection, as last read
  ADD COLUMN part             text,                        -- what the stored request is for: the connection, or a tunnel
  ADD COLUMN settled_attempts int NOT NULL DEFAULT 0,      -- those of `attempts` that were for parts already applied
  ADD COLUMN part_applied_at  timestamptz,                 -- when a part was last seen applied while others were left
  ADD COLUMN resume_at        timestamptz;                 -- it waits off its lane, half done, and goes on then
UPDATE lanekeeper.change
   SET sealed_base_keys = jsonb_build_object('IkeConfig.Psk', sealed_base_key)
 WHERE sealed_base_key IS NOT NULL;
UPDATE lanekeeper.change SET part = 'connection' WHERE request_digest IS NOT NULL;
ALTER TABLE lanekeeper.change DROP COLUMN sealed_base_key;

-- What goes on again on a lane, and when.
CREATE INDEX change_resuming ON lanekeeper.change (lane_key, resume_at) WHERE resume_at IS NOT NULL;
