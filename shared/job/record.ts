import type { ChangeRecord } from '../change/record.ts';
import type { ChangeState } from '../change/state.ts';
import type { MaskedValues } from '../connection/mask.ts';
import type { TunnelProof } from '../connection/tunnel-proof.ts';
import type { FieldValues } from '../connection/values.ts';
import { batchFaults, countedBatches } from '../plan/batches.ts';
import type { FailureReaction } from '../plan/rollout.ts';
import type { Selector } from '../plan/selector.ts';
import { atLeastOneOf, atMostOf, type Share } from '../plan/share.ts';
import type { Hold } from './hold.ts';
import type { JobSettings } from './settings.ts';
import type { JobState } from './state.ts';

/** How many changes of a job are in each state. */
export type ChangeCounts = Readonly<Record<ChangeState, number>>;

/** A job as stored. Times are ISO 8601 UTC. */
export interface JobRecord {
  id: string;
  /** Place in the order of acceptance. */
  position: number;
  title: string;
  state: JobState;
  createdAt: string;
  createdBy: string;
  startedAt: string | null;
  finishedAt: string | null;
  planDigest: string | null;
  /** Null while it is not known how many connections the plan's selectors take. */
  total: number | null;
  counts: ChangeCounts;
  reason: string | null;
  /** What it waits for before it takes its place. */
  hold: Hold | null;
  /** The job of which it takes up what did not succeed. */
  retryOf: string | null;
  /** The job whose changes it takes back; also where it takes up what did not succeed of such a job. */
  rollbackOf: string | null;
  /** The schedule that it came of. */
  scheduleName: string | null;
}

/** The wish of some targets: what to set. Keys are sealed for the job, all else is in clear. */
export interface StoredIntent {
  /** From 0; changes name their intent by it. */
  number: number;
  /** The wanted fields without the keys; a tunnel's under the names that the plan gives it. */
  fields: FieldValues;
  /** The wanted keys by their paths, sealed; empty when the plan names none. */
  sealedKeys: Readonly<Record<string, string>>;
  /** Keyed digests of the wanted keys by the same paths, for the plan's digest. */
  keyDigests: Readonly<Record<string, string>>;
  /** Of how many characters a fresh key is made for each tunnel; null when none is. */
  rotatePsk: number | null;
  /** Whether the plan accepts an interruption of tunnels. */
  acceptOutage: boolean;
  /** What a tunnel has to show after a change of what both sides must agree on. */
  tunnelProof: TunnelProof;
  /**
   * What has to stand where these values come back, by the same paths, keys as keyed digests; null for a plan's wishes, which
   * take the place of whatever stands.
   */
  expected: MaskedValues | null;
}

/** What happens when changes fail: go on, or stop after more than `maxErrors`, and whether the failed ones are restored. */
export interface FailurePolicy {
  onFailure: FailureReaction;
  maxErrors: number;
}

/** What a plan says of how much at once and how many errors, in counts or percentages. */
export interface RolloutShares {
  concurrency: Share;
  maxErrors: Share;
  /** Cumulative. */
  batches: readonly Share[];
}

/** The rollout of a job with so many changes, in counts. */
export function countedRollout(
  rollout: RolloutShares,
  total: number,
): { maxInFlight: number; maxErrors: number; batches: readonly number[] } {
  return {
    maxInFlight: atLeastOneOf(rollout.concurrency, total),
    maxErrors: atMostOf(rollout.maxErrors, total),
    batches: countedBatches(rollout.batches, total),
  };
}

/**
 * Why a job with so many changes cannot have its rollout, as a sentence without its end; null when it can. Batches that mix
 * numbers and percentages can be compared only now.
 */
export function rolloutRefusal({ batches }: RolloutShares, total: number): string | null {
  const [fault] = batchFaults(batches, total);
  return fault === undefined ? null : `/rollout/batches/${fault.index} ${fault.message}`;
}

/** A target that selects its connections; they are known when its region is resolved. */
export interface StoredSelector {
  /** Place among the plan's targets, from 0. */
  place: number;
  intentNumber: number;
  select: Selector;
}

/** Another job that one comes of, who wants that and why. */
export interface FollowUp {
  jobId: string;
  actor: string;
  reason: string | null;
}

/** A job at the moment of its acceptance: everything that must be stored before the caller hears 202. */
export interface NewJob {
  id: string;
  title: string;
  createdBy: string;
  /** The plan as it may be shown: keys as `***`. */
  plan: unknown;
  failurePolicy: FailurePolicy;
  /** Most changes in flight at once. */
  maxInFlight: number;
  settings: JobSettings;
  intents: readonly StoredIntent[];
  /** In plan order, by rising `seq`: from 0 without gaps, or with the room that selectors need. */
  changes: readonly {
    id: string;
    seq: number;
    regionId: string;
    vpnConnectionId: string;
    intentNumber: number;
  }[];
  /** What is selected instead of named, and the rollout to be counted when that is known; null when all is named. */
  selection: {
    selectors: readonly (StoredSelector & { regionId: string })[];
    rollout: RolloutShares;
  } | null;
  /** The schedule that it comes of, and what that says of it; null when it was submitted. */
  schedule: {
    name: string;
    /** When it should run, ISO 8601 UTC: once for each schedule. Null when it is run by hand. */
    plannedAt: string | null;
    /** ISO 8601 duration: connections whose key was changed since are left. */
    minAge: string | null;
  } | null;
  /** The job of which it takes up what did not succeed, who wants that and why; null when it is a plan's first. */
  retryOf: FollowUp | null;
  /** The job whose changes it takes back, who wants that and why; null for all other jobs. */
  rollbackOf: FollowUp | null;
  /** Present when the caller gave an `Idempotency-Key`; `planHash` is a keyed digest of the plan. */
  idempotency: { key: string; planHash: string } | null;
  /** Where its trace began (W3C Trace Context); null when nobody records one. */
  traceparent: string | null;
}

/** What a job was made of. */
export interface StoredPlan
  extends Pick<JobRecord, 'id' | 'title' | 'state' | 'createdBy' | 'rollbackOf'> {
  /** The plan as it may be shown. */
  plan: unknown;
  onFailure: NewJob['failurePolicy']['onFailure'];
  settings: JobSettings;
  intents: readonly StoredIntent[];
  /** How many jobs that took it up, once more or back, have ended. */
  followed: number;
}

/** What a job was made of, and what of it did not come to its end. */
export interface RetriedJob extends StoredPlan {
  /** Changes that failed, were taken back or cancelled, in plan order. */
  changes: readonly Omit<NewJob['changes'][number], 'id'>[];
  /** Selectors that were refused, or not looked at. */
  selectors: readonly (StoredSelector & { regionId: string })[];
}

/** What a job was made of, and what of it can be restored. */
export interface RestoredJob extends StoredPlan {
  /** Changes that succeeded after they had replaced something, in plan order. */
  changes: readonly (ChangeRecord & { intentNumber: number })[];
}
