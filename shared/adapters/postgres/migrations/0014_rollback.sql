-- Jobs that restore what another job's changes replaced.
ALTER TABLE lanekeeper.job
  ADD COLUMN rollback_of text,                     -- the job whose changes it takes back
  ADD COLUMN refuted     int NOT NULL DEFAULT 0;   -- changes that were latent as they ended and are refuted since
ALTER TABLE lanekeeper.intent
  ADD COLUMN expected jsonb;                       -- what has to stand where values come back, keys as digests; NULL = whatever stands

-- Tells of a change that was over when its other side turned out not to have the new values.
CREATE FUNCTION lanekeeper.tell_of_change() RETURNS trigger
  LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM lanekeeper.notified n WHERE 'refuted' = ANY (n.kinds))
     OR EXISTS (SELECT FROM lanekeeper.chat_card c WHERE c.job_id = NEW.job_id) THEN
    PERFORM lanekeeper.add_notice('refuted', NEW.job_id, jsonb_build_object(
      'changeId', NEW.id, 'regionId', NEW.region_id, 'vpnConnectionId', NEW.vpn_connection_id,
      'reason', NEW.last_error->>'message'));
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_of_change AFTER UPDATE ON lanekeeper.change FOR EACH ROW
  WHEN (OLD.verdict = 'latent' AND NEW.verdict = 'refuted' AND OLD.finished_at IS NOT NULL AND NEW.finished_at IS NOT NULL)
  EXECUTE FUNCTION lanekeeper.tell_of_change();
