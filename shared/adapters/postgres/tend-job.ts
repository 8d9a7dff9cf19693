import { z } from 'zod';
import type { JobDuty, Lease } from '../../lane/lane-store.ts';
import { admitJob, closeWindow, expireApproval } from './admit-job.ts';
import type { Query } from './database.ts';
import { Timestamp } from './rows.ts';

const TimesRow = z.object({
  hasEnded: z.boolean(),
  isClosing: z.boolean(),
  isExpired: z.boolean(),
  isOpening: z.boolean(),
  notAfter: Timestamp.nullable(),
});

/** When something comes for job `j` again; NULL when nothing does. */
const nextTime = `least(
  CASE WHEN j.state = 'awaiting_approval' THEN j.approve_by END,
  CASE WHEN j.state = 'waiting_for_window' THEN j.not_before END,
  CASE WHEN NOT j.stopping THEN j.not_after END)`;

/**
 * Does for a job what the time has come for: its window opens or closes, nobody approved it. Under the lane's lock, then the job's:
 * whoever changes the job's times and found the lane in our hands has done so before, and we see it.
 */
export async function tendJob(
  run: Query,
  lease: Lease,
  jobId: string,
): Promise<{ duty: JobDuty; wake: readonly string[] }> {
  const held = await run(
    'SELECT 1 FROM lanekeeper.lane WHERE lane_key = $1 AND epoch = $2 FOR UPDATE',
    [lease.laneKey, lease.epoch],
  );
  if (held.length === 0) return { duty: 'lost', wake: [] };
  const wake = await doWhatIsDue(run, jobId);
  const [job] = await run(
    `UPDATE lanekeeper.lane l SET worker = NULL, due_at = (SELECT ${nextTime} FROM lanekeeper.job j WHERE j.id = $2)
      WHERE l.lane_key = $1 AND NOT EXISTS (
            SELECT 1 FROM lanekeeper.job j WHERE j.id = $2 AND j.finished_at IS NOT NULL)
  RETURNING 1`,
    [lease.laneKey, jobId],
  );
  return { duty: job === undefined ? 'seal' : 'later', wake };
}

async function doWhatIsDue(run: Query, jobId: string): Promise<readonly string[]> {
  const [row] = await run(
    `SELECT j.finished_at IS NOT NULL OR j.stopping AS "hasEnded",
            coalesce(j.not_after <= lanekeeper.now(), false) AS "isClosing",
            coalesce(j.state = 'awaiting_approval' AND j.approve_by <= lanekeeper.now(), false) AS "isExpired",
            coalesce(j.state = 'waiting_for_window' AND j.not_before <= lanekeeper.now(), false) AS "isOpening",
            j.not_after AS "notAfter"
       FROM lanekeeper.job j WHERE j.id = $1 FOR UPDATE`,
    [jobId],
  );
  if (row === undefined) return [];
  const { hasEnded, isClosing, isExpired, isOpening, notAfter } = TimesRow.parse(row);
  if (hasEnded) return [];
  if (isClosing && notAfter !== null) return closeWindow(run, jobId, notAfter);
  if (isExpired) return expireApproval(run, jobId);
  return isOpening ? admitJob(run, jobId) : [];
}
