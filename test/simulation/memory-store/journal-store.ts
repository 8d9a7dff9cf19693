import { type ChainedEvent, linkHash } from '../../../shared/journal/chain.ts';
import {
  type EndedJob,
  type JournalStore,
  jobLaneOf,
  ordersSeq,
  type PlacedEvent,
  type SealedJournal,
} from '../../../shared/journal/journal-store.ts';
import { compareText, countsOf } from './queues.ts';
import type { JobEvent, StoredChange, StoredJob, Tables } from './tables.ts';

/** The journal in memory: chains are worked out when they are read. */
export function createMemoryJournalStore(
  tables: Tables,
  seals: Map<string, SealedJournal>,
): JournalStore {
  return {
    async readEvents({ jobId, after, limit }) {
      const own = chainOf(jobId, tables.jobs.get(jobId)?.events ?? []);
      const placedAt = (seq: number, chain: readonly ChainedEvent[]): PlacedEvent[] =>
        chain.map((event) => ({ place: { seq, number: event.number }, event }));
      const placed = [
        ...placedAt(ordersSeq, own),
        ...tables
          .changesOf(jobId)
          .flatMap(({ record, events }) => placedAt(record.seq, chainOf(record.id, events))),
      ];
      const isAfter = ({ place }: PlacedEvent): boolean =>
        after === null ||
        place.seq > after.seq ||
        (place.seq === after.seq && place.number > after.number);
      return placed.filter(isAfter).slice(0, limit);
    },
    async readNeighbours({ jobId, after, limit }) {
      const events = neighboursOf(tables, jobId)
        .sort((a, b) => compareText(a.record.id, b.record.id))
        .flatMap(({ record, events: own }) => chainOf(record.id, own));
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
    async saveSealed(lease, jobId, { countedEvents, ...sealed }) {
      if (!tables.isHeld(lease)) return false;
      tables.lanes.delete(lease.laneKey);
      const told = [tables.jobs.get(jobId), ...tables.changesOf(jobId)];
      const events = told.reduce((sum, each) => sum + (each?.events.length ?? 0), 0);
      const job = tables.jobs.get(jobId);
      if (job && countedEvents < events) {
        callForSeal(tables, job);
        return false;
      }
      seals.set(jobId, sealed);
      return true;
    },
  };
}

/** Has a job that has just ended sealed as soon as somebody finds the time. */
export function callForSeal(tables: Tables, { id }: StoredJob): void {
  tables.laneOf(jobLaneOf(id), '').dueAt = tables.now();
}

function chainOf(id: string, events: readonly JobEvent[]): readonly ChainedEvent[] {
  let head: string | null = null;
  return events.map((stored): ChainedEvent => {
    const event = { changeId: id, ...stored, hash: null };
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

/** What a seal says of a job's rollout; left out where it says nothing. */
function rulesOf({
  createdBy: submitter,
  settings: { rollout, window, approvalsRequired: required },
}: StoredJob): Partial<EndedJob['rules']> {
  const { batches, slowStart } = rollout;
  return {
    ...(batches !== null && batches.length > 1 ? { batches: [...batches] } : {}),
    ...(slowStart ? { slowStart } : {}),
    ...(window.notBefore === null ? {} : { notBefore: window.notBefore }),
    ...(window.notAfter === null ? {} : { notAfter: window.notAfter }),
    ...(required > 0 ? { approval: { required, submitter } } : {}),
  };
}

function endedJob(tables: Tables, job: StoredJob, finishedAt: string): EndedJob {
  const { id, state, planDigest, maxInFlight: concurrency, maxErrors, onFailure } = job;
  return {
    id,
    state,
    finishedAt,
    planDigest,
    counts: countsOf(tables, id),
    rules: {
      concurrency,
      maxErrors,
      onFailure,
      redundancy: job.settings.rollout.redundancy,
      ...rulesOf(job),
    },
    countedEvents: tables
      .changesOf(id)
      .reduce((sum, { events }) => sum + events.length, job.events.length),
    readAt: tables.stamp(),
  };
}
