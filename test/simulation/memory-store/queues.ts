import type { ChangeError } from '../../../shared/change/record.ts';
import { changeStates } from '../../../shared/change/state.ts';
import type { Order } from '../../../shared/job/job-verbs.ts';
import { inFlightOf, slotLimitOf } from '../../../shared/job/outcome.ts';
import { type Ahead, mostCounted } from '../../../shared/job/queue-place.ts';
import type { ChangeCounts } from '../../../shared/job/record.ts';
import type { Candidate } from '../../../shared/lane/assign-slots.ts';
import { laterBy } from '../../../shared/platform/duration.ts';
import { companionOf, isUnwritten } from './companions.ts';
import type { StoredChange, StoredJob, StoredLane, Tables } from './tables.ts';

/**
 * What follows from the rows, worked out afresh each time it is asked for: a store that keeps such things beside its rows
 * (counters, marks, lists of waiting lanes) must come to the same.
 */

/** How many changes of a job are in each state. */
export function countsOf(tables: Tables, jobId: string): ChangeCounts {
  const counts = Object.fromEntries(changeStates.map((state) => [state, 0])) as Record<
    StoredChange['record']['state'],
    number
  >;
  for (const { record } of tables.changesOf(jobId)) counts[record.state] += 1;
  return counts;
}

/** How many more changes of a job may be in flight, whatever its state. */
export function freeSlotsOf(tables: Tables, job: StoredJob): number {
  const { maxInFlight, settings } = job;
  const { batches, slowStart } = settings.rollout;
  const isSlowStart = slowStart && (batches?.length ?? 1) <= 1;
  const counts = countsOf(tables, job.id);
  return Math.max(0, slotLimitOf(counts, { maxInFlight, isSlowStart }) - inFlightOf(counts));
}

/** The keys of a change that ended before anything was written are kept for whoever tries it again. */
function keepKeys(tables: Tables, change: StoredChange): void {
  const { jobId, sealedMadeKeys, sealedBaseKeys, sealedPreviousKeys } = change.record;
  const sealed = { ...sealedMadeKeys, ...sealedBaseKeys, ...sealedPreviousKeys };
  const job = tables.jobs.get(jobId);
  if (!job || Object.keys(sealed).length === 0) return;
  const { keepPreviousFor } = job.settings.handover;
  change.keysKeptUntil = Date.parse(laterBy(tables.stamp(), keepPreviousFor));
}

/** Whether a change may start as far as its job's batches and window go. */
function mayStart(tables: Tables, { record }: StoredChange): boolean {
  const job = tables.jobs.get(record.jobId);
  if (job === undefined) return false;
  const { notAfter } = job.settings.window;
  return (
    (job.openUntil === null || record.seq < job.openUntil) &&
    (notAfter === null || Date.parse(notAfter) > tables.now())
  );
}

/** How many more changes of a job may begin. */
export function slotsToStart(tables: Tables, job: StoredJob): number {
  return job.state !== 'running' || job.isStopping ? 0 : freeSlotsOf(tables, job);
}

function isBefore(a: StoredChange, b: StoredChange): boolean {
  return a.position === b.position ? a.record.seq < b.record.seq : a.position < b.position;
}

/** The change that is next on each connection, where it waits and nothing of the connection is in flight. */
function headsOf(tables: Tables): readonly StoredChange[] {
  const queues = new Map<string, { head: StoredChange; isFree: boolean }>();
  for (const change of tables.unfinished()) {
    if (!change.isReleased) continue;
    const connection = `${change.record.regionId}/${change.record.vpnConnectionId}`;
    const queue = queues.get(connection) ?? { head: change, isFree: true };
    queues.set(connection, {
      head: isBefore(change, queue.head) ? change : queue.head,
      isFree: queue.isFree && change.record.state === 'queued',
    });
  }
  return [...queues.values()].filter(({ isFree }) => isFree).map(({ head }) => head);
}

/** What comes before a change that waits, on its connection and on its lane. */
export function aheadOf(
  tables: Tables,
  change: StoredChange,
): { connection: Ahead | null; lane: Ahead | null } {
  const { regionId, vpnConnectionId, laneKey, jobId } = change.record;
  const before = tables
    .unfinished()
    .filter((other) => isBefore(other, change))
    .sort((a, b) => (isBefore(a, b) ? 1 : -1));
  const nearest = (changes: readonly StoredChange[]): Ahead | null => {
    const [first] = changes;
    if (first === undefined) return null;
    const { id, jobId: ofJob } = first.record;
    const isHeld = changes.slice(0, mostCounted).some((each) => isHeldUp(tables, each));
    return { id, jobId: ofJob, others: Math.min(mostCounted, changes.length) - 1, isHeld };
  };
  const heads = new Set(headsOf(tables));
  return {
    connection: nearest(
      before.filter(
        ({ record, isReleased }) =>
          record.regionId === regionId &&
          record.vpnConnectionId === vpnConnectionId &&
          (isReleased || record.jobId === jobId),
      ),
    ),
    lane: nearest(
      before.filter(
        (other) =>
          other.record.laneKey === laneKey &&
          heads.has(other) &&
          isGoing(tables.jobs.get(other.record.jobId)) &&
          mayStart(tables, other),
      ),
    ),
  };
}

