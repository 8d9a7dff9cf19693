import { maskFields } from '../connection/mask.ts';
import type { CloudError } from '../connection/vpn-api.ts';
import type { FoundPlan } from '../job/approval.ts';
import { planDigestOf, type ResolvedTarget } from '../plan/plan-digest.ts';
import type { ScanDeps } from '../preview/scan-deps.ts';
import type { ScanTimes } from '../preview/scan-region.ts';
import { viewRegion } from '../preview/view-region.ts';

/** How a job's base stands against what the cloud says now. */
export type Comparison =
  /** The digest of the plan with what is there now. */
  | { kind: 'compared'; digest: string }
  /** There was not enough time; what was read is kept. */
  | { kind: 'later'; retryInMs: number }
  | { kind: 'unreadable'; regionId: string; error: CloudError };

/** Up to so many connections of a region are read one by one: that is sooner done than a list of all that there are. */
const mostAlone = 40;
const atOnce = 8;
const retryMs = 1_000;

/** A connection's part of the digest, as it is now; null fields when it is gone. */
type Present = Pick<ResolvedTarget, 'attachType' | 'fields'>;
const gone: Present = { attachType: null, fields: null };

type RegionNow = ReadonlyMap<string, Present> | Exclude<Comparison, { kind: 'compared' }>;

/**
 * Works out the digest that a job's plan has by what the cloud says now; what does not wait any more counts as it was found.
 * Takes lists that began at most `times.inventoryMs` before `times.askedAt`, and calls of the part of the budget that `deps.api` has.
 */
export async function compareBase(
  deps: ScanDeps,
  { plan, keys, targets }: FoundPlan,
  times: ScanTimes,
): Promise<Comparison> {
  const waiting = targets.filter(({ isWaiting }) => isWaiting);
  const regions = [...new Set(waiting.map(({ regionId }) => regionId))];
  const now = new Map<string, ReadonlyMap<string, Present>>();
  for (const regionId of regions) {
    const own = waiting.filter((target) => target.regionId === regionId);
    const ids = [...new Set(own.map(({ vpnConnectionId }) => vpnConnectionId))];
    const read = await (ids.length <= mostAlone ? readAlone : readListed)(deps, {
      regionId,
      ids,
      ...times,
    });
    if ('kind' in read) return read;
    now.set(regionId, read);
  }
  const present = targets.map(({ isWaiting, ...target }) => {
    if (!isWaiting) return target;
    return { ...target, ...(now.get(target.regionId)?.get(target.vpnConnectionId) ?? gone) };
  });
  return { kind: 'compared', digest: planDigestOf({ plan, keys, targets: present }) };
}

interface Wanted extends ScanTimes {
  regionId: string;
  ids: readonly string[];
}

async function readListed(deps: ScanDeps, wanted: Wanted): Promise<RegionNow> {
  const view = await viewRegion(deps, { ...wanted, isWhole: false });
  if (view.kind === 'later') return view;
  if (view.kind === 'unreadable') {
    return { kind: 'unreadable', regionId: wanted.regionId, error: view.error };
  }
  const { connections } = view.inventory;
  return new Map(wanted.ids.map((id) => [id, connections.get(id) ?? gone]));
}

async function readAlone(
  { api, clock, digestKey }: ScanDeps,
  { regionId, ids, deadline }: Wanted,
): Promise<RegionNow> {
  const now = new Map<string, Present>();
  for (let open = ids; open.length > 0; open = open.filter((id) => !now.has(id))) {
    const outcomes = await Promise.all(
      open.slice(0, atOnce).map(async (vpnConnectionId) => {
        const outcome = await api.describeConnection({ regionId, vpnConnectionId });
        if (outcome.kind === 'failed') return outcome.error;
        const connection = outcome.value;
        now.set(
          vpnConnectionId,
          connection === null
            ? gone
            : {
                attachType: connection.attachType,
                fields: maskFields(connection.fields, digestKey),
              },
        );
        return null;
      }),
    );
    const error = outcomes.find((outcome) => outcome !== null);
    if (error === undefined) continue;
    const retryInMs = error.retryInMs ?? retryMs;
    if (isFinal(error)) return { kind: 'unreadable', regionId, error };
    if (clock.monotonic() + retryInMs > deadline) {
      return error.class === 'throttled'
        ? { kind: 'later', retryInMs }
        : { kind: 'unreadable', regionId, error };
    }
    await clock.sleep(retryInMs);
  }
  return now;
}

/** Every further call would meet the same. */
function isFinal({ class: kind }: CloudError): boolean {
  return ['permission', 'credentials', 'invalid', 'locked', 'quota'].includes(kind);
}
