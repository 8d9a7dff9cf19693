import { z } from 'zod';
import type { ChangeError } from '../../change/record.ts';
import { changeStates } from '../../change/state.ts';
import type { Order } from '../../job/job-verbs.ts';
import { endOf } from '../../job/outcome.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import { cancelWaiting, countCancelled } from './cancel-waiting.ts';
import type { Query } from './database.ts';
import { readyNext } from './ready-next.ts';
import { countsColumn } from './rows.ts';
import { tendJobs } from './tend-jobs.ts';

/** Why a job stops. */
export interface StopCause {
  /** Shown with the job. */
  reason: string;
  /** Whose wish it is, when it is somebody's. */
  order?: Order;
  /** What each change that had not begun ends with. */
  error?: ChangeError;
  isWindowClosed?: boolean;
}

const CountsRow = z.object({
  counts: z.record(z.enum(changeStates), z.number()),
  refuted: z.number(),
});

/**
 * Stops a job whose lock the caller holds: what waits ends `cancelled` here and now, the rest of the job with what is in flight.
 * Answers with lanes where others may go on, to be woken after the commit.
 */
export async function stopJob(
  run: Query,
  jobId: string,
  { reason, order, error, isWindowClosed = false }: StopCause,
): Promise<readonly string[]> {
  const freed = await cancelWaiting(run, jobId, { order, error });
  const [row] = await run(
    `SELECT ${countsColumn}, j.refuted FROM lanekeeper.job j WHERE j.id = $1`,
    [jobId],
  );
  const { refuted, ...before } = CountsRow.parse(row);
  const counts = countCancelled(before.counts, freed);
  await run(
    `UPDATE lanekeeper.job j
        SET stopping = true, pause_reason = NULL, window_closed = $5, reason = $2,
            queued = $3, delivering = $6, cancelled = $7,
            state = coalesce($4, CASE WHEN state = 'paused' THEN 'running' ELSE state END),
            finished_at = CASE WHEN $4::text IS NOT NULL THEN lanekeeper.now() END,
            total = coalesce(total, (SELECT count(*) FROM lanekeeper.change c WHERE c.job_id = j.id))
      WHERE j.id = $1`,
    [
      jobId,
      reason,
      counts.queued,
      endOf(counts, { isWindowClosed, refuted }),
      isWindowClosed,
      counts.delivering,
      counts.cancelled,
    ],
  );
  await run(
    'UPDATE lanekeeper.job_region SET resolved_at = lanekeeper.now() WHERE job_id = $1 AND resolved_at IS NULL',
    [jobId],
  );
  await tendJobs(run, [jobId]);
  return readyNext(run, freed);
}

/** Something that happened to a job as a whole, as an event of its own chain. The caller holds its lock. */
export async function noteOnJob(
  run: Query,
  jobId: string,
  kind: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await run(
    `WITH j AS (UPDATE lanekeeper.job SET events = events + 1 WHERE id = $1 RETURNING id, events)
     INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
     SELECT j.id, j.events, j.id, lanekeeper.now(), $2, $3::json FROM j`,
    [jobId, kind, canonicalJson(data)],
  );
}
