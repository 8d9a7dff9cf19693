import type { ClaimedLane, LaneStore } from '../../../shared/lane/lane-store.ts';
import { assignmentOf } from './assignments.ts';
import {
  backlogs,
  candidatesOf,
  compareText,
  hasUnresolved,
  slotsToStart,
  waitingOn,
} from './queues.ts';
import { recordUpdates } from './record-updates.ts';
import { tendJob } from './rollout.ts';
import type { StoredJob, StoredLane, Tables } from './tables.ts';

/** The lane store in memory. Each call is one step that nobody else comes between. */
export function createMemoryLaneStore(tables: Tables): LaneStore {
  return {
    claim: async (request) => claim(tables, request),
    eraseKeys: async () => eraseKeys(tables),
    record: async (updates, lease) => recordUpdates(tables, updates, lease),
    async renew(leases, leaseSeconds) {
      return leases.filter((lease) => {
        const lane = tables.lanes.get(lease.laneKey);
        if (lane === undefined || lane.epoch !== lease.epoch || lane.worker === null) return true;
        lane.dueAt = tables.now() + leaseSeconds * 1_000;
        return false;
      });
    },
    tendJob: async (lease, jobId) => tendJob(tables, lease, jobId),
    repair: async () => repair(tables),
  };
}

function claim(
  tables: Tables,
  { worker, limit, leaseSeconds }: Parameters<LaneStore['claim']>[0],
): Awaited<ReturnType<LaneStore['claim']>> {
  const waiting = backlogs(tables);
  const due = [...tables.lanes.values()]
    .filter(({ dueAt }) => dueAt !== null && dueAt <= tables.now())
    .sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || compareText(a.laneKey, b.laneKey))
    .slice(0, Math.max(0, limit));
  const lanes = due.map((lane): ClaimedLane => {
    lane.epoch += 1;
    lane.worker = worker;
    lane.dueAt = tables.now() + leaseSeconds * 1_000;
    const { laneKey, kind, regionId, epoch, changeId } = lane;
    const begun = changeId === null ? undefined : tables.changes.get(changeId);
    const assignment = begun ? assignmentOf(tables, begun) : null;
    return { laneKey, kind, regionId, epoch, assignment, backlog: waiting.get(laneKey) ?? 0 };
  });
  const others = [...tables.lanes.values()].filter((lane) => !due.includes(lane));
  return { lanes, nextDueInMs: nextDueOf(tables, others) };
}

function nextDueOf(tables: Tables, lanes: readonly StoredLane[]): number | null {
  const times = lanes.flatMap(({ dueAt }) => dueAt ?? []);
  return times.length === 0 ? null : Math.min(...times) - tables.now();
}

function repair(tables: Tables): Awaited<ReturnType<LaneStore['repair']>> {
  const now = tables.now();
  const lanes = [...tables.lanes.values()];
  const lost = lanes.filter(
    ({ dueAt, worker }) => worker !== null && dueAt !== null && dueAt <= now,
  );
  for (const lane of lost) {
    lane.worker = null;
    lane.epoch += 1;
  }
  const startable = new Set(
    candidatesOf(tables)
      .filter(({ jobId }) => {
        const job = tables.jobs.get(jobId);
        return job !== undefined && slotsToStart(tables, job) > 0;
      })
      .map(({ laneKey }) => laneKey),
  );
  const forgotten = lanes.filter(
    ({ laneKey, dueAt, changeId, kind, regionId }) =>
      dueAt === null &&
      (changeId !== null ||
        (kind === 'region' && hasUnresolved(tables, regionId)) ||
        waitingOn(tables, laneKey).length > 0 ||
        startable.has(laneKey)),
  );
  for (const lane of forgotten) lane.dueAt = now;
  return {
    reclaimed: lost.length,
    roused: forgotten.length,
    nextDueInMs: nextDueOf(tables, lanes),
  };
}

function eraseKeys(tables: Tables): number {
  const over = [...tables.changes.values()].filter(
    ({ keysKeptUntil, record }) =>
      keysKeptUntil !== null &&
      keysKeptUntil <= tables.now() &&
      !tables.lanes.has(`change:${record.id}`),
  );
  for (const change of over) {
    const none = { sealedBaseKeys: {}, sealedMadeKeys: {}, sealedPreviousKeys: {} };
    change.record = { ...change.record, ...none };
    change.keysKeptUntil = null;
  }
  for (const job of new Set(over.map(({ record }) => tables.jobs.get(record.jobId)))) {
    if (job) eraseWishes(tables, job);
  }
  return over.length;
}

function eraseWishes(tables: Tables, job: StoredJob): void {
  const changes = tables.changesOf(job.id);
  job.intents = job.intents.map((intent) => {
    const isAsked = job.selectors.some(
      ({ intentNumber, isResolved, refusal }) =>
        intentNumber === intent.number && (!isResolved || refusal !== null),
    );
    const own = changes.filter(({ intentNumber }) => intentNumber === intent.number);
    const isOver = own.every(({ record: { state, verdict }, keysKeptUntil }) => {
      const isWell = state === 'succeeded' || state === 'unchanged' || state === 'skipped';
      return isWell && (verdict ?? 'proved') === 'proved' && keysKeptUntil === null;
    });
    return isOver && !isAsked ? { ...intent, sealedKeys: {} } : intent;
  });
}
