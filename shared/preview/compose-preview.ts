import {
  type ChangeWarning,
  type MaskedWish,
  notInRegion,
  resolveChange,
} from '../change/resolve-change.ts';
import { blockOf, isFieldPath, keyField } from '../connection/fields.ts';
import { isDeadState, laneKeyOf } from '../connection/model.ts';
import {
  mostTogether,
  type RedundancyMember,
  redundancyGroups,
  whereItLeads,
} from '../connection/redundancy.ts';
import { connectionPart, modifyActionFor } from '../connection/vpn-api.ts';
import { planDigestOf, type ResolvedTarget } from '../plan/plan-digest.ts';
import { atLeastOneOf } from '../plan/share.ts';
import { pointerOf } from '../platform/http/faults.ts';
import type { SeenConnection } from './inventory-store.ts';
import { assumedSettleSeconds, lowerBoundOf } from './lower-bound.ts';
import type { PreviewBody, PreviewItem } from './preview-body.ts';
import type { PreviewRequest } from './preview-request.ts';
import { type PreviewTarget, previewTargets, type RegionView } from './preview-targets.ts';

/** A target with what became of it: `seen` is its connection, when it can be changed or needs no change. */
interface Outlook {
  target: PreviewTarget;
  item: PreviewItem;
  seen: SeenConnection | null;
}

/** A connection that is to be changed. */
interface Modified {
  seen: SeenConnection;
  intentNumber: number;
}

/**
 * What a plan would do to what is known of its regions: the same targets, differences, refusals and digest that a job of
 * it would come to. Pure.
 */
export function composePreview(
  request: PreviewRequest,
  views: ReadonlyMap<string, RegionView>,
  limits: { writesPerMinute: number },
): PreviewBody {
  const own = { sets: new Set(request.ownSets), rotations: new Set(request.ownRotations) };
  const outlooks = previewTargets(request, views).map((target) =>
    outlookOf({ request, own }, target, views.get(target.regionId)),
  );
  const digest = planDigestOf({
    plan: request.plan,
    keys: request.keys,
    targets: outlooks.flatMap(resolvedTarget),
  });
  return {
    digest,
    summary: summaryOf(request, { outlooks, views, limits }),
    items: outlooks.map(({ item }) => item),
  };
}

function outlookOf(
  { request, own: ownParts }: { request: PreviewRequest; own: OwnParts },
  target: PreviewTarget,
  view: RegionView | undefined,
): Outlook {
  const path = pointerOf(['targets', target.place]);
  const own = `${path}/${target.isSelected ? 'select' : 'vpnConnectionId'}`;
  if (view?.kind !== 'seen') {
    const { code, message } = view?.error ?? { code: 'NotRead', message: 'it was not read' };
    return refused(target, own, { code, message: `the region cannot be read: ${message}` });
  }
  const { vpnConnectionId } = target;
  if (vpnConnectionId === null) {
    return refused(target, own, { code: 'SelectorRefused', message: target.refusal ?? '' });
  }
  const seen = view.inventory.connections.get(vpnConnectionId) ?? null;
  if (seen === null) return refused(target, own, notInRegion(vpnConnectionId));
  const { acceptOutage, provesTunnels } = request;
  const wish: MaskedWish = {
    set: request.wishes[target.intentNumber] ?? {},
    rotatePsk: request.rotations[target.intentNumber] ?? null,
    acceptOutage,
    provesTunnels,
  };
  const outlook = resolveChange(seen, wish);
  if (outlook.kind === 'refused') {
    return refused(
      target,
      wishPointer(ownParts, target, { wish, at: outlook.path }),
      outlook.error,
    );
  }
  const item: PreviewItem = {
    ...identityOf(target),
    laneKey: laneKeyOf(seen),
    action: outlook.diff.length > 0 ? 'modify' : 'unchanged',
    diff: outlook.diff.map(({ path: field, from, to }) => {
      return { path: field, from: from ?? 'unknown', to };
    }),
    warnings: [...outlook.warnings, ...warningsOf(seen)],
    reason: null,
  };
  return { target, item, seen };
}

function identityOf(
  target: PreviewTarget,
): Pick<PreviewItem, 'path' | 'regionId' | 'vpnConnectionId'> {
  const { place, regionId, vpnConnectionId } = target;
  return { path: pointerOf(['targets', place]), regionId, vpnConnectionId };
}

function refused(
  target: PreviewTarget,
  path: string,
  { code, message }: { code: string; message: string },
): Outlook {
  const item: PreviewItem = {
    ...identityOf(target),
    laneKey: null,
    action: 'refused',
    diff: [],
    warnings: [],
    reason: { path, code, message },
  };
  return { target, item, seen: null };
}

/** Places of the targets that have parts of a wish of their own. */
interface OwnParts {
  sets: ReadonlySet<number>;
  rotations: ReadonlySet<number>;
}

