import type { PlanContextDeps } from '../plan/plan-context.ts';
import type { Plan } from '../plan/schema.ts';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import type { Ids } from '../platform/id.ts';
import { composePreview } from './compose-preview.ts';
import type { InventoryStore } from './inventory-store.ts';
import type { PreviewBody } from './preview-body.ts';
import { type PreviewRequest, previewRequestOf, regionsOf } from './preview-request.ts';
import type { PreviewStore } from './preview-store.ts';
import type { RegionView } from './preview-targets.ts';
import type { InventoryApi, ScanDeps } from './scan-deps.ts';
import { viewRegion } from './view-region.ts';

export interface PreviewDeps extends PlanContextDeps {
  previews: PreviewStore;
  inventory: InventoryStore;
  /** The VPC API under the part of the budget that previews may use. */
  inventoryApi: InventoryApi;
  limits: { writesPerMinute: number };
  digestKey(): Promise<Buffer>;
  ids: Ids;
  clock: Clock;
}

/** A preview, or when to ask for it again. */
export type PreviewOutcome =
  | { kind: 'ready'; preview: PreviewBody }
  | { kind: 'pending'; id: string; retryInMs: number };

/** How long one call works on a preview. */
const patienceMs = 20_000;
/** How many regions are read at the same time; plans may name more regions than there are. */
const regionsAtOnce = 10;

/**
 * Previews a plan, at most {@link patienceMs} long; what takes longer is kept to be asked for again. Nothing is written to
 * the cloud. Raises `unavailable` when the database cannot be reached.
 */
export async function previewPlan(deps: PreviewDeps, plan: Plan): Promise<PreviewOutcome> {
  const digestKey = await deps.digestKey();
  const id = deps.ids.preview();
  const request = previewRequestOf(plan, digestKey);
  const outcome = await workOn(deps, { id, request, digestKey, ageMs: 0 });
  if (outcome.kind === 'pending') await deps.previews.put(id, request);
  return outcome;
}

/** Goes on with a preview that was kept. Raises `not_found` when there is none, or none any more. */
export async function continuePreview(deps: PreviewDeps, id: string): Promise<PreviewOutcome> {
  const kept = await deps.previews.get(id);
  if (kept === null) throw new AppError('not_found', 'there is no such preview');
  return workOn(deps, { id, ...kept, digestKey: await deps.digestKey() });
}

interface Work {
  id: string;
  request: PreviewRequest;
  digestKey: Buffer;
  /** Since when the preview was asked for: what is younger than that, and a little older, is good enough. */
  ageMs: number;
}

async function workOn(deps: PreviewDeps, work: Work): Promise<PreviewOutcome> {
  const { clock, inventory, inventoryApi: api } = deps;
  const now = clock.monotonic();
  const times = { askedAt: now - work.ageMs, deadline: now + patienceMs };
  const scanning: ScanDeps = {
    api,
    inventory,
    clock,
    digestKey: work.digestKey,
    // Each call for itself: of two that ask for one preview at once, one reads.
    holder: deps.ids.preview(),
  };
  const views = new Map<string, RegionView>();
  const regions = regionsOf(work.request);
  for (let from = 0; from < regions.length; from += regionsAtOnce) {
    const some = regions.slice(from, from + regionsAtOnce);
    const read = await Promise.all(
      some.map((regionId) =>
        viewRegion(scanning, { ...wantedIn(work.request, regionId), ...times }),
      ),
    );
    const waits = read.flatMap((view) => (view.kind === 'later' ? [view.retryInMs] : []));
    if (waits.length > 0) return { kind: 'pending', id: work.id, retryInMs: Math.max(...waits) };
    some.forEach((regionId, index) => {
      const view = read[index];
      if (view && view.kind !== 'later') views.set(regionId, view);
    });
  }
  return { kind: 'ready', preview: composePreview(work.request, views, deps.limits) };
}

/** What of a region the plan is about: connections that it names, or all of them. */
function wantedIn(
  { targets, selectors }: PreviewRequest,
  regionId: string,
): { regionId: string; ids: readonly string[]; isWhole: boolean } {
  const named = targets.filter((target) => target.regionId === regionId);
  return {
    regionId,
    ids: [...new Set(named.map(({ vpnConnectionId }) => vpnConnectionId))],
    isWhole: selectors.some((selector) => selector.regionId === regionId),
  };
}
