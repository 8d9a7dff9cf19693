import { nothingHandedOver } from '../../../shared/change/handover.ts';
import type { ChangeRecord } from '../../../shared/change/record.ts';
import type { Hold } from '../../../shared/job/hold.ts';
import type { AcceptOutcome, ChangeView, JobStore } from '../../../shared/job/job-store.ts';
import { inFlightOf, refutedLater } from '../../../shared/job/outcome.ts';
import type { QueuePlace } from '../../../shared/job/queue-place.ts';
import type {
  JobRecord,
  NewJob,
  RestoredJob,
  RetriedJob,
  StoredPlan,
} from '../../../shared/job/record.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { companionOf } from './companions.ts';
import { aheadOf, countsOf, freeSlotsOf } from './queues.ts';
import type { StoredChange, StoredJob, StoredKey, Tables } from './tables.ts';

const keysAreKeptMs = 7 * 86_400_000;
const largestInteger = 2 ** 31 - 1;

/** The job store in memory. Each call is one step that nobody else comes between. */
export function createMemoryJobStore(tables: Tables): JobStore {
  return {
    accept: async (job) => accept(tables, job),
    acceptedBefore: async (asked) => acceptedBefore(tables, asked),
    async get(jobId) {
      const job = tables.jobs.get(jobId);
      return job ? recordOf(tables, job) : null;
    },
    settings: async (jobId) => tables.jobs.get(jobId)?.settings ?? null,
    retryable: async (jobId) => retriedOf(tables, jobId),
    restorable: async (jobId, changeId) => restoredOf(tables, jobId, changeId),
    async list({ states, limit, before }) {
      return [...tables.jobs.values()]
        .filter(({ state }) => states === null || states.includes(state))
        .filter(({ position }) => before === null || position < before)
        .sort((a, b) => b.position - a.position)
        .slice(0, limit)
        .map((job) => recordOf(tables, job));
    },
    async listChanges({ jobId, states, limit, after }) {
      return tables
        .changesOf(jobId)
        .filter(({ record }) => states === null || states.includes(record.state))
        .filter(({ record }) => after === null || record.seq > after)
        .slice(0, limit)
        .map((change) => viewOf(tables, change));
    },
    async getChange(jobId, changeId) {
      const change = tables.changes.get(changeId);
      return change?.record.jobId === jobId ? viewOf(tables, change) : null;
    },
    listEvents: async (changeId) => [...(tables.changes.get(changeId)?.events ?? [])],
    ping: async () => undefined,
  };
}

function accept(tables: Tables, job: NewJob): AcceptOutcome {
  const known = acceptedBefore(tables, job);
  if (known !== null) return known;
  refuseUnstorable(tables, job);
  const stored = storedJob(tables, job);
  tables.jobs.set(job.id, stored);
  const came = job.retryOf ?? job.rollbackOf;
  if (came) {
    const { jobId: of, ...order } = came;
    tables.journalOnJob(stored, job.retryOf ? 'retries' : 'rolls_back', { of, ...order });
  }
  for (const change of job.changes) tables.addChange(queued(change, job.id, stored.position));
  if (job.idempotency) {
    const { planHash } = job.idempotency;
    tables.keys.set(keyOf(job), { planHash, jobId: job.id, createdAt: tables.now() });
  }
  for (const { regionId } of stored.regions) {
    const lane = tables.laneOf(`region:${regionId}`, regionId);
    lane.dueAt ??= tables.now();
  }
  return { kind: 'created', jobId: job.id };
}

function keyOf({ createdBy, idempotency }: Pick<NewJob, 'createdBy' | 'idempotency'>): string {
  return JSON.stringify([createdBy, idempotency?.key]);
}

function acceptedBefore(
  tables: Tables,
  asked: Pick<NewJob, 'createdBy' | 'idempotency'>,
): Exclude<AcceptOutcome, { kind: 'created' }> | null {
  if (asked.idempotency === null) return null;
  const known = validKey(tables, keyOf(asked));
  if (known === undefined) return null;
  const { planHash, jobId } = known;
  return planHash === asked.idempotency.planHash
    ? { kind: 'repeated', jobId }
    : { kind: 'key_reused' };
}

function validKey(tables: Tables, key: string): StoredKey | undefined {
  const known = tables.keys.get(key);
  return known && known.createdAt >= tables.now() - keysAreKeptMs ? known : undefined;
}

