import type { ResolvedPlan, ResolvedTarget } from '../plan/plan-digest.ts';
import type { JobRecord } from './record.ts';
import type { JobState } from './state.ts';

/** What an approver says of a job, and of which form of it. */
export interface Consent {
  actor: string;
  /** The digest of the plan with what it found, as the approver saw it. */
  digest: string;
  reason: string;
}

/** Approving or refusing. */
export type ApprovalVerb = 'approve' | 'reject';

/** As much of a job as decides what somebody's word means to it. */
export interface ApprovalState {
  state: JobState;
  /** Who submitted it; never one of its approvers. */
  createdBy: string;
  planDigest: string | null;
  /** Whose approvals of this very digest it has. */
  given: readonly string[];
  /** Who refused it. */
  rejectedBy: string | null;
}

/** What somebody's word comes to. */
export type ApprovalEffect =
  | { kind: 'apply' }
  /** He has said so already. */
  | { kind: 'nothing' }
  /** His own job. */
  | { kind: 'own_job' }
  /** The job is another one by now, or past the point where this means anything. */
  | { kind: 'conflict'; reason: string; planDigest: string | null };

/** What an approver's word comes to, whatever the base of the job is by now. */
export function effectOfConsent(
  verb: ApprovalVerb,
  { actor, digest }: Pick<Consent, 'actor' | 'digest'>,
  { state, createdBy, planDigest, given, rejectedBy }: ApprovalState,
): ApprovalEffect {
  if (actor === createdBy) return { kind: 'own_job' };
  const conflict = (reason: string) => ({ kind: 'conflict', reason, planDigest }) as const;
  if (state === 'resolving') {
    return conflict('the job is being resolved; look at it again when that is done');
  }
  if (digest !== planDigest) return conflict('the job has another digest; look at it again');
  const said = verb === 'approve' ? given.includes(actor) : rejectedBy === actor;
  if (said) return { kind: 'nothing' };
  if (state !== 'awaiting_approval') {
    return conflict(`the job is ${state} and waits for no approval`);
  }
  return { kind: 'apply' };
}

/** What became of somebody's word. The job is as it is afterwards. */
export type ConsentOutcome =
  | { kind: 'done'; job: JobRecord }
  | { kind: 'not_found' }
  | Extract<ApprovalEffect, { kind: 'own_job' | 'conflict' }>;

/** A target with whether it still waits: the base of the others is of no interest any more. */
export interface ComparedTarget extends ResolvedTarget {
  isWaiting: boolean;
}

/** A job's plan with what it found. */
export interface FoundPlan extends ResolvedPlan {
  targets: readonly ComparedTarget[];
}

/** Who agreed to which jobs. Every word that counts is an event of the job's own chain in the journal. */
export interface ApprovalStore {
  get(jobId: string): Promise<ApprovalState | null>;
  /**
   * Notes that somebody is about to approve this digest, so that what was read since he first asked need not be read again; for
   * how many milliseconds he has been asking. Each quarter of an hour he asks anew.
   */
  ask(jobId: string, consent: Consent): Promise<number>;
  /** The last approval that is needed lets the job go on. */
  approve(jobId: string, consent: Consent): Promise<ConsentOutcome>;
  /** The job ends `cancelled`. */
  reject(jobId: string, consent: Consent): Promise<ConsentOutcome>;
  /** What the job found when it was resolved; null when there is none, or no digest. */
  foundBy(jobId: string): Promise<FoundPlan | null>;
  /**
   * The base of a job that waits for its approvers has moved: it is resolved anew, and approvals so far are void. `found` is its digest
   * as somebody who was about to approve found it. Nothing happens to a job that has another digest by now.
   */
  reopen(jobId: string, moved: { actor: string; digest: string; found: string }): Promise<void>;
}
