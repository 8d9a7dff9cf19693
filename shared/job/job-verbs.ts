import type { JobRecord } from './record.ts';
import { isFinalJob, type JobState } from './state.ts';

/** What a person may do to a job. */
export const verbs = ['pause', 'resume', 'cancel'] as const;
export type Verb = (typeof verbs)[number];

/** Who does it, and why; both are journalled. */
export interface Order {
  actor: string;
  reason: string;
}

/** What became of an order. The job is as it is afterwards. */
export type VerbOutcome =
  | { kind: 'done'; job: JobRecord }
  | { kind: 'not_found' }
  /** The job is past the point where this means anything. */
  | { kind: 'conflict'; state: JobState };

/** Jobs as operators steer them. Each verb twice is the same as once; what is in flight always finishes. */
export interface JobVerbs {
  /**
   * `pause`: nothing more of the job starts until it is resumed, also when it is released meanwhile. `resume`: it goes on.
   * `cancel`: what has not started ends `cancelled` at once, and the job ends with what is in flight.
   */
  order(jobId: string, verb: Verb, order: Order): Promise<VerbOutcome>;
}

/** As much of a job as decides whether a verb means anything to it. */
export interface Steered {
  state: JobState;
  isPaused: boolean;
  /** Nothing more of it starts; what is in flight ends. */
  isStopping: boolean;
}

/** Whether the verb changes something, changes nothing since it is so already, or comes too late. */
export function effectOf(
  verb: Verb,
  { state, isPaused, isStopping }: Steered,
): 'apply' | 'nothing' | 'conflict' {
  if (verb === 'cancel' && (state === 'cancelled' || isStopping)) return 'nothing';
  if (isFinalJob(state)) return 'conflict';
  if (verb === 'resume') return isPaused ? 'apply' : 'nothing';
  if (verb === 'cancel') return 'apply';
  if (isStopping) return 'conflict';
  return isPaused ? 'nothing' : 'apply';
}
