import { type ChangeState, type ChangeStep, isFinalChange } from '../change/state.ts';
import type { ChangeView } from './job-store.ts';
import type { Order } from './job-verbs.ts';
import { isFinalJob, type JobState } from './state.ts';

/** What a person may do to one change of a job. */
export const changeVerbs = ['retry', 'skip'] as const;
export type ChangeVerb = (typeof changeVerbs)[number];

/** What became of an order. The change is as it is afterwards. */
export type ChangeVerbOutcome =
  | { kind: 'done'; change: ChangeView }
  | { kind: 'not_found' }
  /** It does not fit how the change or its job stands, for this reason. */
  | { kind: 'conflict'; reason: string };

/** Single changes as operators steer them. Each verb twice is the same as once. */
export interface ChangeVerbs {
  /**
   * `retry`: a failed change goes back to its queue, with what it wanted and a new request. `skip`: a change of which nothing
   * was written ends at once; a worker that is about to write it finds its lease lost.
   */
  order(
    of: { jobId: string; changeId: string },
    verb: ChangeVerb,
    order: Order,
  ): Promise<ChangeVerbOutcome>;
}

/** As much of a change and its job as decides whether a verb fits. */
export interface SteeredChange {
  state: ChangeState;
  step: ChangeStep | null;
  /** Whether a part of it was applied. */
  isHalfDone: boolean;
  /** Whether its lane and base were found. */
  isResolved: boolean;
  job: {
    state: JobState;
    /** Nothing more of it starts. */
    isStopping: boolean;
  };
}

/** Whether the verb changes something, changes nothing since it is so already, or why it does not fit. */
export function effectOnChange(
  verb: ChangeVerb,
  change: SteeredChange,
): 'apply' | 'nothing' | { conflict: string } {
  return verb === 'retry' ? effectOfRetry(change) : effectOfSkip(change);
}

function effectOfRetry({
  state,
  isResolved,
  job,
}: SteeredChange): ReturnType<typeof effectOnChange> {
  if (!isFinalChange(state)) return 'nothing';
  if (isFinalJob(job.state)) return { conflict: 'its job has ended; retry the job' };
  if (state !== 'failed') return { conflict: `it is ${state}, not failed` };
  if (job.isStopping) return { conflict: 'its job stops and starts nothing more' };
  if (!isResolved) return { conflict: 'it was refused when its job was resolved' };
  return 'apply';
}

function effectOfSkip(change: SteeredChange): ReturnType<typeof effectOnChange> {
  const { state, job } = change;
  if (state === 'skipped') return 'nothing';
  if (isFinalChange(state)) return { conflict: `it is ${state} already` };
  if (job.state === 'resolving') {
    return { conflict: 'its job is being resolved; skip it when that is done' };
  }
  if (isWritten(change)) return { conflict: `it is ${state}: something of it was written` };
  return 'apply';
}

/** Whether something of the change may have reached the cloud. From the moment its request is stored nobody can know. */
function isWritten({ state, step, isHalfDone }: SteeredChange): boolean {
  if (state === 'queued') return false;
  if (state === 'delivering') return isHalfDone;
  return isHalfDone || state !== 'applying' || step !== 'read';
}
