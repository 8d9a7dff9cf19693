import type { FoundPlan } from '../../../shared/job/approval.ts';
import { countedRollout, rolloutRefusal } from '../../../shared/job/record.ts';
import type {
  RegionWork,
  Resolution,
  ResolveStore,
  Selection,
} from '../../../shared/lane/lane-store.ts';
import type { ResolvedPlan } from '../../../shared/plan/plan-digest.ts';
import { queued } from './job-store.ts';
import { callForSeal } from './journal-store.ts';
import { cancelWaiting, countsOf, wakeIdleLanes } from './queues.ts';
import { admit } from './rollout.ts';
import type { StoredChange, StoredJob, Tables } from './tables.ts';

/** The resolve store in memory. Each call is one step that nobody else comes between. */
export function createMemoryResolveStore(tables: Tables): ResolveStore {
  const jobOf = (jobId: string, work: (job: StoredJob) => void): true => {
    const job = tables.jobs.get(jobId);
    if (job) work(job);
    return true;
  };
  return {
    nextInRegion: async (regionId) => nextInRegion(tables, regionId),
    saveSelections: async (lease, jobId, selections) =>
      tables.isHeld(lease) && jobOf(jobId, (job) => saveSelections(tables, job, selections)),
    saveResolutions: async (lease, jobId, resolutions) =>
      tables.isHeld(lease) && jobOf(jobId, () => saveResolutions(tables, resolutions)),
    finishRegion: async (lease, { jobId, regionId }, digest) =>
      tables.isHeld(lease) && jobOf(jobId, (job) => finishRegion(tables, job, regionId, digest)),
  };
}

function nextInRegion(tables: Tables, regionId: string): RegionWork | null {
  const isOpen = (region: StoredJob['regions'][number]): boolean =>
    region.regionId === regionId && !region.isResolved;
  const job = [...tables.jobs.values()].find(({ regions }) => regions.some(isOpen));
  const region = job?.regions.find(isOpen);
  if (!job || !region) return null;
  region.firstTriedAt ??= tables.now();
  const here = tables.changesOf(job.id).filter(({ record }) => record.regionId === regionId);
  const changes = here
    .filter(({ record }) => isUnresolved(record))
    .map(({ record: { id, seq, vpnConnectionId }, intentNumber }) => {
      const first = here.find(({ record }) => record.vpnConnectionId === vpnConnectionId);
      return { id, seq, vpnConnectionId, intentNumber, isFirst: first?.record.id === id };
    });
  const selectors = job.selectors
    .filter((selector) => selector.regionId === regionId && !selector.isResolved)
    .map(({ place, intentNumber, select }) => ({ place, intentNumber, select }));
  const { id: jobId, intents } = job;
  return { jobId, triedForMs: tables.now() - region.firstTriedAt, intents, changes, selectors };
}

function isUnresolved({ laneKey, state }: StoredChange['record']): boolean {
  return laneKey === null && state === 'queued';
}

function saveSelections(tables: Tables, job: StoredJob, selections: readonly Selection[]): void {
  for (const { place, refusal, changes } of selections) {
    const selector = job.selectors.find((each) => each.place === place);
    if (!selector || selector.isResolved) continue;
    Object.assign(selector, { isResolved: true, refusal });
    const { regionId, intentNumber } = selector;
    for (const change of changes)
      tables.addChange(queued({ ...change, regionId, intentNumber }, job.id, job.position));
  }
}

function saveResolutions(tables: Tables, resolutions: readonly Resolution[]): void {
  for (const resolution of resolutions) {
    const change = tables.changes.get(resolution.id);
    if (change?.record.state !== 'queued') continue;
    if (resolution.kind === 'refused') {
      const { error } = resolution;
      const finishedAt = tables.stamp();
      change.record = { ...change.record, state: 'failed', lastError: error, finishedAt };
      tables.journal(change, 'finished', { state: 'failed', error });
    } else if (isUnresolved(change.record)) {
      const { kind: _, leadsTo, warnings: __, ...found } = resolution;
      change.record = { ...change.record, ...found };
      change.leadsTo = leadsTo;
      const { regionId, vpnConnectionId } = change.record;
      const lane = found.laneKey;
      tables.journal(change, 'resolved', { lane, leadsTo, regionId, vpnConnectionId });
    }
  }
}

function finishRegion(
  tables: Tables,
  job: StoredJob,
  regionId: string,
  digest: (found: ResolvedPlan) => string,
): void {
  for (const region of job.regions) if (region.regionId === regionId) region.isResolved = true;
  if (job.state !== 'resolving' || job.regions.some(({ isResolved }) => !isResolved)) return;
  const unfit = job.rollout ? settleSelection(tables, job, job.rollout) : null;
  job.planDigest = digest(foundPlanOf(tables, job));
  const ofSelectors = refusedSelectors(job);
  const { failed } = countsOf(tables, job.id);
  const ofChanges = failed > 0 ? `${failed} of the plan's targets were refused` : null;
  const refusals = [unfit, ofChanges, ofSelectors].filter((refusal) => refusal !== null);
  job.reason = ofSelectors;
  const isRollback = job.rollbackOf !== null;
  if (isRollback) job.maxErrors += failed;
  if (unfit !== null || (refusals.length > 0 && job.onFailure !== 'continue' && !isRollback)) {
    cancelWaiting(tables, job.id);
    const reason = `${refusals.join('; ')}; nothing was changed`;
    const now = tables.stamp();
    Object.assign(job, { state: 'failed', reason, startedAt: now, finishedAt: now });
    callForSeal(tables, job);
  } else admit(tables, job);
  wakeIdleLanes(tables);
}

/** A plan with what its job found. */
export function foundPlanOf(tables: Tables, { id, plan, intents }: StoredJob): FoundPlan {
  return {
    plan,
    keys: intents.map(({ keyDigests }) => keyDigests),
    targets: tables.changesOf(id).map(({ record, intentNumber }) => {
      const { regionId, vpnConnectionId, attachType, base: fields, state } = record;
      const isWaiting = state === 'queued';
      return { regionId, vpnConnectionId, intentNumber, attachType, fields, isWaiting };
    }),
  };
}

/** Closes the gaps that selectors leave in the order, and counts what the plan gave as percentages. */
function settleSelection(
  tables: Tables,
  job: StoredJob,
  rollout: NonNullable<StoredJob['rollout']>,
): string | null {
  const changes = tables.changesOf(job.id);
  for (const [seq, change] of changes.entries()) change.record = { ...change.record, seq };
  job.total = changes.length;
  const { batches, ...counts } = countedRollout(rollout, changes.length);
  const { settings } = job;
  Object.assign(job, counts, {
    settings: { ...settings, rollout: { ...settings.rollout, batches } },
  });
  return rolloutRefusal(rollout, changes.length);
}

const mostNamed = 10;

function refusedSelectors({ selectors }: StoredJob): string | null {
  const refused = selectors
    .filter(({ refusal }) => refusal !== null)
    .sort((a, b) => a.place - b.place)
    .map(({ place, refusal }) => `/targets/${place}/select ${refusal}`);
  if (refused.length === 0) return null;
  const more = refused.length - mostNamed;
  return [
    ...refused.slice(0, mostNamed),
    ...(more > 0 ? [`and ${more} more like these`] : []),
  ].join(', ');
}
