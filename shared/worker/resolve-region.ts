import { changedElsewhere, keptNoLonger } from '../change/changed-elsewhere.ts';
import type { ChangeError } from '../change/record.ts';
import { type MaskedWish, notInRegion, resolveChange } from '../change/resolve-change.ts';
import { maskFields } from '../connection/mask.ts';
import { laneKeyOf, type VpnConnection } from '../connection/model.ts';
import { customersIn, type FarEnds, whereItLeads } from '../connection/redundancy.ts';
import type { Found } from '../inventory/region-reader.ts';
import { wishOf } from '../job/opened-values.ts';
import { maxSelected, roomySeq } from '../job/plan-order.ts';
import type { StoredIntent } from '../job/record.ts';
import type {
  RegionWork,
  Resolution,
  ResolveStore,
  Selection,
  UnresolvedChange,
} from '../lane/lane-store.ts';
import { planDigestOf } from '../plan/plan-digest.ts';
import { selectConnections } from '../plan/select-connections.ts';
import { AppError } from '../platform/errors.ts';
import type { Ids } from '../platform/id.ts';
import { ownError, storedError } from './step-results.ts';
import { rememberTunnels } from './stored-change.ts';
import type { HeldLane, StepDeps } from './worker-deps.ts';

/** A region that cannot be read for so long fails its targets. */
const unreadableLimitMs = 600_000;
const retryMs = 5_000;
const chunkSize = 1_000;

/** Whether the region's lane was lost, has to wait, or has nothing left to resolve. */
export type ResolveOutcome =
  | { kind: 'done' }
  | { kind: 'lost' }
  | { kind: 'later'; dueInMs: number };

type ResolveDeps = StepDeps & { resolving: ResolveStore; ids: Pick<Ids, 'change'> };

/** Resolves all jobs that wait in a region, in the order of their acceptance: lanes, bases, differences, refusals. */
export async function resolveRegion(deps: ResolveDeps, held: HeldLane): Promise<ResolveOutcome> {
  for (;;) {
    const work = await deps.resolving.nextInRegion(held.regionId);
    if (work === null) return { kind: 'done' };
    const outcome = await resolveJob(deps, held, work);
    if (outcome.kind !== 'done') return outcome;
  }
}

async function resolveJob(
  deps: ResolveDeps,
  held: HeldLane,
  work: RegionWork,
): Promise<ResolveOutcome> {
  const wishes = wishesOf(deps, work);
  const found = await readAll(deps, work, { regionId: held.regionId, wishes });
  if (found.kind === 'failed' && work.triedForMs < unreadableLimitMs) {
    deps.logger.warn('region cannot be read', { regionId: held.regionId, code: found.error.code });
    return { kind: 'later', dueInMs: found.error.retryInMs ?? retryMs };
  }
  const selections = selectAll(deps, work, found);
  if (selections.length > 0) {
    if (!(await deps.resolving.saveSelections(held, work.jobId, selections))) {
      return { kind: 'lost' };
    }
  }
  const changes = [...work.changes, ...changesOf(work, selections)];
  const resolve = (change: OpenChange): Resolution =>
    found.kind === 'failed'
      ? { kind: 'refused', id: change.id, error: storedError(found.error) }
      : resolutionOf(deps, change, {
          connection: found.connections.get(change.vpnConnectionId) ?? null,
          wish: wishes.get(change.intentNumber) ?? null,
          ends: found.ends,
        });
  for (let from = 0; from < changes.length; from += chunkSize) {
    const resolutions = changes.slice(from, from + chunkSize).map(resolve);
    if (!(await deps.resolving.saveResolutions(held, work.jobId, resolutions)))
      return { kind: 'lost' };
  }
  const part = { jobId: work.jobId, regionId: held.regionId };
  const finished = await deps.resolving.finishRegion(held, part, planDigestOf);
  deps.logger.info('job resolved in region', { ...part, changes: changes.length });
  return finished ? { kind: 'done' } : { kind: 'lost' };
}

type AllFound =
  | Extract<Found, { kind: 'failed' }>
  | (Extract<Found, { kind: 'found' }> & { ends: FarEnds });

/** Reads the connections, and where they lead to. */
async function readAll(
  deps: ResolveDeps,
  work: RegionWork,
  { regionId, wishes }: { regionId: string; wishes: ReadonlyMap<number, OpenedWish> },
): Promise<AllFound> {
  const found = await readConnections(deps, work, regionId);
  if (found.kind === 'failed') return found;
  const present = [...found.connections.values()].filter((connection) => connection !== null);
  const customers = [...wishes.values()].flatMap((opened) =>
    opened.kind === 'open' ? customersIn(opened.wish.set) : [],
  );
  const read = await deps.farEnds.read(regionId, present, customers);
  return read.kind === 'failed' ? read : { ...found, ends: read.ends };
}

