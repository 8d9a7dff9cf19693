import type { ChangeRecord, JournalEvent } from '../change/record.ts';
import type { ChangeState } from '../change/state.ts';
import type { QueuePlace } from './queue-place.ts';
import type { JobRecord, NewJob, RestoredJob, RetriedJob } from './record.ts';
import type { JobSettings } from './settings.ts';
import type { JobState } from './state.ts';

/** What became of an acceptance. */
export type AcceptOutcome =
  | { kind: 'created'; jobId: string }
  /** The same actor sent the same key and plan before: that job. */
  | { kind: 'repeated'; jobId: string }
  /** The same actor sent the same key with another plan. */
  | { kind: 'key_reused' };

/** What stands before a waiting change. */
export interface ChangeView extends ChangeRecord {
  /** The change now in flight on its lane, when it is another one. */
  laneChange: { id: string; jobId: string } | null;
  /** The change in flight whose connection backs its own up, so that it keeps out of the way; only where it waits to start. */
  companion: { id: string; jobId: string; vpnConnectionId: string } | null;
  /** Why nothing of its job starts, when somebody paused it. */
  pauseReason: string | null;
  /** The freeze that ends last of those it lies in; only where it waits to start. `until` is ISO 8601. */
  freeze: { name: string; reason: string; until: string } | null;
  /** What else stands before it; null when it does not wait to begin. */
  queue: QueuePlace | null;
  /** Milliseconds until its lane is looked at again, when that is in the future. */
  laneDueInMs: number | null;
}

/** A journal event as stored. */
export interface StoredEvent extends JournalEvent {
  /** From 1, without gaps for each change. */
  number: number;
  /** ISO 8601. */
  at: string;
}

/** Jobs and their changes, as submitters write and readers see them. Raises `unavailable` when the database cannot be reached. */
export interface JobStore {
  /** Stores the job with all its changes in one transaction, or finds the one that the key names. Keys are kept 7 days. */
  accept(job: NewJob): Promise<AcceptOutcome>;
  /** What an acceptance of a job with this key would find; null when it would make a job. */
  acceptedBefore(
    asked: Pick<NewJob, 'createdBy' | 'idempotency'>,
  ): Promise<Exclude<AcceptOutcome, { kind: 'created' }> | null>;
  get(jobId: string): Promise<JobRecord | null>;
  /** How the job is carried out; null when there is none of that id. */
  settings(jobId: string): Promise<JobSettings | null>;
  /** What it takes to retry a job, whatever its state; null when there is none of that id. */
  retryable(jobId: string): Promise<RetriedJob | null>;
  /** What it takes to restore what a job's changes replaced, or one of them did; null when there is no such job. */
  restorable(jobId: string, changeId: string | null): Promise<RestoredJob | null>;
  /** Newest first; `before` is the position of the last one seen. */
  list(query: {
    states: readonly JobState[] | null;
    limit: number;
    before: number | null;
  }): Promise<readonly JobRecord[]>;
  /** In plan order; `after` is the seq of the last one seen. */
  listChanges(query: {
    jobId: string;
    states: readonly ChangeState[] | null;
    limit: number;
    after: number | null;
  }): Promise<readonly ChangeView[]>;
  getChange(jobId: string, changeId: string): Promise<ChangeView | null>;
  /** The journal of one change, oldest first. */
  listEvents(changeId: string): Promise<readonly StoredEvent[]>;
  /** Resolves when the database answers and its schema is the one this code needs. */
  ping(): Promise<void>;
}
