import { isFinalChange } from '../../../shared/change/state.ts';
import {
  type BatchProgress,
  batchAfterPause,
  batchPauseReason,
  batchStep,
  firstBatch,
} from '../../../shared/job/batches.ts';
import type { Order } from '../../../shared/job/job-verbs.ts';
import { endOf } from '../../../shared/job/outcome.ts';
import { isFinalJob } from '../../../shared/job/state.ts';
import { windowClosed, windowClosedReason } from '../../../shared/job/window.ts';
import type { JobDuty } from '../../../shared/lane/lane-store.ts';
import { shareEnds } from './companions.ts';
import { callForSeal } from './journal-store.ts';
import { cancelWaiting, countsOf } from './queues.ts';
import type { StoredJob, Tables } from './tables.ts';

const approvalDays = 7;
const dayMs = 86_400_000;

/** Lets a resolved job go on as far as it may: to its approvers, to the begin of its window, or to its connections. */
export function admit(tables: Tables, job: StoredJob): void {
  const { notBefore, notAfter } = job.settings.window;
  const now = tables.now();
  if (countsOf(tables, job.id).queued === 0) release(tables, job);
  else if (notAfter !== null && Date.parse(notAfter) <= now) closeWindow(tables, job, notAfter);
  else if (lacksApproval(job)) {
    if (job.state === 'awaiting_approval') return;
    job.state = 'awaiting_approval';
    job.approveBy = now + approvalDays * dayMs;
  } else if (notBefore !== null && Date.parse(notBefore) > now) job.state = 'waiting_for_window';
  else release(tables, job);
  if (!isFinalJob(job.state) && nextTimeOf(job) !== null) callForSeal(tables, job);
}

function lacksApproval({ settings, approvals, planDigest }: StoredJob): boolean {
  const given = [...approvals.values()].filter(
    ({ digest, givenAt }) => digest === planDigest && givenAt !== null,
  );
  return given.length < settings.approvalsRequired;
}

/** The job takes its place on its connections; its lanes are due, the longest ones first. */
function release(tables: Tables, job: StoredJob): void {
  const waiting = tables.changesOf(job.id).filter(({ record }) => record.state === 'queued');
  job.openUntil = firstBatch(job.settings.rollout.batches ?? []);
  job.startedAt = tables.stamp();
  shareEnds(tables, job);
  for (const change of waiting) change.isReleased = true;
  for (const { record } of waiting) tables.laneOf(record.laneKey ?? '', record.regionId);
  const isOpen = (seq: number): boolean => job.openUntil === null || seq < job.openUntil;
  for (const lane of tables.lanes.values()) {
    const entered = waiting.filter(({ record }) => record.laneKey === lane.laneKey);
    if (entered.some(({ record }) => isOpen(record.seq)))
      lane.dueAt ??= tables.now() - entered.length;
  }
  if (waiting.length > 0) {
    job.state = job.pauseReason === null ? 'running' : 'paused';
    openBatches(tables, job);
    return;
  }
  const { failed, skipped } = countsOf(tables, job.id);
  job.state = failed === 0 && skipped > 0 ? 'succeeded' : 'failed';
  job.finishedAt = tables.stamp();
  callForSeal(tables, job);
}

function progressOf(tables: Tables, job: StoredJob): BatchProgress {
  const { batches, batchPause } = job.settings.rollout;
  const { openUntil } = job;
  const open = tables
    .changesOf(job.id)
    .filter(({ record }) => openUntil === null || record.seq < openUntil);
  const openLeft = open.filter(({ record }) => !isFinalChange(record.state)).length;
  const isProved = open.every(
    ({ record: { verdict, handover } }) => verdict !== 'latent' || handover.proof === null,
  );
  return { batches: batches ?? [], batchPause, openUntil, openLeft, isProved };
}

/** Opens the next batches of a job, or has it paused. */
export function openBatches(tables: Tables, job: StoredJob, isResumed = false): void {
  for (let mayOpen = isResumed; ; mayOpen = false) {
    const progress = progressOf(tables, job);
    const step = mayOpen ? batchAfterPause(progress) : batchStep(progress);
    if (step.kind === 'none') return;
    const of = progress.batches.length;
    if (step.kind === 'pause') {
      const reason = batchPauseReason(step);
      const before =
        job.pauseReason === null || job.pauseReason.endsWith(reason) ? '' : `${job.pauseReason}; `;
      job.pauseReason = `${before}${reason}`;
      if (job.state === 'running') job.state = 'paused';
      tables.journalOnJob(job, 'paused', { batch: step.ended, of, reason });
      return;
    }
    job.openUntil = step.openUntil;
    const batch = step.openUntil === null ? of : progress.batches.indexOf(step.openUntil) + 1;
    tables.journalOnJob(job, 'batch_opened', { batch, of, until: step.openUntil });
  }
}

function closeWindow(tables: Tables, job: StoredJob, notAfter: string): void {
  tables.journalOnJob(job, 'window_closed', { notAfter });
  job.isWindowClosed = true;
  stop(tables, job, { reason: windowClosedReason(notAfter), error: windowClosed(notAfter) });
}

/** Stops a job: what waits is cancelled, the rest ends with what is in flight. */
export function stop(
  tables: Tables,
  job: StoredJob,
  { reason, ...why }: { reason: string; order?: Order; error?: ReturnType<typeof windowClosed> },
): void {
  cancelWaiting(tables, job.id, why);
  Object.assign(job, { isStopping: true, pauseReason: null, reason });
  for (const region of job.regions) region.isResolved = true;
  job.total ??= tables.changesOf(job.id).length;
  const end = endOf(countsOf(tables, job.id), job);
  if (end === null) {
    if (job.state === 'paused') job.state = 'running';
    return;
  }
  Object.assign(job, { state: end, finishedAt: tables.stamp() });
  callForSeal(tables, job);
}

function nextTimeOf({
  state,
  approveBy,
  isStopping,
  settings: { window },
}: StoredJob): number | null {
  const times = [
    state === 'awaiting_approval' ? approveBy : null,
    state === 'waiting_for_window' && window.notBefore !== null
      ? Date.parse(window.notBefore)
      : null,
    !isStopping && window.notAfter !== null ? Date.parse(window.notAfter) : null,
  ].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/** Does for a job what the time has come for; see the port. */
export function tendJob(
  tables: Tables,
  lease: { laneKey: string; epoch: number },
  jobId: string,
): JobDuty {
  const lane = tables.lanes.get(lease.laneKey);
  if (lane === undefined || !tables.isHeld(lease)) return 'lost';
  const job = tables.jobs.get(jobId);
  if (job && job.finishedAt === null && !job.isStopping) doWhatIsDue(tables, job);
  if (job?.finishedAt) {
    return 'seal';
  }
  lane.worker = null;
  lane.dueAt = job ? nextTimeOf(job) : null;
  return 'later';
}

function doWhatIsDue(tables: Tables, job: StoredJob): void {
  const now = tables.now();
  const { notBefore, notAfter } = job.settings.window;
  const isOver = (time: string | null): boolean => time !== null && Date.parse(time) <= now;
  if (notAfter !== null && isOver(notAfter)) closeWindow(tables, job, notAfter);
  else if (job.state === 'awaiting_approval' && (job.approveBy ?? now) <= now) {
    tables.journalOnJob(job, 'approval_expired', { days: approvalDays });
    stop(tables, job, { reason: `not approved within ${approvalDays} days` });
  } else if (job.state === 'waiting_for_window' && isOver(notBefore)) admit(tables, job);
}
