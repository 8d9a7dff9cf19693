import type { MaskedValues } from '../connection/mask.ts';
import type { AttachType, Tunnel } from '../connection/model.ts';
import type { ChangePart, CloudErrorClass } from '../connection/vpn-api.ts';
import type { HandoverProgress, Verdict } from './handover.ts';
import type { ChangeState, ChangeStep } from './state.ts';

/** One difference, ready to be shown: its path in the cloud's spelling, keys as `***`, an unknown old value as `null`. */
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
    | 'tunnel_down'
    | 'window_closed'
    | 'handover'
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

/** A tunnel of a dual-tunnel connection, as last read, with what it must be again before the other one is touched. */
export interface ChangeTunnel extends Tunnel {
  /** Whether it was up before this change turned to it; null while it has not. */
  wasUp: boolean | null;
  /** Since when the change has seen it down where it must be up, ISO 8601; null while it is up, or nothing waits for it. */
  downSince: string | null;
  /** What it shows of its new values; null while nothing is asked of it. */
  verdict: Verdict | null;
}

/** What a worker learns and decides about a change; written as a whole with each step. */
export interface ChangeProgress {
  state: ChangeState;
  step: ChangeStep | null;
  /** Requests sent, repeats of one with an unknown fate included. */
  attempts: number;
  /** Those of them that were for parts already applied; parts of a dual-tunnel change are written one after the other. */
  settledAttempts: number;
  /** Definite refusals that may pass later; each makes the next request a new one with a new token. */
  refusals: number;
  diff: readonly DiffEntry[];
  /** The fields as found when resolved, then as read just before each part is written; with what is write-only once sent. */
  base: MaskedValues | null;
  /** The keys of `base` by their paths, sealed for this change as soon as a write is prepared. */
  sealedBaseKeys: Readonly<Record<string, string>>;
  /** Keys made for this change by their places, sealed: made once, before anybody hears of them. */
  sealedMadeKeys: Readonly<Record<string, string>>;
  /** The keys that it replaces by their places, sealed: what it takes to go back. */
  sealedPreviousKeys: Readonly<Record<string, string>>;
  handover: HandoverProgress;
  /** The worst of its tunnels; null while nothing is asked of them. */
  verdict: Verdict | null;
  /** Both tunnels of a dual-tunnel connection; empty for a single-tunnel one, and until it is resolved. */
  tunnels: readonly ChangeTunnel[];
  /** The part that the stored request is for; null while there is none. */
  part: ChangePart | null;
  /** Keyed digest of the request before it is first sent. */
  requestDigest: string | null;
  clientToken: string | null;
  /**
   * The fingerprint of what the connection became, which is like none where somebody else changed something beside; set when the
   * change succeeds, or fails and something of it stands.
   */
  resultFingerprint: string | null;
  lastError: ChangeError | null;
}

/** A change as stored. `laneKey` and `attachType` are null until its job is resolved. */
export interface ChangeRecord extends ChangeIdentity, ChangeProgress {
  laneKey: string | null;
  attachType: AttachType | null;
  /**
   * ISO 8601, by the store's clock: when it was first started, when its request was first about to be sent, when a part of
   * it was last seen applied while others were left, its end.
   */
  startedAt: string | null;
  sentAt: string | null;
  partAppliedAt: string | null;
  finishedAt: string | null;
}

/** What can happen to a change. */
export const eventKinds = [
  'resolved',
  'started',
  'requeued',
  'prepared',
  'accepted',
  'unknown_fate',
  'not_applied',
  'part_applied',
  'waiting',
  'keys_made',
  'handing_over',
  'delivered',
  'acknowledged',
  'proving',
  'verdict',
  'reverting',
  'promoted',
  'withdrawn',
  'superseded',
  'taken_back',
  'finished',
  'retried',
] as const;

/** What happened to a change, for the append-only journal. `data` never holds a key. */
export interface JournalEvent {
  kind: (typeof eventKinds)[number];
  data: Readonly<Record<string, unknown>>;
}
