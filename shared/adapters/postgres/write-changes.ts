import { z } from 'zod';
import type { JournalEvent } from '../../change/record.ts';
import { changeStates, isFinalChange } from '../../change/state.ts';
import type { LaneUpdate } from '../../lane/lane-store.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import type { Query } from './database.ts';
import { dueAt, dueOf } from './due-at.ts';

const Moved = z.object({
  id: z.string(),
  jobId: z.string(),
  seq: z.number(),
  regionId: z.string(),
  vpnConnectionId: z.string(),
  laneKey: z.string(),
  from: z.enum(changeStates),
  to: z.enum(changeStates),
  /** It had ended well, and the other side turns out not to have it. */
  isRefutedLate: z.boolean(),
});
/** A change that was written, and how it moved. */
export type Moved = z.infer<typeof Moved>;

/** An event as the journal chains it: its data as canonical text, which jsonb would not keep. */
function chainable({ kind, data }: JournalEvent): { kind: string; data: string } {
  return { kind, data: canonicalJson(data) };
}

/** Writes each change as its step left it, and its events after those that are there. */
export async function writeChanges(
  run: Query,
  updates: readonly LaneUpdate[],
): Promise<readonly Moved[]> {
  const rows = updates.flatMap(({ change, events, afterwards, keysKeptFor }) => {
    if (!change) return [];
    const resume = afterwards.kind === 'wait' ? dueOf(afterwards) : { dueInMs: null };
    return [{ ...change, ...resume, keysKeptFor, events: events.map(chainable) }];
  });
  if (rows.length === 0) return [];
  const moved = await run(
    `WITH c AS (
       UPDATE lanekeeper.change c
          SET state = r.state, step = r.step, attempts = r.attempts, refusals = r.refusals, diff = r.diff, base = r.base,
              sealed_base_keys = r."sealedBaseKeys", sealed_made_keys = r."sealedMadeKeys",
              sealed_previous_keys = r."sealedPreviousKeys", handover = r.handover, verdict = r.verdict, tunnels = r.tunnels, part = r.part,
              request_digest = r."requestDigest", client_token = r."clientToken",
              result_fingerprint = r."resultFingerprint", last_error = r."lastError",
              ready = c.ready AND r.state <> 'queued', -- an older job may have come before it meanwhile
              settled_attempts = r."settledAttempts", resume_at = ${dueAt},
              part_applied_at = CASE WHEN r."settledAttempts" > c.settled_attempts THEN lanekeeper.now()
                                     ELSE c.part_applied_at END,
              sent_at = CASE WHEN r.state = 'queued' OR r.step = 'read' THEN NULL -- nothing of the next part is sent
                             WHEN r.step = 'send' THEN coalesce(c.sent_at, lanekeeper.now()) ELSE c.sent_at END,
              finished_at = CASE WHEN r.state = ANY ($2) THEN coalesce(c.finished_at, lanekeeper.now()) END,
              keys_kept_until = coalesce(lanekeeper.now() + r."keysKeptFor"::interval, c.keys_kept_until),
              events = c.events + jsonb_array_length(r.events)
         FROM jsonb_to_recordset($1::jsonb) AS r(
              id text, state text, step text, attempts int, refusals int, diff jsonb, base jsonb,
              "sealedBaseKeys" jsonb, "sealedMadeKeys" jsonb, "sealedPreviousKeys" jsonb, handover jsonb, verdict text, tunnels jsonb, part text, "settledAttempts" int, "requestDigest" text,
              "clientToken" text, "resultFingerprint" text, "lastError" jsonb, "keysKeptFor" text, events jsonb,
              "dueInMs" double precision, "tickMs" double precision)
         JOIN lanekeeper.change o ON o.id = r.id
        WHERE c.id = r.id
    RETURNING c.id, c.job_id, c.seq, c.region_id, c.vpn_connection_id, c.lane_key, o.state AS before, c.state, o.events AS known,
              r.events,
              o.finished_at IS NOT NULL AND o.verdict = 'latent' AND r.verdict = 'refuted' AS refuted_late),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.known + e.number, c.job_id, lanekeeper.now(), e.event->>'kind', (e.event->>'data')::json
         FROM c CROSS JOIN LATERAL jsonb_array_elements(c.events) WITH ORDINALITY AS e(event, number)
        ORDER BY c.id, e.number)
     SELECT c.id, c.job_id AS "jobId", c.seq, c.region_id AS "regionId", c.vpn_connection_id AS "vpnConnectionId",
            c.lane_key AS "laneKey", c.before AS "from", c.state AS "to", coalesce(c.refuted_late, false) AS "isRefutedLate" FROM c`,
    [JSON.stringify(rows), changeStates.filter(isFinalChange)],
  );
  return moved.map((row) => Moved.parse(row));
}
