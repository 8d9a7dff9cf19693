import { z } from 'zod';
import type { ChangeError } from '../../change/record.ts';
import type { Order } from '../../job/job-verbs.ts';
import { countMove } from '../../job/outcome.ts';
import type { ChangeCounts } from '../../job/record.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import type { Query } from './database.ts';
import { openErrandsOf } from './errands.ts';
import type { ConnectionKey } from './ready-next.ts';

const CancelledRow = z.object({
  regionId: z.string(),
  vpnConnectionId: z.string(),
  from: z.enum(['queued', 'delivering']),
}) satisfies z.ZodType<ConnectionKey>;

/** A change that was cancelled: where, and how far it had come. */
type Cancelled = z.infer<typeof CancelledRow>;

/** `counts` after these were cancelled. */
export function countCancelled(
  counts: ChangeCounts,
  cancelled: readonly Cancelled[],
): ChangeCounts {
  const moves = cancelled.map(({ from }) => ({ from, to: 'cancelled' as const }));
  return moves.reduce(countMove, counts);
}

/** For how long the keys of a change `c` are kept that ends before anything was written: for whoever tries it again. */
export const keptUntil = `
  CASE WHEN c.sealed_made_keys <> '{}' OR c.sealed_base_keys <> '{}' OR c.sealed_previous_keys <> '{}'
       THEN lanekeeper.now() + (SELECT k.keep_previous_for::interval FROM lanekeeper.job k WHERE k.id = c.job_id) END`;

/**
 * Cancels every change of a job of which nothing was written, and takes the job off its lanes. What was delivered for one is
 * withdrawn by its errand, which is due now; whoever is at it loses its lease. The caller holds the job's lock, without which
 * nothing of it can start. `why`: whose wish that is, or what came in between. Answers with the connection of each, where other
 * changes may go on now.
 */
export async function cancelWaiting(
  run: Query,
  jobId: string,
  why: { order?: Order | undefined; error?: ChangeError | undefined } = {},
): Promise<readonly Cancelled[]> {
  const rows = await run(
    `WITH c AS (
       UPDATE lanekeeper.change c
          SET state = 'cancelled', step = NULL, ready = false, events = c.events + 1, finished_at = lanekeeper.now(),
              last_error = coalesce($3::jsonb, c.last_error), keys_kept_until = ${keptUntil}
         FROM lanekeeper.change o
        WHERE c.job_id = $1 AND c.id = o.id AND (c.state = 'queued' OR (
              c.state = 'delivering' AND c.settled_attempts = 0 AND c.handover->>'direction' = 'forth'))
       RETURNING c.*, o.state AS before),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'finished', $2::json FROM c),
     gone AS (DELETE FROM lanekeeper.lane_job WHERE job_id = $1),
     errands AS (
       UPDATE lanekeeper.lane SET due_at = lanekeeper.now(), worker = NULL, epoch = epoch + 1
        WHERE lane_key = ANY (ARRAY( -- one that is being written to is waiting for the job, and finds its change cancelled
              SELECT l.lane_key FROM lanekeeper.lane l JOIN c ON l.lane_key = 'change:' || c.id FOR UPDATE OF l SKIP LOCKED))),
     opened AS (${openErrandsOf('c')})
     SELECT c.region_id AS "regionId", c.vpn_connection_id AS "vpnConnectionId", c.before AS "from" FROM c`,
    [
      jobId,
      canonicalJson({
        state: 'cancelled',
        ...why.order,
        ...(why.error ? { error: why.error } : {}),
      }),
      why.error ? JSON.stringify(why.error) : null,
    ],
  );
  return rows.map((row) => CancelledRow.parse(row));
}
