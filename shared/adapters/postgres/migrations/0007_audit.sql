-- Every refused attempt and every verb. Appended to, never changed: the trigger refuses whoever tries.
CREATE TABLE lanekeeper.audit (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL,
  actor      text,
  address    text,
  action     text NOT NULL,
  operation  text NOT NULL,
  job_id     text,
  outcome    text NOT NULL,
  request_id text NOT NULL
);
CREATE INDEX audit_by_actor ON lanekeeper.audit (actor, position);
CREATE INDEX audit_by_job ON lanekeeper.audit (job_id, position) WHERE job_id IS NOT NULL;
CREATE INDEX audit_by_time ON lanekeeper.audit (at);

CREATE FUNCTION lanekeeper.refuse_change() RETURNS trigger
  LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON lanekeeper.audit
  FOR EACH ROW EXECUTE FUNCTION lanekeeper.refuse_change();

-- Requests of one caller in the current minute, counted for all function instances together.
CREATE TABLE lanekeeper.request_rate (
  scope  text PRIMARY KEY,
  minute bigint NOT NULL,
  calls  int NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX request_rate_by_minute ON lanekeeper.request_rate (minute);
