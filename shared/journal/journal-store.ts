import type { ChangeCounts } from '../job/record.ts';
import type { JobState } from '../job/state.ts';
import type { Lease } from '../lane/lane-store.ts';
import type { ChainedEvent } from './chain.ts';
import type { Seal, SignedSeal } from './seal.ts';
import type { Verification } from './verification.ts';

/** The place of the job's own chain, which holds what was ordered: before all changes. */
export const ordersSeq = -1;

/** An event's place in its job's journal: the change's place in the plan, and the event's among those of the change. */
export interface JournalPlace {
  seq: number;
  number: number;
}

/** An event with its place. */
export interface PlacedEvent {
  place: JournalPlace;
  event: ChainedEvent;
}

/** A job that has ended, and what its changes themselves say of their events. Times are ISO 8601 UTC. */
export interface EndedJob {
  id: string;
  state: JobState;
  finishedAt: string;
  planDigest: string | null;
  counts: ChangeCounts;
  rules: Seal['rules'];
  /** How many events the job's changes counted, whatever the journal holds. */
  countedEvents: number;
  /** The store's time when it answered. */
  readAt: string;
}

/** What is kept of a job's journal when the job has ended. */
export interface SealedJournal extends SignedSeal {
  verification: Verification;
}

/** The journal as it is read, verified and sealed; it is written with the changes, by their store. */
export interface JournalStore {
  /** A job's events in plan order, those of a change by their numbers, from the one after `after`. */
  readEvents(query: {
    jobId: string;
    after: JournalPlace | null;
    limit: number;
  }): Promise<readonly PlacedEvent[]>;
  /**
   * The events of other jobs' changes that were begun and not ended on the same lanes while the job ran, by change and
   * number, from the one after `after`.
   */
  readNeighbours(query: {
    jobId: string;
    after: Pick<ChainedEvent, 'changeId' | 'number'> | null;
    limit: number;
  }): Promise<readonly ChainedEvent[]>;
  /** The job if it has ended. */
  getEnded(jobId: string): Promise<EndedJob | null>;
  getSealed(jobId: string): Promise<SealedJournal | null>;
  /**
   * Keeps the seal, in the place of an earlier one, and gives up the job's lane. False when the lease was lost, or when more events
   * were counted meanwhile than `countedEvents`, so that the job is to be sealed again: nothing was written.
   */
  saveSealed(
    lease: Lease,
    jobId: string,
    sealed: SealedJournal & { countedEvents: number },
  ): Promise<boolean>;
}

const lanePrefix = 'job:';

/** The lane on which a job itself is tended: its times come there, and in the end it is sealed. */
export function jobLaneOf(jobId: string): string {
  return `${lanePrefix}${jobId}`;
}

/** The job that is tended on a lane. */
export function jobOnLane(laneKey: string): string {
  return laneKey.slice(lanePrefix.length);
}
