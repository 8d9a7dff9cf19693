import type { CloudError } from '../connection/vpn-api.ts';
import { maxSelected, roomySeq } from '../job/plan-order.ts';
import { selectConnections, type Taken } from '../plan/select-connections.ts';
import type { Inventory, SeenConnection } from './inventory-store.ts';
import type { PreviewRequest } from './preview-request.ts';

/** What is known of a region of the plan. */
export type RegionView =
  | { kind: 'seen'; inventory: Inventory }
  | { kind: 'unreadable'; error: CloudError };

/** One change that the plan would make, or one selector that comes to nothing. */
export interface PreviewTarget {
  place: number;
  regionId: string;
  intentNumber: number;
  /** Null for a selector that comes to nothing; then `refusal` says why. */
  vpnConnectionId: string | null;
  isSelected: boolean;
  refusal: string | null;
}

/** The plan's targets with its selectors resolved, in plan order: as a job of the plan would have them. */
export function previewTargets(
  request: PreviewRequest,
  views: ReadonlyMap<string, RegionView>,
): readonly PreviewTarget[] {
  const named = request.targets.map((target): Placed => {
    const seq = roomySeq(target.place, 0);
    return { seq, target: { ...target, isSelected: false, refusal: null } };
  });
  const regions = new Set(request.selectors.map(({ regionId }) => regionId));
  const selected = [...regions].flatMap((regionId) => selectedIn(request, regionId, views));
  return [...named, ...selected].sort((a, b) => a.seq - b.seq).map(({ target }) => target);
}

interface Placed {
  seq: number;
  target: PreviewTarget;
}

function selectedIn(
  request: PreviewRequest,
  regionId: string,
  views: ReadonlyMap<string, RegionView>,
): readonly Placed[] {
  const view = views.get(regionId);
  const selectors = request.selectors.filter((selector) => selector.regionId === regionId);
  const intents = new Map(selectors.map(({ place, intentNumber }) => [place, intentNumber]));
  const named = request.targets.filter((target) => target.regionId === regionId).length;
  const taken: readonly Taken[] =
    view?.kind === 'seen'
      ? selectConnections(selectors, {
          connections: presentIn(view.inventory),
          room: maxSelected - named,
        })
      : selectors.map(({ place }) => ({ place, ids: [], refusal: 'cannot be resolved' }));
  return taken.flatMap(({ place, ids, refusal }): Placed[] => {
    const common = { place, regionId, intentNumber: intents.get(place) ?? 0, isSelected: true };
    if (refusal !== null) {
      return [{ seq: roomySeq(place, 0), target: { ...common, vpnConnectionId: null, refusal } }];
    }
    return ids.map((vpnConnectionId, rank) => ({
      seq: roomySeq(place, rank),
      target: { ...common, vpnConnectionId, refusal },
    }));
  });
}

function presentIn({ connections }: Inventory): readonly SeenConnection[] {
  return [...connections.values()].filter((connection) => connection !== null);
}