/** What a database would not take: nothing of such a job is kept. */
function refuseUnstorable(tables: Tables, { id, changes, failurePolicy }: NewJob): void {
  const ids = new Set(changes.map((change) => change.id));
  const isKnown = tables.jobs.has(id) || changes.some((change) => tables.changes.has(change.id));
  if (isKnown || ids.size < changes.length || failurePolicy.maxErrors > largestInteger)
    throw new AppError('internal', 'the job cannot be stored');
}

function storedJob(tables: Tables, job: NewJob): StoredJob {
  const selectors = job.selection?.selectors ?? [];
  const regionIds = [...job.changes, ...selectors].map(({ regionId }) => regionId);
  const { id, title, createdBy, plan, intents, maxInFlight, settings } = job;
  return {
    id,
    title,
    createdBy,
    plan,
    intents,
    maxInFlight,
    settings,
    ...job.failurePolicy,
    position: tables.jobs.size + 1,
    state: 'resolving',
    createdAt: tables.stamp(),
    startedAt: null,
    finishedAt: null,
    planDigest: null,
    total: job.selection ? null : job.changes.length,
    reason: null,
    scheduleName: job.schedule?.name ?? null,
    retryOf: job.retryOf?.jobId ?? null,
    rollbackOf: job.rollbackOf?.jobId ?? null,
    refuted: 0,
    isStopping: false,
    openUntil: null,
    pauseReason: null,
    isWindowClosed: false,
    approveBy: null,
    approvals: new Map(),
    rejectedBy: null,
    events: [],
    rollout: job.selection?.rollout ?? null,
    selectors: selectors.map((selector) => ({ ...selector, isResolved: false, refusal: null })),
    regions: [...new Set(regionIds)].map((regionId) => {
      return { regionId, firstTriedAt: null, isResolved: false };
    }),
  };
}

/** A change of which nothing is known yet. */
export function queued(
  change: NewJob['changes'][number],
  jobId: string,
  position: number,
): StoredChange {
  const { id, seq, regionId, vpnConnectionId, intentNumber } = change;
  const record: ChangeRecord = {
    id,
    jobId,
    seq,
    regionId,
    vpnConnectionId,
    laneKey: null,
    attachType: null,
    state: 'queued',
    step: null,
    attempts: 0,
    settledAttempts: 0,
    refusals: 0,
    diff: [],
    base: null,
    sealedBaseKeys: {},
    sealedMadeKeys: {},
    sealedPreviousKeys: {},
    handover: nothingHandedOver,
    verdict: null,
    tunnels: [],
    part: null,
    requestDigest: null,
    clientToken: null,
    resultFingerprint: null,
    lastError: null,
    startedAt: null,
    sentAt: null,
    partAppliedAt: null,
    finishedAt: null,
  };
  const place = { isReleased: false, resumeAt: null, leadsTo: null, keysKeptUntil: null };
  return { record, position, intentNumber, ...place, events: [] };
}

/** A job as readers see it. */
export function recordOf(tables: Tables, job: StoredJob): JobRecord {
  const { id, position, title, state, createdAt, createdBy, startedAt, finishedAt } = job;
  const { planDigest, total } = job;
  const later = job.refuted > 0 ? `${job.refuted}${refutedLater}` : null;
  const reasons = [job.pauseReason ?? job.reason, later].filter((part) => part !== null);
  const reason = reasons.length > 0 ? reasons.join('; ') : null;
  const times = { createdAt, startedAt, finishedAt };
  const found = { planDigest, total, reason, counts: countsOf(tables, id), hold: holdOf(job) };
  const { scheduleName, retryOf, rollbackOf } = job;
  const origins = { scheduleName, retryOf, rollbackOf };
  return { id, position, title, state, createdBy, ...origins, ...times, ...found };
}