/** Whether a person, sinks or the other side decide when it ends. */
function isHeldUp(tables: Tables, { record }: StoredChange): boolean {
  const { state, handover, jobId, seq } = record;
  const job = tables.jobs.get(jobId);
  return (
    state === 'delivering' ||
    state === 'verifying' ||
    handover.deliveries.length > 0 ||
    (handover.proof?.subjects.length ?? 0) > 0 ||
    job?.state !== 'running' ||
    (job.openUntil !== null && seq >= job.openUntil)
  );
}

function isGoing(job: StoredJob | undefined): boolean {
  return job?.state === 'running' && !job.isStopping;
}

/** How many changes wait on each lane. */
export function backlogs(tables: Tables): ReadonlyMap<string, number> {
  const waiting = new Map<string, number>();
  for (const { record, isReleased } of tables.unfinished()) {
    if (!isReleased || record.state !== 'queued' || record.laneKey === null) continue;
    waiting.set(record.laneKey, (waiting.get(record.laneKey) ?? 0) + 1);
  }
  return waiting;
}

/** What each lane could start, longest lanes first, then the oldest job, of which only the first change counts. */
export function candidatesOf(tables: Tables): readonly Candidate[] {
  const waiting = backlogs(tables);
  const first = new Map<string, StoredChange>();
  for (const change of headsOf(tables)) {
    const { laneKey, jobId, seq } = change.record;
    if (laneKey === null || !mayStart(tables, change)) continue;
    if (companionOf(tables, change) !== undefined) continue;
    const known = first.get(`${laneKey} ${jobId}`);
    if (!known || seq < known.record.seq) first.set(`${laneKey} ${jobId}`, change);
  }
  const backlogOf = ({ record }: StoredChange): number => waiting.get(record.laneKey ?? '') ?? 0;
  return [...first.values()]
    .sort(
      (a, b) =>
        backlogOf(b) - backlogOf(a) ||
        compareText(a.record.laneKey ?? '', b.record.laneKey ?? '') ||
        a.position - b.position,
    )
    .map(({ record }) => {
      return { laneKey: record.laneKey ?? '', jobId: record.jobId, changeId: record.id };
    });
}

/** Orders texts by their code points, as PostgreSQL's `C` collation does. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Changes that wait half done on a lane, those that go on first in front. */
export function waitingOn(tables: Tables, laneKey: string): readonly StoredChange[] {
  return tables
    .unfinished()
    .filter(({ record, resumeAt }) => record.laneKey === laneKey && resumeAt !== null)
    .sort((a, b) => (a.resumeAt ?? 0) - (b.resumeAt ?? 0) || compareText(a.record.id, b.record.id));
}

/** Whether jobs wait to be resolved in a region. */
export function hasUnresolved(tables: Tables, regionId: string): boolean {
  return [...tables.jobs.values()].some(({ regions }) =>
    regions.some((region) => region.regionId === regionId && !region.isResolved),
  );
}

/** Whether somebody will look at what the lane could start without being woken. */
function isAttended(tables: Tables, { dueAt, worker, changeId }: StoredLane): boolean {
  return changeId === null && dueAt !== null && (worker !== null || dueAt <= tables.now());
}

/**
 * Makes idle lanes due, longest first, as many for each job as it has slots that no other lane is about to take. Answers
 * with their keys.
 */
export function wakeIdleLanes(tables: Tables): readonly string[] {
  const candidates = candidatesOf(tables);
  const woken: string[] = [];
  for (const job of tables.jobs.values()) {
    if (job.state !== 'running') continue;
    const lanes = candidates.flatMap(({ jobId, laneKey }) =>
      jobId === job.id ? (tables.lanes.get(laneKey) ?? []) : [],
    );
    const attended = lanes.filter((lane) => isAttended(tables, lane)).length;
    const idle = lanes.filter(({ dueAt, changeId }) => dueAt === null && changeId === null);
    for (const lane of idle.slice(0, Math.max(0, slotsToStart(tables, job) - attended))) {
      lane.dueAt = tables.now();
      woken.push(lane.laneKey);
    }
  }
  return woken;
}

/** Cancels every change of a job of which nothing was written. Answers with how many those were. */
export function cancelWaiting(
  tables: Tables,
  jobId: string,
  { order, error }: { order?: Order | undefined; error?: ChangeError | undefined } = {},
): number {
  const waiting = tables.changesOf(jobId).filter(({ record }) => isUnwritten(record));
  for (const change of waiting) {
    const { id } = change.record;
    change.record = {
      ...change.record,
      state: 'cancelled',
      step: null,
      lastError: error ?? change.record.lastError,
      finishedAt: tables.stamp(),
    };
    keepKeys(tables, change);
    tables.journal(change, 'finished', { state: 'cancelled', ...order, ...(error && { error }) });
    // Whoever delivers for it is fenced off; what was delivered is to be withdrawn.
    const { deliveries } = change.record.handover;
    const isDelivered = deliveries.some(({ stage }) => stage === 'open' || stage === 'done');
    if (isDelivered || tables.lanes.has(`change:${id}`))
      openErrand(tables, change.record, tables.now());
  }
  return waiting.length;
}

/** Opens the errand of a change, with an epoch that no earlier errand of it can have come to. */
export function openErrand(
  tables: Tables,
  { id, regionId }: Pick<StoredChange['record'], 'id' | 'regionId'>,
  dueAt: number | null,
): void {
  const opened = tables.laneOf(`change:${id}`, regionId);
  const epoch = Math.max(opened.epoch, tables.now() + tables.errandsOpened) + 1;
  tables.errandsOpened += 1;
  Object.assign(opened, { dueAt, worker: null, changeId: id, epoch });
}
