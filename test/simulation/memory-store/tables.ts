import type { ChangeRecord } from '../../../shared/change/record.ts';
import { isFinalChange } from '../../../shared/change/state.ts';
import type { RedundancyMember } from '../../../shared/connection/redundancy.ts';
import type { StoredEvent } from '../../../shared/job/job-store.ts';
import type { JobRecord, NewJob, StoredIntent } from '../../../shared/job/record.ts';
import type { ClaimedLane, UnresolvedSelector } from '../../../shared/lane/lane-store.ts';
import type { Clock } from '../../../shared/platform/clock.ts';

/** A job without what follows from its changes. */
export interface StoredJob extends Omit<JobRecord, 'counts' | 'hold'> {
  plan: unknown;
  onFailure: NewJob['failurePolicy']['onFailure'];
  settings: NewJob['settings'];
  maxErrors: number;
  maxInFlight: number;
  /** How many of its changes were latent as they ended and are refuted since. */
  refuted: number;
  /** Nothing more of it starts. */
  isStopping: boolean;
  /** Changes with a lower place may start; null: all. */
  openUntil: number | null;
  pauseReason: string | null;
  /** It stops because its window is over. */
  isWindowClosed: boolean;
  /** When it is cancelled unless it was approved. */
  approveBy: number | null;
  approvals: Map<string, StoredApproval>;
  rejectedBy: string | null;
  /** What happened to it as a whole. */
  events: JobEvent[];
  rollout: NonNullable<NewJob['selection']>['rollout'] | null;
  intents: readonly StoredIntent[];
  selectors: StoredJobSelector[];
  regions: StoredRegion[];
}

/** Somebody's approval, or that he asks for what it takes. */
export interface StoredApproval {
  digest: string;
  askedAt: number;
  givenAt: number | null;
}

/** An event of a job's own chain. */
export type JobEvent = Omit<StoredEvent, 'kind'> & { kind: string };

export interface StoredJobSelector extends UnresolvedSelector {
  regionId: string;
  isResolved: boolean;
  refusal: string | null;
}

/** The part of a job that lies in one region. */
export interface StoredRegion {
  regionId: string;
  firstTriedAt: number | null;
  isResolved: boolean;
}

/** A change with its place. Records are replaced, never changed: what was handed out stays as it was. */
export interface StoredChange {
  record: ChangeRecord;
  /** Its job's place in the order of acceptance. */
  position: number;
  intentNumber: number;
  /** Where its connection leads to; null until it is resolved. */
  leadsTo: RedundancyMember | null;
  /** Whether it has taken its place on its connection. */
  isReleased: boolean;
  /** When it goes on, while it waits half done off its lane. */
  resumeAt: number | null;
  /** When its keys are erased; null while that is not known. */
  keysKeptUntil: number | null;
  events: StoredEvent[];
}

export interface StoredLane {
  laneKey: string;
  kind: ClaimedLane['kind'];
  regionId: string;
  /** Null = nothing to do, past = claimable, future = leased or waiting. */
  dueAt: number | null;
  epoch: number;
  worker: string | null;
  /** The change begun and not ended. */
  changeId: string | null;
}

/** A key of one actor, and the job that it found first. */
export interface StoredKey {
  planHash: string;
  jobId: string;
  createdAt: number;
}

/** Everything that the stores keep, in the order in which it came. One clock stamps it. */
export class Tables {
  readonly clock: Pick<Clock, 'now'>;
  readonly jobs = new Map<string, StoredJob>();
  readonly changes = new Map<string, StoredChange>();
  readonly lanes = new Map<string, StoredLane>();
  readonly keys = new Map<string, StoredKey>();
  /** Makes the epochs of errands differ. */
  errandsOpened = 0;
  readonly #changesOfJob = new Map<string, StoredChange[]>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  now(): number {
    return this.clock.now();
  }

  stamp(): string {
    return new Date(this.now()).toISOString();
  }

  /** Forgets everything. */
  empty(): void {
    for (const table of [this.jobs, this.changes, this.lanes, this.keys, this.#changesOfJob])
      table.clear();
  }

  addChange(change: StoredChange): void {
    const { id, jobId } = change.record;
    this.changes.set(id, change);
    const siblings = this.#changesOfJob.get(jobId) ?? [];
    this.#changesOfJob.set(jobId, siblings);
    siblings.push(change);
  }

  /** A job's changes in plan order. */
  changesOf(jobId: string): readonly StoredChange[] {
    const changes = this.#changesOfJob.get(jobId) ?? [];
    return changes.sort((a, b) => a.record.seq - b.record.seq);
  }

  /** All changes that are not over, of every job that is not. */
  unfinished(): readonly StoredChange[] {
    return [...this.jobs.values()]
      .filter(({ finishedAt }) => finishedAt === null)
      .flatMap(({ id }) => this.#changesOfJob.get(id) ?? [])
      .filter(({ record }) => !isFinalChange(record.state));
  }

  /** The lane of this key, made idle when it is new. */
  laneOf(laneKey: string, regionId: string): StoredLane {
    const known = this.lanes.get(laneKey);
    if (known) return known;
    const lane: StoredLane = {
      laneKey,
      kind: kindOf(laneKey),
      regionId,
      dueAt: null,
      epoch: 0,
      worker: null,
      changeId: null,
    };
    this.lanes.set(laneKey, lane);
    return lane;
  }

  /** Whether somebody holds the lane under this very epoch. */
  isHeld({ laneKey, epoch }: { laneKey: string; epoch: number }): boolean {
    return this.lanes.get(laneKey)?.epoch === epoch;
  }

  journalOnJob({ events }: StoredJob, kind: string, data: JobEvent['data']): void {
    events.push({ number: events.length + 1, at: this.stamp(), kind, data });
  }

  journal(change: StoredChange, kind: StoredEvent['kind'], data: StoredEvent['data']): void {
    change.events.push({ number: change.events.length + 1, at: this.stamp(), kind, data });
  }
}

function kindOf(laneKey: string): StoredLane['kind'] {
  const kind = laneKey.split(':')[0];
  return kind === 'gateway' || kind === 'region' || kind === 'job' || kind === 'change'
    ? kind
    : 'connection';
}
