import { z } from 'zod';
import { countedRollout, type RolloutShares, rolloutRefusal } from '../../job/record.ts';
import type { Selection, UnresolvedSelector } from '../../lane/lane-store.ts';
import { Selector } from '../../plan/selector.ts';
import { ShareFromOne, ShareFromZero } from '../../plan/share.ts';
import { pointerOf } from '../../platform/http/faults.ts';
import type { Query } from './database.ts';

const SelectorRow = z.object({
  place: z.number(),
  intentNumber: z.number(),
  select: Selector,
}) satisfies z.ZodType<UnresolvedSelector>;

/** What a job's plan says of its rollout, as stored. */
export const RolloutRow = z.object({
  concurrency: ShareFromOne,
  maxErrors: ShareFromZero,
  batches: z.array(ShareFromOne),
}) satisfies z.ZodType<RolloutShares>;

const RefusalRow = z.object({ place: z.number(), refusal: z.string() });
const CountRow = z.object({ total: z.number() });

/** The selectors of a job that are still to be resolved in a region, in plan order. */
export async function unresolvedSelectors(
  query: Query,
  jobId: string,
  regionId: string,
): Promise<readonly UnresolvedSelector[]> {
  const rows = await query(
    `SELECT place, intent_number AS "intentNumber", criteria AS select FROM lanekeeper.job_selector
      WHERE job_id = $1 AND region_id = $2 AND resolved_at IS NULL ORDER BY place`,
    [jobId, regionId],
  );
  return rows.map((row) => SelectorRow.parse(row));
}

/**
 * Makes changes of what selectors took. Those that were resolved before are left as they are: whoever repeats the work,
 * after a crash or beside somebody else, doubles nothing.
 */
export async function saveSelections(
  run: Query,
  jobId: string,
  selections: readonly Selection[],
): Promise<void> {
  // Under the job's lock: changes that came after a cancellation would be lost.
  const open = await run(
    `SELECT 1 FROM lanekeeper.job WHERE id = $1 AND state = 'resolving' FOR UPDATE`,
    [jobId],
  );
  if (open.length === 0) return;
  const changes = selections.flatMap(({ place, changes: taken }) =>
    taken.map((change) => ({ place, ...change })),
  );
  await run(
    `WITH fresh AS (
       UPDATE lanekeeper.job_selector s SET resolved_at = lanekeeper.now(), refusal = r.refusal
         FROM jsonb_to_recordset($2::jsonb) AS r(place int, refusal text)
        WHERE s.job_id = $1 AND s.place = r.place AND s.resolved_at IS NULL
       RETURNING s.place, s.region_id, s.intent_number),
     made AS (
       INSERT INTO lanekeeper.change (id, job_id, seq, position, region_id, vpn_connection_id, intent_number)
       SELECT c.id, j.id, c.seq, j.position, f.region_id, c.vpn_connection_id, f.intent_number
         FROM unnest($3::int[], $4::text[], $5::int[], $6::text[]) AS c(place, id, seq, vpn_connection_id)
         JOIN fresh f ON f.place = c.place
        CROSS JOIN lanekeeper.job j WHERE j.id = $1
       RETURNING 1)
     UPDATE lanekeeper.job SET queued = queued + (SELECT count(*) FROM made) WHERE id = $1`,
    [
      jobId,
      JSON.stringify(selections.map(({ place, refusal }) => ({ place, refusal }))),
      changes.map(({ place }) => place),
      changes.map(({ id }) => id),
      changes.map(({ seq }) => seq),
      changes.map(({ vpnConnectionId }) => vpnConnectionId),
    ],
  );
}

/**
 * Ends the time in which a job with selectors had no total: closes the gaps in the order of its changes, and counts what
 * its plan gave as percentages. Answers why the job cannot have its rollout; null when it can.
 */
export async function settleSelection(
  run: Query,
  jobId: string,
  rollout: RolloutShares,
): Promise<string | null> {
  await run(
    `UPDATE lanekeeper.change c SET seq = n.seq
       FROM (SELECT id, row_number() OVER (ORDER BY seq) - 1 AS seq FROM lanekeeper.change WHERE job_id = $1) AS n
      WHERE c.id = n.id AND c.seq <> n.seq`,
    [jobId],
  );
  const [row] = await run(
    'SELECT count(*)::int AS total FROM lanekeeper.change WHERE job_id = $1',
    [jobId],
  );
  const { total } = CountRow.parse(row);
  const { maxErrors, maxInFlight, batches } = countedRollout(rollout, total);
  await run(
    'UPDATE lanekeeper.job SET total = $2, max_errors = $3, max_in_flight = $4, batches = $5::int[] WHERE id = $1',
    [jobId, total, maxErrors, maxInFlight, batches],
  );
  return rolloutRefusal(rollout, total);
}

/** Most refused selectors that a job's reason names. */
const mostNamed = 10;

/** Why selectors of a job came to nothing, as one sentence without its end; null when none did. */
export async function refusedSelectors(run: Query, jobId: string): Promise<string | null> {
  const rows = await run(
    `SELECT place, refusal FROM lanekeeper.job_selector WHERE job_id = $1 AND refusal IS NOT NULL ORDER BY place`,
    [jobId],
  );
  if (rows.length === 0) return null;
  const named = rows.slice(0, mostNamed).map((row) => {
    const { place, refusal } = RefusalRow.parse(row);
    return `${pointerOf(['targets', place, 'select'])} ${refusal}`;
  });
  const more = rows.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more like these`] : [])].join(', ');
}
