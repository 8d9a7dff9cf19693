import type {
  ChangeError,
  ChangeProgress,
  ChangeRecord,
  ChangeTunnel,
  DiffEntry,
  JournalEvent,
} from '../change/record.ts';
import type { MaskedValues } from '../connection/mask.ts';
import type { AttachType } from '../connection/model.ts';
import type { RedundancyMember } from '../connection/redundancy.ts';
import type { StoredIntent, StoredSelector } from '../job/record.ts';
import type { ChangeTerms } from '../job/settings.ts';
import type { ResolvedPlan } from '../plan/plan-digest.ts';

/** The right to advance one lane, until it is given up or the lease ends. A later claim has a higher epoch. */
export interface Lease {
  laneKey: string;
  epoch: number;
}

/** A change with what it wants. */
export interface Assignment {
  change: ChangeRecord;
  intent: StoredIntent;
  terms: ChangeTerms;
  /** What our own last successful change left on this connection; a base like that was moved by us. */
  ownFingerprint: string | null;
  /** Ids of the tunnels that it left latent, as far as is known by now. */
  ownLatent: readonly string[];
}

/**
 * A lane that was due and is now this worker's. `region` lanes carry the resolving of a region's jobs, `job` lanes the times of
 * a job and its sealing when it has ended, `change` lanes what one change does off its lane, `notice` lanes what somebody is to be
 * told; the others carry changes. `assignment` is the change that somebody began and did not end, if any.
 */
export interface ClaimedLane extends Lease {
  kind: 'gateway' | 'connection' | 'region' | 'job' | 'change' | 'notice';
  /** Empty for a lane of a job or a notice, which is in no region. */
  regionId: string;
  assignment: Assignment | null;
  /** Waiting changes behind it; the longest lanes go first where calls are scarce. */
  backlog: number;
}

/** What the lane does after an update is written. */
export type Continuation =
  /** Keep the lease and go on with the same change. */
  | { kind: 'keep' }
  /** Keep the lease and take the next startable change, or give the lane back when there is none. */
  | { kind: 'next' }
  /** Give the lane back until it is due again. A change in progress stays with the lane. */
  | ({ kind: 'release' } & Due)
  /** Give the lane back until it is due again, and its change to the queue. */
  | ({ kind: 'requeue' } & Due)
  /**
   * Keep the lease and take the next startable change, as with `next`. The change, half done, waits without lane or slot
   * and goes on before others of the lane once so much time has passed.
   */
  | ({ kind: 'wait' } & Due);
// A lane of kind `change` carries no other change: `next` means that there is nothing left to do on it, and with `requeue` and
// `wait` its change goes back to the lane that it was on.

/**
 * When a lane is due again: after so many milliseconds, and then on the next tick that comes every `tickMs`, when given.
 * Ticks are the store's, so that lanes of all workers fall due together and one read serves them.
 */
export interface Due {
  dueInMs: number;
  tickMs?: number;
}

/** One step's result: the change as it is now, what to journal, and what the lane does next. */
export interface LaneUpdate extends Lease {
  change: (ChangeProgress & { id: string; jobId: string }) | null;
  events: readonly JournalEvent[];
  afterwards: Continuation;
  /**
   * The change has something to do off its lane, from then on. With `next` and a state that is not final it leaves the lane for
   * that; a change that ended may have something left too.
   */
  errand?: Due;
  /** From now on, the change's keys are kept for so long (ISO 8601 duration) and then erased. */
  keysKeptFor?: string;
  /** The change failed as nobody could have helped, so that its job, which takes another one back, bears it beyond `maxErrors`. */
  isBorne?: boolean;
  /** The whole job stops, whatever its failure policy (no permission, no valid credentials). */
  stopsJob?: string;
}

/** What became of an update. */
export type UpdateOutcome =
  /** The lease was lost; nothing of the update was written. */
  | { kind: 'lost' }
  | { kind: 'written' }
  /** The lane is kept and this change was started on it. */
  | { kind: 'next'; assignment: Assignment };

/** What there is to do for a job on its lane: it is to be sealed, nothing until its next time comes, or the lease was lost. */
export type JobDuty = 'seal' | 'later' | 'lost';

