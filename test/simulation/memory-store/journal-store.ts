import { type ChainedEvent, linkHash } from '../../../shared/journal/chain.ts';
import {
  type EndedJob,
  type JournalStore,
  type PlacedEvent,
  type SealedJournal,
  sealingLaneOf,
} from '../../../shared/journal/journal-store.ts';
import { compareText, countsOf } from './queues.ts';
import type { StoredChange, StoredJob, Tables } from './tables.ts';

/** The journal in memory: chains are worked out when they are read. */
export function createMemoryJournalStore(
  tables: Tables,
  seals: Map<string, SealedJournal>,
): JournalStore {
  return {
    async readEvents({ jobId, after, limit }) {
      const placed = tables.changesOf(jobId).flatMap((change): PlacedEvent[] => {
        const { seq } = change.record;
        return chainOf(change).map((event) => ({ place: { seq, number: event.number }, event }));
      });
      const isAfter = ({ place }: PlacedEvent): boolean =>
        after === null ||
        place.seq > after.seq ||
        (place.seq === after.seq && place.number > after.number);
      return placed.filter(isAfter).slice(0, limit);
    },
    async readNeighbours({ jobId, after, limit }) {
      const events = neighboursOf(tables, jobId)
        .sort((a, b) => compareText(a.record.id, b.record.id))
        .flatMap(chainOf);
      const isAfter = ({ changeId, number }: ChainedEvent): boolean =>
        after === null ||
        compareText(changeId, after.changeId) > 0 ||
        (changeId === after.changeId && number > after.number);
      return events.filter(isAfter).slice(0, limit);
    },
    async getEnded(jobId) {
      const job = tables.jobs.get(jobId);
      return job?.finishedAt ? endedJob(tables, job, job.finishedAt) : null;
    },
    getSealed: async (jobId) => seals.get(jobId) ?? null,
    async saveSealed(lease, jobId, sealed) {
      if (!tables.isHeld(lease)) return false;
      tables.lanes.delete(lease.laneKey);
      if (!seals.has(jobId)) seals.set(jobId, sealed);
      return true;
    },
  };
}

/** Has a job that has just ended sealed as soon as somebody finds the time. */
export function callForSeal(tables: Tables, { id }: StoredJob): void {
  tables.laneOf(sealingLaneOf(id), '').dueAt = tables.now();
}

function chainOf({ record, events }: StoredChange): readonly ChainedEvent[] {
  let head: string | null = null;
  return events.map((stored): ChainedEvent => {
    const event = { changeId: record.id, ...stored, hash: null };
    head = linkHash(head, event);
    return { ...event, hash: head };
  });
}

/** Changes of other jobs that were at work on lanes of this one while it ran. */
function neighboursOf(tables: Tables, jobId: string): StoredChange[] {
  const job = tables.jobs.get(jobId);
  const lanes = new Set(tables.changesOf(jobId).map(({ record }) => record.laneKey));
  return [...tables.changes.values()].filter(
    ({ record }) =>
      record.jobId !== jobId &&
      lanes.has(record.laneKey) &&
      record.startedAt !== null &&
      record.startedAt <= (job?.finishedAt ?? '') &&
      (record.finishedAt === null || record.finishedAt >= (job?.startedAt ?? '')),
  );
}

function endedJob(tables: Tables, job: StoredJob, finishedAt: string): EndedJob {
  const { id, state, planDigest, maxInFlight: concurrency, maxErrors, onFailure } = job;
  return {
    id,
    state,
    finishedAt,
    planDigest,
    counts: countsOf(tables, id),
    rules: { concurrency, maxErrors, onFailure },
    countedEvents: tables.changesOf(id).reduce((sum, { events }) => sum + events.length, 0),
    readAt: tables.stamp(),
  };
}
