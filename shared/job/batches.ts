import type { BatchPause } from '../plan/rollout.ts';

/** How far a job has come with its batches. */
export interface BatchProgress {
  /** How many changes are begun by the end of each batch, rising. */
  batches: readonly number[];
  batchPause: BatchPause;
  /** Changes with a lower place in the plan may start; null: all of them. */
  openUntil: number | null;
  /** How many of those have not ended. */
  openLeft: number;
  /** Whether each of those that ended is proved, where a proof is asked for. */
  isProved: boolean;
}

/** What follows from the end of a change. */
export type BatchStep =
  /** The open batch goes on. */
  | { kind: 'none' }
  /** It has ended, and the next one opens: its end, null when it is the last. */
  | { kind: 'open'; openUntil: number | null }
  /** It has ended, and somebody has to let the next one open. `ended` counts from 1. */
  | { kind: 'pause'; ended: number; of: number };

/** The end of the batch that is open first; null when there is one batch alone. */
export function firstBatch(batches: readonly number[]): number | null {
  return boundOf(batches, 0);
}

/**
 * Whether the open batch has ended, and what then: a batch ends when each of its changes has ended and, where the job pauses
 * between batches, is proved; what is still latent holds back no job that does not.
 */
export function batchStep(progress: BatchProgress): BatchStep {
  const { batches, batchPause, openUntil, isProved } = progress;
  if (!hasBatchEnded(progress) || (batchPause !== 'none' && !isProved)) return { kind: 'none' };
  const ended = batches.indexOf(openUntil ?? 0);
  if (batchPause === 'every' || (batchPause === 'first' && ended === 0)) {
    return { kind: 'pause', ended: ended + 1, of: batches.length };
  }
  return nextBatch(progress);
}

/** What opens when somebody lets a job go on: the next batch, if the open one has ended. */
export function batchAfterPause(progress: BatchProgress): BatchStep {
  return hasBatchEnded(progress) ? nextBatch(progress) : { kind: 'none' };
}

function hasBatchEnded({ openUntil, openLeft }: BatchProgress): boolean {
  return openUntil !== null && openLeft <= 0;
}

function nextBatch({ batches, openUntil }: BatchProgress): BatchStep {
  return { kind: 'open', openUntil: boundOf(batches, batches.indexOf(openUntil ?? 0) + 1) };
}

/** The last batch needs no bound. */
function boundOf(batches: readonly number[], index: number): number | null {
  return index >= batches.length - 1 ? null : (batches[index] ?? null);
}

/** Why a job is paused after a batch, as its reason and for the journal. */
export function batchPauseReason({ ended, of }: { ended: number; of: number }): string {
  return `batch ${ended} of ${of} has ended; resume the job to open the next one`;
}