function placeOf(tables: Tables, change: StoredChange): QueuePlace | null {
  const { record } = change;
  const job = tables.jobs.get(record.jobId);
  if (job === undefined || record.state !== 'queued') return null;
  const batches = job.settings.rollout.batches ?? [];
  const { openUntil } = job;
  const isClosed = openUntil !== null && record.seq >= openUntil;
  const open = tables.changesOf(job.id).filter(({ record: other }) => other.seq < (openUntil ?? 0));
  const left = open.filter(({ record: other }) => other.finishedAt === null).length;
  const number = batches.filter((bound) => bound <= record.seq).length + 1;
  const { batchPause } = job.settings.rollout;
  const pauses = batchPause === 'every' || (batchPause === 'first' && openUntil === batches[0]);
  const { connection, lane } = aheadOf(tables, change);
  const counts = countsOf(tables, job.id);
  const inFlight = inFlightOf(counts);
  const away = counts.delivering + counts.verifying;
  const ahead = counts.queued - 1 + away;
  const limit = inFlight + freeSlotsOf(tables, job);
  const rounds = batches
    .filter((bound) => bound > (openUntil ?? 0) && bound <= record.seq)
    .map((bound) => bound - (batches.findLast((other) => other < bound) ?? 0))
    .reduce((sum, size) => sum + Math.ceil(size / limit), Math.ceil(left / limit));
  return {
    hold: holdOf(job),
    batch: isClosed
      ? { number, of: batches.length, left, rounds: away === 0 ? rounds : null, pauses }
      : null,
    connectionAhead: connection,
    laneAhead: lane,
    slots: inFlight >= limit ? { inFlight, limit, ahead } : null,
    settleMs: null,
  };
}

const isRetried: ReadonlySet<string> = new Set(['failed', 'rolled_back', 'cancelled']);

function retriedOf(tables: Tables, jobId: string): RetriedJob | null {
  const job = tables.jobs.get(jobId);
  if (job === undefined) return null;
  return {
    ...planOf(tables, job),
    changes: tables.changesOf(jobId).flatMap(({ record, intentNumber }) => {
      const { seq, regionId, vpnConnectionId } = record;
      return isRetried.has(record.state) ? [{ seq, regionId, vpnConnectionId, intentNumber }] : [];
    }),
    selectors: job.selectors.flatMap(({ isResolved, refusal, ...selector }) =>
      !isResolved || refusal !== null ? [selector] : [],
    ),
  };
}

function planOf({ jobs }: Tables, job: StoredJob): StoredPlan {
  const { id, title, state, createdBy, rollbackOf, plan, onFailure, settings, intents } = job;
  const followers = [...jobs.values()].filter(
    (other) => (other.retryOf === id || other.rollbackOf === id) && other.finishedAt !== null,
  );
  const followed = followers.length;
  return { id, title, state, createdBy, rollbackOf, plan, onFailure, settings, intents, followed };
}

function restoredOf(tables: Tables, jobId: string, changeId: string | null): RestoredJob | null {
  const job = tables.jobs.get(jobId);
  if (job === undefined) return null;
  const changes = tables.changesOf(jobId).flatMap(({ record, intentNumber }) => {
    const isAsked = changeId === null || changeId === record.id;
    const isRestored =
      record.state === 'succeeded' && Object.keys(record.handover.previous ?? {}).length > 0;
    return isAsked && isRestored ? [{ ...record, intentNumber }] : [];
  });
  return { ...planOf(tables, job), changes };
}

function holdOf({ state, settings, approvals, planDigest, approveBy }: StoredJob): Hold | null {
  const { notBefore } = settings.window;
  if (state === 'waiting_for_window' && notBefore !== null) {
    return { kind: 'window', until: notBefore };
  }
  if (state !== 'awaiting_approval') return null;
  const given = [...approvals]
    .filter(([, { digest, givenAt }]) => digest === planDigest && givenAt !== null)
    .map(([actor]) => actor);
  const until = new Date(approveBy ?? 0).toISOString();
  return { kind: 'approval', required: settings.approvalsRequired, given, until };
}

function viewOf(tables: Tables, change: StoredChange): ChangeView {
  const { record } = change;
  const companion = record.state === 'queued' ? companionOf(tables, change)?.record : undefined;
  const isOver = record.finishedAt !== null;
  const lane = isOver ? undefined : tables.lanes.get(record.laneKey ?? '');
  const other = lane?.changeId === record.id ? undefined : tables.changes.get(lane?.changeId ?? '');
  const dueInMs = lane?.worker === null && lane.dueAt !== null ? lane.dueAt - tables.now() : 0;
  return {
    ...record,
    laneChange: other ? { id: other.record.id, jobId: other.record.jobId } : null,
    laneDueInMs: dueInMs > 0 ? dueInMs : null,
    queue: placeOf(tables, change),
    companion: companion
      ? {
          id: companion.id,
          jobId: companion.jobId,
          vpnConnectionId: companion.vpnConnectionId,
        }
      : null,
    pauseReason: tables.jobs.get(record.jobId)?.pauseReason ?? null,
    freeze: null,
  };
}
