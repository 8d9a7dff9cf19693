import type { TunnelProof } from '../connection/tunnel-proof.ts';
import { type Handover, usualHandover, usualVerify } from '../plan/handover.ts';
import type { BatchPause, FailureReaction, Redundancy } from '../plan/rollout.ts';
import type { Plan } from '../plan/schema.ts';

/** How a job is carried out, as its plan says, with what stands for all that it leaves out. */
export interface JobSettings {
  handover: Handover;
  /** How long a proof of a tunnel may take. What is to be proved stands with each wish. */
  verifyTimeoutSeconds: number;
  rollout: {
    /**
     * How many changes are begun by the end of each batch, rising, the last one the job's total; null while that is not known.
     */
    batches: readonly number[] | null;
    batchPause: BatchPause;
    slowStart: boolean;
    redundancy: Redundancy;
  };
  /** ISO 8601 UTC; null: open on that side. */
  window: { notBefore: string | null; notAfter: string | null };
  /** How many different approvers must agree. */
  approvalsRequired: number;
}

/** What of its job's settings decides how one change is handed over, proved and taken back. */
export interface ChangeTerms extends Handover {
  verifyTimeoutSeconds: number;
  onFailure: FailureReaction;
}

/** The settings of a plan's job; `batches` as counted, null while selectors are to be resolved. */
export function settingsOf(plan: Plan, batches: readonly number[] | null): JobSettings {
  const { batchPause, slowStart, redundancy } = plan.rollout;
  return {
    handover: plan.handover ?? usualHandover,
    verifyTimeoutSeconds: (plan.verify ?? usualVerify).timeoutSeconds,
    rollout: {
      batches,
      batchPause,
      slowStart,
      redundancy,
    },
    window: {
      notBefore: plan.window?.notBefore ?? null,
      notAfter: plan.window?.notAfter ?? null,
    },
    approvalsRequired: plan.approval?.required ?? 0,
  };
}

/** What a tunnel has to show after a change of what both sides must agree on. */
export function tunnelProofOf({ verify }: Pick<Plan, 'verify'>): TunnelProof {
  return verify?.tunnel ?? 'if-up-before';
}
