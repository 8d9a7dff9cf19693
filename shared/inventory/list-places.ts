import type { VpnConnection } from '../connection/model.ts';

/**
 * On which page of the region's list a connection is to be found, or all connections of a gateway. The cloud promises no order, and
 * what is created or deleted moves others: once something was not where it had been, a place is known only after the list was read
 * twice with the same result.
 */
export class ListPlaces {
  private latest: ReadonlyMap<string, number> = new Map();
  private known: ReadonlyMap<string, number> = new Map();
  private isSteady = true;

  /** The page of a connection, or the one page of all connections of a gateway, by its id; null when that is not known. */
  pageOf(id: string): number | null {
    return this.known.get(id) ?? null;
  }

  /** The list was read to its end; the first page comes first. */
  sawList(pages: readonly (readonly VpnConnection[])[]): void {
    const seen = placesIn(pages);
    const isAsBefore = ([id, page]: [string, number]): boolean => this.latest.get(id) === page;
    this.known = this.isSteady ? seen : new Map([...seen].filter(isAsBefore));
    this.isSteady = this.known.size === seen.size;
    this.latest = seen;
  }

  /** Something was not where it was expected: nothing may be any more. */
  moved(): void {
    this.latest = new Map();
    this.known = new Map();
    this.isSteady = false;
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
