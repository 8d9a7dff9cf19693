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

-- What previews read of a region, for all who preview there at the same time. One scan a region: a new one replaces the
-- last one with all that it found.
CREATE TABLE lanekeeper.inventory_scan (
  region_id   text PRIMARY KEY,
  number      bigint NOT NULL,
  started_at  timestamptz,         -- what the scan found is no older
  finished_at timestamptz,
  holder      text,                -- who reads; NULL = nobody
  held_until  timestamptz
);

-- The pages of lists that were read.
CREATE TABLE lanekeeper.inventory_page (
  region_id text NOT NULL,
  scan      bigint NOT NULL,
  list      text NOT NULL,
  page      int NOT NULL,
  total     int NOT NULL,          -- items over all pages, as this page said
  PRIMARY KEY (region_id, scan, list, page)
);

-- What the pages held: keys are keyed digests. A connection that was asked for alone and is not there has no data.
CREATE TABLE lanekeeper.inventory_item (
  region_id text NOT NULL,
  scan      bigint NOT NULL,
  list      text NOT NULL,
  id        text NOT NULL,
  data      jsonb,
  PRIMARY KEY (region_id, scan, list, id)
);

-- Previews that take longer than their first call. Kept for an hour.
CREATE TABLE lanekeeper.preview (
  id         text PRIMARY KEY,
  created_at timestamptz NOT NULL,
  request    jsonb NOT NULL          -- the plan, keys as keyed digests
);
CREATE INDEX preview_by_age ON lanekeeper.preview (created_at);

-- Grants calls of a part of a scope, such as previews: the part holds at most `share` of what the scope may hold, and the
-- scope never more than its limit, so that the others always find the rest.
CREATE FUNCTION lanekeeper.take_part_calls(call_scope text, part_scope text, share double precision, wanted int,
                                           call_limit int, OUT granted int, OUT retry_in_ms double precision)
  LANGUAGE plpgsql AS $$
DECLARE
  part_limit int := call_limit;
  part       record;
  whole      record;
BEGIN
  SELECT lanekeeper.allowed_calls(b, call_limit, lanekeeper.now()) INTO part_limit
    FROM lanekeeper.api_budget b WHERE b.scope = call_scope;
  part_limit := greatest(1, floor(coalesce(part_limit, call_limit) * share))::int;
  SELECT * INTO part FROM lanekeeper.take_calls(part_scope, wanted, part_limit);
  granted := part.granted;
  retry_in_ms := part.retry_in_ms;
  IF part.granted = 0 THEN
    RETURN;
  END IF;
  SELECT * INTO whole FROM lanekeeper.take_calls(call_scope, part.granted, call_limit);
  IF whole.granted < part.granted THEN
    -- What the part may have but the scope has not goes back.
    UPDATE lanekeeper.api_call c SET calls = c.calls - (part.granted - whole.granted)
     WHERE c.scope = part_scope AND c.second = floor(extract(epoch FROM lanekeeper.now()));
    granted := whole.granted;
    retry_in_ms := whole.retry_in_ms;
  END IF;
END
$$;
