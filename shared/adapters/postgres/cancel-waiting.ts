import { z } from 'zod';
import type { ChangeError } from '../../change/record.ts';
import type { Order } from '../../job/job-verbs.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import type { Query } from './database.ts';
import type { ConnectionKey } from './ready-next.ts';

const CancelledRow = z.object({
  regionId: z.string(),
  vpnConnectionId: z.string(),
}) satisfies z.ZodType<ConnectionKey>;

/**
 * Cancels every change of a job that has not been started, and takes the job off its lanes. The caller holds the job's
 * lock, without which nothing of it can start. `why`: whose wish that is, or what came in between. Answers with the connection
 * of each, where other changes may go on now.
 */
export async function cancelWaiting(
  run: Query,
  jobId: string,
  why: { order?: Order | undefined; error?: ChangeError | undefined } = {},
): Promise<readonly ConnectionKey[]> {
  const rows = await run(
    `WITH c AS (
       UPDATE lanekeeper.change
          SET state = 'cancelled', ready = false, events = events + 1, finished_at = lanekeeper.now(),
              last_error = coalesce($3::jsonb, last_error)
        WHERE job_id = $1 AND state = 'queued'
       RETURNING *),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'finished', $2::json FROM c),
     gone AS (DELETE FROM lanekeeper.lane_job WHERE job_id = $1)
     SELECT c.region_id AS "regionId", c.vpn_connection_id AS "vpnConnectionId" FROM c`,
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
