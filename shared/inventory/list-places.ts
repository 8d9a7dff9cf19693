import type { VpnConnection } from '../connection/model.ts';

/**
 * On which page of the region's list a connection is to be found, or all connections of a gateway. Known once the list was read
 * twice with the same result: the cloud promises no order, and what is created or deleted moves others.
 */
export class ListPlaces {
  private latest: ReadonlyMap<string, number> = new Map();
  private settled: ReadonlyMap<string, number> = new Map();

  /** The page of a connection, or the one page of all connections of a gateway, by its id; null when that is not known. */
  pageOf(id: string): number | null {
    return this.settled.get(id) ?? null;
  }

  /** The list was read to its end; the first page comes first. */
  sawList(pages: readonly (readonly VpnConnection[])[]): void {
    const seen = placesIn(pages);
    this.settled = new Map([...seen].filter(([id, page]) => this.latest.get(id) === page));
    this.latest = seen;
  }

  /** Something was not where it was expected: nothing may be any more. */
  moved(): void {
    this.latest = new Map();
    this.settled = new Map();
  }
}

function placesIn(pages: readonly (readonly VpnConnection[])[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const spread = new Set<string>();
  for (const [index, items] of pages.entries()) {
    for (const { vpnConnectionId, vpnGatewayId } of items) {
      places.set(vpnConnectionId, index + 1);
      if (vpnGatewayId === null) continue;
      if ((places.get(vpnGatewayId) ?? index + 1) !== index + 1) spread.add(vpnGatewayId);
      places.set(vpnGatewayId, index + 1);
    }
  }
  return new Map([...places].filter(([id]) => !spread.has(id)));
}
