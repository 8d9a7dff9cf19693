import { z } from 'zod';
import type { Query } from './database.ts';
import { readyNext } from './ready-next.ts';

const CancelledRow = z.object({ regionId: z.string(), vpnConnectionId: z.string() });

/**
 * Cancels every change of a job that has not been started. The caller holds the job's lock, without which nothing of it
 * can start. Answers with how many there were and the lanes where other jobs' changes may go on instead.
 */
export async function cancelWaiting(
  run: Query,
  jobId: string,
): Promise<{ count: number; roused: readonly string[] }> {
  const rows = await run(
    `WITH c AS (
       UPDATE lanekeeper.change
          SET state = 'cancelled', ready = false, events = events + 1, finished_at = lanekeeper.now()
        WHERE job_id = $1 AND state = 'queued'
       RETURNING *),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'finished', '{"state": "cancelled"}' FROM c)
     SELECT c.region_id AS "regionId", c.vpn_connection_id AS "vpnConnectionId" FROM c`,
    [jobId],
  );
  const cancelled = rows.map((row) => CancelledRow.parse(row));
  return { count: cancelled.length, roused: await readyNext(run, cancelled) };
}
