import { matcherOf, type Selectable, type Selector } from './selector.ts';

/** What a selector took. */
export interface Taken {
  place: number;
  /** In order. Empty when refused. */
  ids: readonly string[];
  /** How the sentence goes on that begins with the selector's path; null when it took something. */
  refusal: string | null;
}

/**
 * What selectors of one region take of its connections, each in the order of ids. A selector that matches nothing is
 * refused, and one for which there is no `room` left: connections that the plan's targets may still name in the region.
 */
export function selectConnections(
  selectors: readonly { place: number; select: Selector }[],
  region: { connections: readonly Selectable[]; room: number },
): readonly Taken[] {
  const ordered = [...region.connections].sort((a, b) =>
    a.vpnConnectionId < b.vpnConnectionId ? -1 : 1,
  );
  let { room } = region;
  return selectors.map(({ place, select }) => {
    const ids = ordered.filter(matcherOf(select)).map(({ vpnConnectionId }) => vpnConnectionId);
    if (ids.length === 0) return { place, ids, refusal: 'matches no connection' };
    if (ids.length > room) {
      const refusal = `matches ${ids.length} connections, more than a plan may change in one region`;
      return { place, ids: [], refusal };
    }
    room -= ids.length;
    return { place, ids, refusal: null };
  });
}
