import { diffOf } from '../change/diff.ts';
import type { ChangeError } from '../change/record.ts';
import { type Wish, wishOnConnection } from '../change/wish-on-connection.ts';
import { maskFields } from '../connection/mask.ts';
import { laneKeyOf, type VpnConnection } from '../connection/model.ts';
import type { StoredIntent } from '../job/record.ts';
import type { RegionWork, Resolution, ResolveStore, UnresolvedChange } from '../lane/lane-store.ts';
import { digestOf } from '../platform/canonical.ts';
import { AppError } from '../platform/errors.ts';
import { baseKeyContext } from '../secret/seal-context.ts';
import { sealedKeysOf } from '../secret/sealed-keys.ts';
import { ownError, storedError } from './step-results.ts';
import { rememberTunnels, wishOf } from './stored-change.ts';
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

type ResolveDeps = StepDeps & { resolving: ResolveStore };

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
  const ids = [...new Set(work.changes.map((change) => change.vpnConnectionId))];
  const found = await deps.reader.find(held.regionId, ids);
  if (found.kind === 'failed' && work.triedForMs < unreadableLimitMs) {
    deps.logger.warn('region cannot be read', { regionId: held.regionId, code: found.error.code });
    return { kind: 'later', dueInMs: found.error.retryInMs ?? retryMs };
  }
  const wishes = wishesOf(deps, work);
  const resolve = (change: UnresolvedChange): Resolution =>
    found.kind === 'failed'
      ? { kind: 'refused', id: change.id, error: storedError(found.error) }
      : resolutionOf(deps, change, {
          connection: found.connections.get(change.vpnConnectionId) ?? null,
          wish: wishes.get(change.intentNumber) ?? null,
        });
  for (let from = 0; from < work.changes.length; from += chunkSize) {
    const resolutions = work.changes.slice(from, from + chunkSize).map(resolve);
    if (!(await deps.resolving.saveResolutions(held, work.jobId, resolutions)))
      return { kind: 'lost' };
  }
  const part = { jobId: work.jobId, regionId: held.regionId };
  const finished = await deps.resolving.finishRegion(held, part, digestOf);
  deps.logger.info('job resolved in region', { ...part, changes: work.changes.length });
  return finished ? { kind: 'done' } : { kind: 'lost' };
}

/** What an intent wants, opened once for all the changes that share it; or why nobody can open it. */
type OpenedWish = { kind: 'open'; wish: Wish } | { kind: 'unusable'; error: ChangeError };

function wishesOf(deps: StepDeps, work: RegionWork): ReadonlyMap<number, OpenedWish> {
  return new Map(
    work.intents.map((intent) => [intent.number, openWish(deps, work, intent)] as const),
  );
}

function openWish(deps: StepDeps, work: RegionWork, intent: StoredIntent): OpenedWish {
  try {
    return { kind: 'open', wish: wishOf(deps, intent, work.jobId) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'internal') throw error;
    deps.logger.error('wish cannot be opened', { jobId: work.jobId, error });
    return { kind: 'unusable', error: ownError('refused', 'Internal', error.message) };
  }
}

function resolutionOf(
  deps: StepDeps,
  { id, vpnConnectionId }: UnresolvedChange,
  { connection, wish }: { connection: VpnConnection | null; wish: OpenedWish | null },
): Resolution {
  if (connection === null || wish === null) {
    const message = `there is no connection ${vpnConnectionId} in this region`;
    return { kind: 'refused', id, error: ownError('not_found', 'NotFound', message) };
  }
  if (wish.kind === 'unusable') return { kind: 'refused', id, error: wish.error };
  const meant = wishOnConnection(wish.wish, connection);
  if (meant.kind === 'refused') {
    return { kind: 'refused', id, error: ownError('refused', meant.code, meant.message) };
  }
  const base = maskFields(connection.fields, deps.digestKey);
  return {
    kind: 'found',
    id,
    laneKey: laneKeyOf(connection),
    attachType: connection.attachType,
    base,
    sealedBaseKeys: sealedKeysOf(deps.sealer, connection.fields, (path) =>
      baseKeyContext(id, path),
    ),
    tunnels: rememberTunnels(connection.tunnels, []),
    diff: diffOf(base, maskFields(meant.wanted, deps.digestKey)),
  };
}
