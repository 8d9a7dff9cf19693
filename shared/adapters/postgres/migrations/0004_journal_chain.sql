-- The journal proves itself: each event carries a hash over its text and the hash before it. docs/journal.md says how.
-- json keeps the text of `data` as it was written, which is the canonical one (RFC 8785); jsonb would not.
ALTER TABLE lanekeeper.journal
  ALTER COLUMN data TYPE json USING data::json,
  ADD COLUMN hash bytea; -- NULL in events written before there were chains: a change's chain begins after them

-- Links every event to the one before it, whichever statement writes it: the only place that knows how. Writers hold the
-- change's row, so that two cannot follow the same event; the key would stop them, as a gap is stopped here.
CREATE FUNCTION lanekeeper.link_event() RETURNS trigger
  LANGUAGE plpgsql AS $$
DECLARE
  before lanekeeper.journal;
BEGIN
  SELECT * INTO before FROM lanekeeper.journal e WHERE e.change_id = NEW.change_id AND e.number = NEW.number - 1;
  IF NEW.number <> 1 AND NOT FOUND THEN
    RAISE EXCEPTION 'event % of a change follows none', NEW.number;
  END IF;
  NEW.at := date_trunc('milliseconds', NEW.at);
  NEW.hash := sha256(coalesce(before.hash, decode(repeat('00', 32), 'hex')) || convert_to(
    '{"at":"' || to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      || '","changeId":' || to_json(NEW.change_id) || ',"data":' || NEW.data || ',"kind":' || to_json(NEW.kind)
      || ',"number":' || NEW.number || '}', 'UTF8'));
  RETURN NEW;
END
$$;
CREATE TRIGGER link_event BEFORE INSERT ON lanekeeper.journal
  FOR EACH ROW EXECUTE FUNCTION lanekeeper.link_event();

-- What was written stays as it is. Whole jobs may be deleted some day; a part of a sealed one would be missed.
CREATE FUNCTION lanekeeper.refuse_rewriting() RETURNS trigger
  LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE ON lanekeeper.journal
  FOR EACH STATEMENT EXECUTE FUNCTION lanekeeper.refuse_rewriting();

-- What is said of a job's journal when the job has ended: how far it was and who vouches for it.
CREATE TABLE lanekeeper.seal (
  job_id       text PRIMARY KEY REFERENCES lanekeeper.job,
  seal         json NOT NULL,
  signature    text NOT NULL,
  verification json NOT NULL
);

ALTER TABLE lanekeeper.keyring ADD COLUMN public_key text; -- of a key pair, in clear

-- Sealing a job is work on a lane of its own, `job:<id>`, which is there from the job's end until it is sealed. Jobs that
-- ended before now are sealed as they are found.
INSERT INTO lanekeeper.lane (lane_key, kind, region_id, due_at)
SELECT 'job:' || j.id, 'job', '', lanekeeper.now() FROM lanekeeper.job j WHERE j.finished_at IS NOT NULL;