/** Where in the plan stands what is refused. */
function wishPointer(
  own: OwnParts,
  { place }: PreviewTarget,
  { wish, at }: { wish: MaskedWish; at: string | null },
): string {
  const pointer = (part: 'set' | 'rotatePsk', isOwn: boolean): string =>
    pointerOf(isOwn ? ['targets', place, part] : [part]);
  if (wish.rotatePsk !== null && at?.endsWith(keyField)) {
    return pointer('rotatePsk', own.rotations.has(place));
  }
  return `${pointer('set', own.sets.has(place))}${fieldPointer(at, wish)}`;
}

/**
 * Where in a `set` stands what is refused: a field of a tunnel may have been meant for every tunnel, and else stands in one
 * of the entries for tunnels.
 */
function fieldPointer(shown: string | null, { set }: MaskedWish): string {
  if (shown === null) return '';
  const [, ofTunnel] = /^TunnelOptionsSpecification\[.*\]\.?(?:Tunnel)?(.*)$/.exec(shown) ?? [];
  const field = ofTunnel ?? shown;
  if (!isFieldPath(field) || set[field] === undefined) {
    return ofTunnel === undefined ? '' : pointerOf(['TunnelOptionsSpecification']);
  }
  const place = blockOf(field);
  return pointerOf(place === null ? [field] : [place.block, place.key]);
}

function warningsOf(seen: SeenConnection): readonly ChangeWarning[] {
  if (!isDeadState(seen)) return [];
  const message = `the connection is ${seen.state} and takes no change now`;
  return [{ code: 'locked', path: null, message }];
}

/** Selectors that come to nothing make no change, so that the plan alone speaks of them. */
function resolvedTarget({ target, seen }: Outlook): readonly ResolvedTarget[] {
  const { regionId, vpnConnectionId, intentNumber } = target;
  if (vpnConnectionId === null) return [];
  const found = { attachType: seen?.attachType ?? null, fields: seen?.fields ?? null };
  return [{ regionId, vpnConnectionId, intentNumber, ...found }];
}

function summaryOf(
  request: PreviewRequest,
  made: {
    outlooks: readonly Outlook[];
    views: ReadonlyMap<string, RegionView>;
    limits: { writesPerMinute: number };
  },
): PreviewBody['summary'] {
  const { outlooks, views, limits } = made;
  const count = (action: PreviewItem['action']): number =>
    outlooks.filter(({ item }) => item.action === action).length;
  const modified = outlooks.flatMap(({ item, seen, target: { intentNumber } }) =>
    item.action === 'modify' && seen ? [{ seen, intentNumber }] : [],
  );
  const members = membersOf(modified, { request, views });
  const groups = redundancyGroups(members).map((group) => group.length);
  const concurrency = atLeastOneOf(
    request.concurrency,
    outlooks.filter(({ target }) => target.vpnConnectionId !== null).length,
  );
  const laneSizes = sizesOf(modified.map(({ seen }) => laneKeyOf(seen)));
  const changes = modified.map(({ seen }) => ({
    laneKey: laneKeyOf(seen),
    writeScope: `${seen.regionId} ${modifyActionFor({ ...seen, part: connectionPart })}`,
  }));
  const together = request.redundancy === 'groups' ? mostTogether(members) : 0;
  const bound = lowerBoundOf(changes, { ...limits, concurrency, together });
  return {
    total: outlooks.length,
    modify: count('modify'),
    unchanged: count('unchanged'),
    refused: count('refused'),
    lanes: laneSizes.length,
    longestLane: largestOf(laneSizes),
    groups: groups.length,
    largestGroup: largestOf(groups),
    lowerBound: {
      ...bound,
      assumption: `each change settles within ${assumedSettleSeconds} s, ${concurrency} at once, ${limits.writesPerMinute} writes a minute for each region and action`,
    },
    inventoryAgeSeconds: ageOf(views),
  };
}

/** Where the connections lead to that are modified, each once. */
function membersOf(
  modified: readonly Modified[],
  { request, views }: { request: PreviewRequest; views: ReadonlyMap<string, RegionView> },
): readonly RedundancyMember[] {
  const once = new Map(
    modified.map((each) => [`${each.seen.regionId}/${each.seen.vpnConnectionId}`, each] as const),
  );
  return [...once.values()].map(({ seen, intentNumber }) => {
    const view = views.get(seen.regionId);
    const ends = view?.kind === 'seen' ? view.inventory : { vpcs: nothing, addresses: nothing };
    return whereItLeads(seen, ends, request.wishes[intentNumber] ?? {});
  });
}

const nothing: ReadonlyMap<string, string | null> = new Map();

function sizesOf(keys: readonly string[]): readonly number[] {
  const sizes = new Map<string, number>();
  for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  return [...sizes.values()];
}

function largestOf(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => Math.max(a, b), 0);
}

function ageOf(views: ReadonlyMap<string, RegionView>): number | null {
  const ages = [...views.values()].flatMap((view) =>
    view.kind === 'seen' ? [view.inventory.ageMs] : [],
  );
  return ages.length === 0 ? null : Math.round(largestOf(ages) / 100) / 10;
}
