import type { MaskedValues } from '../connection/mask.ts';
import type { AttachType } from '../connection/model.ts';
import type { CloudErrorClass } from '../connection/vpn-api.ts';
import type { ChangeState, ChangeStep } from './state.ts';

/** One difference, ready to be shown: keys as `***`, an unknown old value as `null`. */
export interface DiffEntry {
  path: string;
  from: string | number | boolean | null;
  to: string | number | boolean;
}

/** Why a change last failed or had to wait, safe to show. */
export interface ChangeError {
  code: string;
  class:
    | CloudErrorClass
    | 'changed_elsewhere'
    | 'base_moved'
    | 'not_applied'
    | 'timeout'
    | 'refused';
  message: string;
  requestId: string | null;
}

/** What a change is and never stops being. */
export interface ChangeIdentity {
  id: string;
  jobId: string;
  /** Place in the plan, from 0. */
  seq: number;
  regionId: string;
  vpnConnectionId: string;
}

/** What a worker learns and decides about a change; written as a whole with each step. */
export interface ChangeProgress {
  state: ChangeState;
  step: ChangeStep | null;
  /** Requests sent, repeats of one with an unknown fate included. */
  attempts: number;
  /** Definite refusals that may pass later; each makes the next request a new one with a new token. */
  refusals: number;
  diff: readonly DiffEntry[];
  /** The fields as found when resolved, then as read just before the write. */
  base: MaskedValues | null;
  /** The key of `base`, sealed for this change. */
  sealedBaseKey: string | null;
  /** Keyed digest of the request before it is first sent. */
  requestDigest: string | null;
  clientToken: string | null;
  /** The fingerprint of what the connection became; set when the change succeeds. */
  resultFingerprint: string | null;
  lastError: ChangeError | null;
}

/** A change as stored. `laneKey` and `attachType` are null until its job is resolved. */
export interface ChangeRecord extends ChangeIdentity, ChangeProgress {
  laneKey: string | null;
  attachType: AttachType | null;
  /** ISO 8601, by the store's clock: when it was first started, when its request was first about to be sent, its end. */
  startedAt: string | null;
  sentAt: string | null;
  finishedAt: string | null;
}

/** What happened to a change, for the append-only journal. `data` never holds a key. */
export interface JournalEvent {
  kind:
    | 'resolved'
    | 'started'
    | 'requeued'
    | 'prepared'
    | 'accepted'
    | 'unknown_fate'
    | 'not_applied'
    | 'finished';
  data: Readonly<Record<string, unknown>>;
}
