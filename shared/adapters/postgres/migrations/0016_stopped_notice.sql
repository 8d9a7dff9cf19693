-- That errors stopped a job is told also when the last of them ends it: whoever listens for that alone heard nothing of jobs whose
-- first failure left nothing in flight.
CREATE OR REPLACE FUNCTION lanekeeper.tell_of_job() RETURNS trigger
  LANGUAGE plpgsql AS $$
DECLARE
  what  text;
  kinds text[] := '{}';
  is_cancelled boolean := coalesce(NEW.reason LIKE 'cancelled by %', false);
BEGIN
  IF OLD.started_at IS NULL AND NEW.started_at IS NOT NULL THEN
    kinds := kinds || 'started'::text;
  ELSIF OLD.open_until IS NOT NULL AND NEW.open_until IS DISTINCT FROM OLD.open_until AND NEW.finished_at IS NULL THEN
    kinds := kinds || 'batch'::text;
  END IF;
  IF NEW.stopping AND NOT OLD.stopping AND NOT is_cancelled THEN
    kinds := kinds || 'stopped'::text;
  END IF;
  IF NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL THEN
    kinds := kinds || 'finished'::text;
  ELSIF NEW.state IN ('awaiting_approval', 'paused') AND NEW.state <> OLD.state THEN
    kinds := kinds || NEW.state;
  ELSIF NEW.state = 'running' AND OLD.state = 'paused' THEN
    kinds := kinds || 'resumed'::text;
  ELSIF NEW.stopping AND NOT OLD.stopping AND is_cancelled THEN
    kinds := kinds || 'cancelling'::text;
  END IF;
  FOREACH what IN ARRAY kinds LOOP
    IF EXISTS (SELECT FROM lanekeeper.notified n WHERE what = ANY (n.kinds))
       OR EXISTS (SELECT FROM lanekeeper.chat_card c WHERE c.job_id = NEW.id) THEN
      PERFORM lanekeeper.add_notice(what, NEW.id, jsonb_build_object('state', NEW.state, 'reason', NEW.reason));
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