/** The lanes: what is claimed, leased and fenced. All times are the database's. */
export interface LaneStore {
  /** Leases up to `limit` due lanes. `nextDueInMs` says when the next other lane is due; null when none is. */
  claim(request: {
    worker: string;
    limit: number;
    leaseSeconds: number;
  }): Promise<{ lanes: readonly ClaimedLane[]; nextDueInMs: number | null }>;
  /**
   * Writes many updates in one transaction, each guarded by its lane's epoch, each with its journal events. Outcomes come
   * in the order of the updates; `woke` says whether other lanes became due because of them.
   */
  record(
    updates: readonly LaneUpdate[],
    lease: { worker: string; leaseSeconds: number },
  ): Promise<{ outcomes: readonly UpdateOutcome[]; woke: boolean }>;
  /** Prolongs leases; answers with those already lost. */
  renew(leases: readonly Lease[], leaseSeconds: number): Promise<readonly Lease[]>;
  /**
   * Does for the job of a `job` lane what the time has come for: lets it begin when its window opens, cancels what waits when the
   * window is over or nobody approved the job in time. A job that has ended is to be sealed; otherwise the lane is given back.
   */
  tendJob(lease: Lease, jobId: string): Promise<JobDuty>;
  /** Erases keys of changes that are kept no longer; answers how many changes those were. */
  eraseKeys(): Promise<number>;
  /** Takes back leases that ran out, and makes idle lanes due that have something to start (a wake-up was lost). */
  repair(): Promise<{ reclaimed: number; roused: number; nextDueInMs: number | null }>;
}

/** A target waiting to be resolved. */
export interface UnresolvedChange {
  id: string;
  seq: number;
  vpnConnectionId: string;
  intentNumber: number;
  /** Whether no other change of the job comes before it on its connection. */
  isFirst: boolean;
}

/** What resolving found for one change: its lane and base, or why it is refused. */
export type Resolution =
  | {
      kind: 'found';
      id: string;
      laneKey: string;
      attachType: AttachType;
      base: MaskedValues;
      tunnels: readonly ChangeTunnel[];
      diff: readonly DiffEntry[];
      /** Where the connection leads to, before and after the change. */
      leadsTo: RedundancyMember;
      /** Codes of what its author should know, each once, as in a preview. */
      warnings: readonly string[];
    }
  | { kind: 'refused'; id: string; error: ChangeError };

/** A selector waiting to be resolved. */
export type UnresolvedSelector = StoredSelector;

/** What a selector took: the changes that come of it, or why nothing does. */
export interface Selection {
  place: number;
  /** How the sentence goes on that begins with the selector's path; null when changes come of it. */
  refusal: string | null;
  /** By rising `seq`. */
  changes: readonly { id: string; seq: number; vpnConnectionId: string }[];
}

/** The part of one job that lies in one region, still to be resolved. */
export interface RegionWork {
  jobId: string;
  /** Milliseconds since resolving it was first tried, by the database's clock. */
  triedForMs: number;
  intents: readonly StoredIntent[];
  changes: readonly UnresolvedChange[];
  selectors: readonly UnresolvedSelector[];
}

/** Resolving: jobs of a region in the order of acceptance, under the lease of the region's lane. */
export interface ResolveStore {
  /** The oldest job with unresolved targets in the region. */
  nextInRegion(regionId: string): Promise<RegionWork | null>;
  /**
   * Stores what selectors took as changes that are still to be resolved; selectors that were resolved before are left as
   * they are. False when the lease was lost: nothing was written.
   */
  saveSelections(lease: Lease, jobId: string, selections: readonly Selection[]): Promise<boolean>;
  /** Stores resolutions of some changes. False when the lease was lost: nothing was written. */
  saveResolutions(
    lease: Lease,
    jobId: string,
    resolutions: readonly Resolution[],
  ): Promise<boolean>;
  /**
   * Marks the region's part as resolved. When it was the job's last, its changes are numbered without gaps and counted, and
   * the job ends (refusals under `stop`), or is released: its changes take their places on their connections and lanes. `digest` makes the plan's digest from what was stored.
   * False when the lease was lost.
   */
  finishRegion(
    lease: Lease,
    work: { jobId: string; regionId: string },
    digest: (found: ResolvedPlan) => string,
  ): Promise<boolean>;
}
