import type { ChangeState } from '../change/state.ts';
import type { FieldValues } from '../connection/values.ts';
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
  total: number;
  counts: ChangeCounts;
  reason: string | null;
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
  /** Whether the plan accepts an interruption of tunnels. */
  acceptOutage: boolean;
}

/** What happens when changes fail: go on, or stop after more than `maxErrors`. */
export interface FailurePolicy {
  onFailure: 'stop' | 'continue';
  maxErrors: number;
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
  intents: readonly StoredIntent[];
  /** In plan order. */
  changes: readonly {
    id: string;
    regionId: string;
    vpnConnectionId: string;
    intentNumber: number;
  }[];
  /** Present when the caller gave an `Idempotency-Key`; `planHash` is a keyed digest of the plan. */
  idempotency: { key: string; planHash: string } | null;
}
