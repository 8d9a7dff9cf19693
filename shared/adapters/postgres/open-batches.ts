import { z } from 'zod';
import { type BatchStep, batchAfterPause, batchPauseReason, batchStep } from '../../job/batches.ts';
import { batchPauses } from '../../plan/rollout.ts';
import type { Query } from './database.ts';
import { noteOnJob } from './stop-job.ts';

/** The columns of a job that say how far it has come with its batches; `j` is the table's alias. */
export const batchColumns = `
  coalesce(j.batches, '{}') AS batches, j.batch_pause AS "batchPause", j.open_until AS "openUntil", j.open_left AS "openLeft"`;

/** A job's batches as {@link batchColumns} gives them. */
export const BatchesRow = z.object({
  batches: z.array(z.number()),
  batchPause: z.enum(batchPauses),
  openUntil: z.number().nullable(),
  openLeft: z.number(),
});
type Batches = z.infer<typeof BatchesRow>;

/** How the job stands after its batches were looked at. */
export interface OpenedBatches extends Batches {
  /** Whether it waits for somebody now, since a batch has ended after which it pauses. */
  isPaused: boolean;
}

/**
 * Opens the job's next batch when the open one has ended, or has the job paused; `isResumed`: somebody lets it go on, so that one
 * batch opens without a pause. The caller holds the job's lock. Lanes that idle and have something to start now are noted as
 * parked: they are woken like others as slots become free.
 */
export async function openBatches(
  run: Query,
  jobId: string,
  { isResumed, ...known }: Batches & { isResumed: boolean },
): Promise<OpenedBatches> {
  let batches: Batches = known;
  for (let mayOpen = isResumed; ; mayOpen = false) {
    const progress = { ...batches, isProved: await isProved(run, jobId, batches) };
    const step = mayOpen ? batchAfterPause(progress) : batchStep(progress);
    if (step.kind === 'none') return { ...batches, isPaused: false };
    if (step.kind === 'pause') {
      await pause(run, jobId, step);
      return { ...batches, isPaused: true };
    }
    batches = await open(run, jobId, batches, step.openUntil);
  }
}

/**
 * Whether nothing of the open batch is latent and still watched; asked only where that can hold the next one back. Of what was set anew
 * meanwhile nobody will ever know more.
 */
async function isProved(
  run: Query,
  jobId: string,
  { batchPause, openUntil, openLeft }: Batches,
): Promise<boolean> {
  if (batchPause === 'none' || openUntil === null || openLeft > 0) return true;
  const latent = await run(
    `SELECT 1 FROM lanekeeper.change
      WHERE job_id = $1 AND seq < $2 AND verdict = 'latent' AND handover->'proof' <> 'null' LIMIT 1`,
    [jobId, openUntil],
  );
  return latent.length === 0;
}

/** Somebody's own pause stays the reason; that a batch has ended is told besides. */
async function pause(
  run: Query,
  jobId: string,
  { ended, of }: Extract<BatchStep, { kind: 'pause' }>,
): Promise<void> {
  const reason = batchPauseReason({ ended, of });
  await run(
    `UPDATE lanekeeper.job
        SET state = CASE WHEN state = 'running' THEN 'paused' ELSE state END,
            pause_reason = CASE WHEN pause_reason IS NULL OR pause_reason LIKE '%' || $2 THEN $2
                                ELSE pause_reason || '; ' || $2 END
      WHERE id = $1`,
    [jobId, reason],
  );
  await noteOnJob(run, jobId, 'paused', { batch: ended, of, reason });
}

async function open(
  run: Query,
  jobId: string,
  { batches, batchPause, openUntil }: Batches,
  next: number | null,
): Promise<Batches> {
  const opened = next === null ? batches.length : batches.indexOf(next) + 1;
  const [row] = await run(
    `UPDATE lanekeeper.job j
        SET open_until = $2, open_left = CASE WHEN $2::int IS NULL THEN 0 ELSE (
              SELECT count(*) FROM lanekeeper.change c
               WHERE c.job_id = $1 AND c.finished_at IS NULL AND c.seq < $2) END
      WHERE id = $1
  RETURNING j.open_left AS "openLeft"`,
    [jobId, next],
  );
  await noteOnJob(run, jobId, 'batch_opened', { batch: opened, of: batches.length, until: next });
  await run(
    `UPDATE lanekeeper.lane_job lj SET parked = true, priority = lj.waiting
       FROM (SELECT DISTINCT c.lane_key FROM lanekeeper.change c
              WHERE c.job_id = $1 AND c.state = 'queued' AND c.ready
                AND c.seq >= $2 AND ($3::int IS NULL OR c.seq < $3)) AS n
       JOIN lanekeeper.lane l ON l.lane_key = n.lane_key AND l.due_at IS NULL AND l.change_id IS NULL
      WHERE lj.job_id = $1 AND lj.lane_key = n.lane_key`,
    [jobId, openUntil ?? 0, next],
  );
  const { openLeft } = BatchesRow.pick({ openLeft: true }).parse(row);
  return { batches, batchPause, openUntil: next, openLeft };
}