/** Reads what the job names in the region, and everything there when it selects. */
function readConnections(deps: ResolveDeps, work: RegionWork, regionId: string): Promise<Found> {
  const ids = [...new Set(work.changes.map((change) => change.vpnConnectionId))];
  return work.selectors.length > 0
    ? deps.reader.survey(regionId, ids)
    : deps.reader.find(regionId, ids);
}

/** What the job's selectors take; a region that could not be read for too long refuses them. */
function selectAll(deps: ResolveDeps, work: RegionWork, found: Found): readonly Selection[] {
  if (found.kind === 'failed') {
    const refusal = `cannot be resolved: ${found.error.message} (${found.error.code})`;
    return work.selectors.map(({ place }) => ({ place, refusal, changes: [] }));
  }
  const taken = selectConnections(work.selectors, {
    connections: [...found.connections.values()].filter((connection) => connection !== null),
    room: maxSelected - work.changes.length,
  });
  return taken.map(({ place, refusal, ids }) => ({
    place,
    refusal,
    changes: ids.map((vpnConnectionId, rank) => {
      return { id: deps.ids.change(), seq: roomySeq(place, rank), vpnConnectionId };
    }),
  }));
}

type OpenChange = Omit<UnresolvedChange, 'seq'>;

function changesOf(work: RegionWork, selections: readonly Selection[]): readonly OpenChange[] {
  const intents = new Map(work.selectors.map(({ place, intentNumber }) => [place, intentNumber]));
  return selections.flatMap(({ place, changes }) =>
    changes.map(({ id, vpnConnectionId }) => {
      // What a selector takes it takes once.
      return { id, vpnConnectionId, intentNumber: intents.get(place) ?? 0, isFirst: true };
    }),
  );
}

/** What an intent wants, opened and masked once for all the changes that share it; or why nobody can open it. */
type OpenedWish =
  | { kind: 'open'; wish: MaskedWish; expected: StoredIntent['expected'] }
  | { kind: 'unusable'; error: ChangeError };

function wishesOf(deps: StepDeps, work: RegionWork): ReadonlyMap<number, OpenedWish> {
  return new Map(
    work.intents.map((intent) => [intent.number, openWish(deps, work, intent)] as const),
  );
}

function openWish(deps: StepDeps, work: RegionWork, intent: StoredIntent): OpenedWish {
  try {
    const { set, ...terms } = wishOf(deps, intent, work.jobId);
    const { rotatePsk, expected } = intent;
    const wish = { set: maskFields(set, deps.digestKey), rotatePsk, ...terms };
    return { kind: 'open', wish, expected };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'internal') throw error;
    deps.logger.error('wish cannot be opened', { jobId: work.jobId, error });
    return { kind: 'unusable', error: ownError('refused', 'Internal', error.message) };
  }
}

function resolutionOf(
  deps: StepDeps,
  { id, vpnConnectionId, isFirst }: OpenChange,
  {
    connection,
    wish,
    ends,
  }: { connection: VpnConnection | null; wish: OpenedWish | null; ends: FarEnds },
): Resolution {
  if (connection === null || wish === null) {
    return { kind: 'refused', id, error: notInRegion(vpnConnectionId) };
  }
  if (wish.kind === 'unusable') return { kind: 'refused', id, error: wish.error };
  const base = maskFields(connection.fields, deps.digestKey);
  if (wish.expected !== null) {
    const values = { before: wish.wish.set, ours: wish.expected };
    const error = keptNoLonger(values) ?? (isFirst ? changedElsewhere(base, values) : null);
    if (error !== null) return { kind: 'refused', id, error };
  }
  const outlook = resolveChange({ ...connection, fields: base }, wish.wish);
  if (outlook.kind === 'refused') return { kind: 'refused', id, error: outlook.error };
  return {
    kind: 'found',
    id,
    laneKey: laneKeyOf(connection),
    attachType: connection.attachType,
    base,
    tunnels: rememberTunnels(connection.tunnels, []),
    diff: outlook.diff,
    leadsTo: whereItLeads(connection, ends, wish.wish.set),
    warnings: [...new Set(outlook.warnings.map(({ code }) => code))],
  };
}
