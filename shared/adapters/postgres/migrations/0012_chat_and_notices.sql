-- What happened to a job or is owed to a room, until everybody who is to know knows it. Each is carried by a lane of its own,
-- `notice:<number>`, that is inserted with it and deleted with it: a fresh row, so that whoever causes a notice waits for nobody.
CREATE TABLE lanekeeper.notice (
  number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind     text NOT NULL,
  job_id   text,
  at       timestamptz NOT NULL,
  data     jsonb NOT NULL DEFAULT '{}',
  told     text[] NOT NULL DEFAULT '{}', -- who knows it already
  attempts int NOT NULL DEFAULT 0
);

-- Of what the configuration has somebody notified, whatever the job: one row, written by workers as they start.
CREATE TABLE lanekeeper.notified (
  name  text PRIMARY KEY,
  kinds text[] NOT NULL
);

-- A job's card in a room. One at a time sends it, so that it is never posted twice and the newest state is shown last.
CREATE TABLE lanekeeper.chat_card (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id        text NOT NULL REFERENCES lanekeeper.job,
  platform      text NOT NULL,
  room          text NOT NULL,
  origin        text,        -- where the API was asked, for links
  message       text,        -- as the platform names what was posted
  shown         text,        -- digest of what is shown
  sending_until timestamptz, -- somebody is sending it
  created_at    timestamptz NOT NULL,
  UNIQUE (job_id, platform, room)
);
CREATE INDEX chat_card_by_age ON lanekeeper.chat_card (created_at);

-- What platforms sent, each once.
CREATE TABLE lanekeeper.chat_event (
  platform text NOT NULL,
  id       text NOT NULL,
  at       timestamptz NOT NULL,
  PRIMARY KEY (platform, id)
);
CREATE INDEX chat_event_by_age ON lanekeeper.chat_event (at);

-- Codes that approve once, by their hash.
CREATE TABLE lanekeeper.chat_code (
  hash       text PRIMARY KEY,
  job_id     text NOT NULL,
  digest     text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX chat_code_by_age ON lanekeeper.chat_code (expires_at);

CREATE FUNCTION lanekeeper.add_notice(new_kind text, of_job text, new_data jsonb) RETURNS void
  LANGUAGE sql AS $$
  WITH n AS (
    INSERT INTO lanekeeper.notice (kind, job_id, at, data) VALUES (new_kind, of_job, lanekeeper.now(), new_data)
    RETURNING number)
  INSERT INTO lanekeeper.lane (lane_key, kind, region_id, due_at)
  SELECT 'notice:' || n.number, 'notice', '', lanekeeper.now() FROM n
$$;

-- Tells of a job's turns, in the transaction that makes them and without a word in its statements. Nothing is written unless
-- somebody listens: a room with the job's card, or who is notified of such things.
CREATE FUNCTION lanekeeper.tell_of_job() RETURNS trigger
  LANGUAGE plpgsql AS $$
DECLARE
  what  text;
  kinds text[] := '{}';
BEGIN
  IF OLD.started_at IS NULL AND NEW.started_at IS NOT NULL THEN
    kinds := kinds || 'started'::text;
  ELSIF OLD.open_until IS NOT NULL AND NEW.open_until IS DISTINCT FROM OLD.open_until AND NEW.finished_at IS NULL THEN
    kinds := kinds || 'batch'::text;
  END IF;
  IF NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL THEN
    kinds := kinds || 'finished'::text;
  ELSIF NEW.state IN ('awaiting_approval', 'paused') AND NEW.state <> OLD.state THEN
    kinds := kinds || NEW.state;
  ELSIF NEW.state = 'running' AND OLD.state = 'paused' THEN
    kinds := kinds || 'resumed'::text;
  ELSIF NEW.stopping AND NOT OLD.stopping THEN
    kinds := kinds || CASE WHEN NEW.reason LIKE 'cancelled by %' THEN 'cancelling' ELSE 'stopped' END;
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
CREATE TRIGGER tell_of_job AFTER UPDATE ON lanekeeper.job FOR EACH ROW
  WHEN (OLD.state <> NEW.state OR OLD.stopping <> NEW.stopping OR OLD.started_at IS DISTINCT FROM NEW.started_at
        OR OLD.open_until IS DISTINCT FROM NEW.open_until)
  EXECUTE FUNCTION lanekeeper.tell_of_job();
