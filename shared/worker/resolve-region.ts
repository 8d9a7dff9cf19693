import { diffOf } from '../change/diff.ts';
import type { ChangeError } from '../change/record.ts';
import { appliesTo, entriesOf, type FieldValues } from '../connection/fields.ts';
import { type MaskedValues, maskFields } from '../connection/mask.ts';
import { laneKeyOf, type VpnConnection } from '../connection/model.ts';
import type { StoredIntent } from '../job/record.ts';
import type { RegionWork, Resolution, ResolveStore, UnresolvedChange } from '../lane/lane-store.ts';
import { digestOf } from '../platform/canonical.ts';
import { AppError } from '../platform/errors.ts';
import { Secret } from '../platform/secret.ts';
import { baseKeyContext } from '../secret/seal-context.ts';
import { ownError, storedError } from './step-results.ts';
import { dualTunnel, wantedFields } from './wanted.ts';
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

/** What an intent wants, opened and masked once for all the changes that share it; or why nobody can open it. */
type Wish =
  | { kind: 'open'; wanted: FieldValues; masked: MaskedValues }
  | { kind: 'unusable'; error: ChangeError };

function wishesOf(deps: StepDeps, work: RegionWork): ReadonlyMap<number, Wish> {
  return new Map(
    work.intents.map((intent) => [intent.number, wishOf(deps, work, intent)] as const),
  );
}

function wishOf(deps: StepDeps, work: RegionWork, intent: StoredIntent): Wish {
  try {
    const wanted = wantedFields(deps, intent, work.jobId);
    return { kind: 'open', wanted, masked: maskFields(wanted, deps.digestKey) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'internal') throw error;
    deps.logger.error('wish cannot be opened', { jobId: work.jobId, error });
    return { kind: 'unusable', error: ownError('refused', 'Internal', error.message) };
  }
}

function resolutionOf(
  deps: StepDeps,
  { id, vpnConnectionId }: UnresolvedChange,
  { connection, wish }: { connection: VpnConnection | null; wish: Wish | null },
): Resolution {
  if (connection === null || wish === null) {
    const message = `there is no connection ${vpnConnectionId} in this region`;
    return { kind: 'refused', id, error: ownError('not_found', 'NotFound', message) };
  }
  if (wish.kind === 'unusable') return { kind: 'refused', id, error: wish.error };
  const error = refusalOf(connection, wish.wanted);
  if (error) return { kind: 'refused', id, error };
  const base = maskFields(connection.fields, deps.digestKey);
  const key = connection.fields['IkeConfig.Psk'];
  return {
    kind: 'found',
    id,
    laneKey: laneKeyOf(connection),
    attachType: connection.attachType,
    base,
    sealedBaseKey: key instanceof Secret ? deps.sealer.seal(key, baseKeyContext(id)) : null,
    diff: diffOf(base, wish.masked),
  };
}

function refusalOf(connection: VpnConnection, wanted: FieldValues): ChangeError | null {
  if (connection.tunnelMode === 'dual') return dualTunnel;
  const foreign = entriesOf(wanted)
    .map(([path]) => path)
    .filter((path) => !appliesTo(path, connection.attachType));
  if (foreign.length === 0) return null;
  const kind =
    connection.attachType === 'VPNGW' ? 'a connection on a VPN gateway' : 'an attachment';
  return ownError(
    'refused',
    'FieldNotApplicable',
    `${foreign.join(', ')} cannot be set on ${kind}`,
  );
}
