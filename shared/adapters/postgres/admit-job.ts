import { z } from 'zod';
import { jobStates } from '../../job/state.ts';
import { windowClosed, windowClosedReason } from '../../job/window.ts';
import type { Query } from './database.ts';
import { releaseJob } from './release-job.ts';
import { Timestamp } from './rows.ts';
import { noteOnJob, stopJob } from './stop-job.ts';
import { tendJobs } from './tend-jobs.ts';

/** How long a job waits for its approvers. */
const approvalDays = 7;

const DoorRow = z.object({
  state: z.enum(jobStates),
  isEmpty: z.boolean(),
  lacksApproval: z.boolean(),
  isEarly: z.boolean(),
  isLate: z.boolean(),
  notAfter: Timestamp.nullable(),
});

/** How many approvers have agreed to job `j` as it is now; each can agree once. */
const given = `(
  SELECT count(*) FROM lanekeeper.approval a
   WHERE a.job_id = j.id AND a.digest = j.plan_digest AND a.given_at IS NOT NULL)`;

/**
 * Lets a resolved job go on as far as it may: to its approvers, to the begin of its window, or to its connections and lanes. The
 * caller holds the job's lock; since the job has no place on any connection yet, nobody who holds those waits for it. Answers
 * with lanes to be woken after the commit.
 */
export async function admitJob(run: Query, jobId: string): Promise<readonly string[]> {
  const [row] = await run(
    `SELECT j.state, j.queued = 0 AS "isEmpty", j.approvals_required > ${given} AS "lacksApproval",
            coalesce(j.not_before > lanekeeper.now(), false) AS "isEarly",
            coalesce(j.not_after <= lanekeeper.now(), false) AS "isLate", j.not_after AS "notAfter"
       FROM lanekeeper.job j WHERE j.id = $1`,
    [jobId],
  );
  const { state, isEmpty, lacksApproval, isEarly, isLate, notAfter } = DoorRow.parse(row);
  if (isLate && !isEmpty && notAfter !== null) return closeWindow(run, jobId, notAfter);
  if (lacksApproval && !isEmpty) {
    if (state !== 'awaiting_approval') await awaitApproval(run, jobId);
  } else if (isEarly && !isEmpty) {
    await run(`UPDATE lanekeeper.job SET state = 'waiting_for_window' WHERE id = $1`, [jobId]);
  } else {
    await releaseJob(run, jobId);
    return [];
  }
  await tendJobs(run, [jobId]);
  return [];
}

async function awaitApproval(run: Query, jobId: string): Promise<void> {
  await run(
    `UPDATE lanekeeper.job
        SET state = 'awaiting_approval', approve_by = lanekeeper.now() + $2 * interval '1 day'
      WHERE id = $1`,
    [jobId, approvalDays],
  );
}

/** Nothing more of the job starts: its window is over. The caller holds its lock. Answers as {@link admitJob}. */
export async function closeWindow(
  run: Query,
  jobId: string,
  notAfter: string,
): Promise<readonly string[]> {
  await noteOnJob(run, jobId, 'window_closed', { notAfter });
  return stopJob(run, jobId, {
    reason: windowClosedReason(notAfter),
    error: windowClosed(notAfter),
    isWindowClosed: true,
  });
}

/** Nobody approved the job in time. The caller holds its lock. Answers as {@link admitJob}. */
export async function expireApproval(run: Query, jobId: string): Promise<readonly string[]> {
  await noteOnJob(run, jobId, 'approval_expired', { days: approvalDays });
  return stopJob(run, jobId, { reason: `not approved within ${approvalDays} days` });
}
