import { type ChangeState, changeStates, isFinalChange } from '../../shared/change/state.ts';
import { isFinalJob } from '../../shared/job/state.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import type { JobBody } from '../../shared/progress/job-body.ts';
import type { SimulatorRecord } from '../simulator/record.ts';
import type { ApiClient } from './api-client.ts';
import type { Colleague } from './colleague.ts';

/** What there is to show at one moment. */
export interface Progress {
  elapsedMs: number;
  /** At the pace so far; null while too little is done to tell. */
  remainingMs: number | null;
  total: number;
  done: number;
  jobs: readonly { label: string; total: number; done: number }[];
  queued: number;
  sending: number;
  settling: number;
  failed: number;
  /** What the cloud did to us so far. */
  met: { busy: number; throttled: number; lost: number; edits: number };
}

/** A job of the demo. */
export interface WatchedJob {
  label: string;
  job: JobBody;
}

const everyMs = 250;
const longestMs = 300_000;
/** Before this share is done, the start weighs too much in the pace. */
const tellingShare = 0.1;

/**
 * Asks for the jobs over HTTP until all have ended, and shows each moment. Raises `unavailable` when they take
 * unreasonably long; stops early when `stop` aborts.
 */
export async function watchJobs(
  parts: {
    api: ApiClient;
    clock: Clock;
    record: SimulatorRecord;
    colleague: Colleague;
    /** Wall-clock milliseconds. */
    startedAt: number;
    show: (progress: Progress) => void;
  },
  watched: readonly WatchedJob[],
  stop: AbortSignal,
): Promise<readonly WatchedJob[]> {
  const { api, clock, startedAt, show } = parts;
  let jobs = watched;
  for (;;) {
    jobs = await Promise.all(
      jobs.map(async ({ label, job }) => ({ label, job: await api.job(job.id) })),
    );
    const elapsedMs = clock.now() - startedAt;
    const counts = countsOf(jobs);
    show({
      ...counts,
      elapsedMs,
      remainingMs: remainingOf(elapsedMs, counts),
      met: { ...metBy(parts.record), edits: parts.colleague.edits() },
    });
    if (stop.aborted || jobs.every(({ job }) => isFinalJob(job.state))) return jobs;
    if (elapsedMs > longestMs) throw new AppError('unavailable', 'the jobs did not end in time');
    await clock.sleep(everyMs, stop);
  }
}

/** Disturbances as the simulator counts them: refusals and answers that never arrived whole. */
function metBy(record: SimulatorRecord): { busy: number; throttled: number; lost: number } {
  const { busyAnswers, throttled, faults } = record.snapshot();
  const sum = (...kinds: readonly string[]): number =>
    kinds.reduce((count, kind) => count + (faults[kind] ?? 0), 0);
  return { busy: busyAnswers, throttled, lost: sum('lostAfterApply', 'droppedBefore') };
}

function countsOf(
  jobs: readonly WatchedJob[],
): Omit<Progress, 'elapsedMs' | 'remainingMs' | 'met'> {
  const perJob = jobs.map(({ label, job }) => ({
    label,
    total: job.total ?? 0,
    done: doneOf(job),
  }));
  const inState = (...states: readonly ChangeState[]): number =>
    jobs.reduce(
      (sum, { job }) => states.reduce((own, state) => own + (job.counts[state] ?? 0), sum),
      0,
    );
  return {
    jobs: perJob,
    total: perJob.reduce((sum, { total }) => sum + total, 0),
    done: perJob.reduce((sum, { done }) => sum + done, 0),
    queued: inState('queued'),
    sending: inState('applying'),
    settling: inState('settling'),
    failed: inState('failed', 'cancelled'),
  };
}

function doneOf({ counts }: JobBody): number {
  const final: readonly ChangeState[] = changeStates.filter((state) => isFinalChange(state));
  return final.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

/** The service estimates each job alone; the two share their lanes, so only the pace of both says something. */
function remainingOf(
  elapsedMs: number,
  { done, total }: { done: number; total: number },
): number | null {
  if (done < total * tellingShare || done === total) return null;
  return (elapsedMs * (total - done)) / done;
}
