import type { GovernedVpnApi } from '../../../shared/budget/governed-vpn-api.ts';
import type { VpnConnection } from '../../../shared/connection/model.ts';
import type { CloudError, Page, ReadOutcome } from '../../../shared/connection/vpn-api.ts';

export function aConnection(id: string, overrides: Partial<VpnConnection> = {}): VpnConnection {
  return {
    regionId: 'cn-hangzhou',
    vpnConnectionId: id,
    attachType: overrides.vpnGatewayId ? 'VPNGW' : 'CEN',
    vpnGatewayId: null,
    tunnelMode: 'single',
    tunnels: [],
    state: overrides.vpnGatewayId ? 'active' : 'attached',
    negotiation: null,
    negotiations: [],
    name: null,
    customerGatewayIds: [],
    transitRouterId: null,
    tags: {},
    fields: {},
    ...overrides,
  };
}

/** A region in memory that counts what is asked of it. */
export interface FakeRegion {
  api: GovernedVpnApi;
  /** Each call as `list`, `list vpn-1`, `one vco-a`, `gateways`, `gateway vpn-1`, pages after a dot. */
  calls: string[];
  connections: Map<string, VpnConnection>;
  updating: Set<string>;
  /** Calls that fail. */
  failing: Set<string>;
  /** Connections that lists leave out although they are there. */
  unlisted: Set<string>;
}

const error = (code: string): CloudError => ({
  class: 'unknown_fate',
  code,
  message: 'failed',
  requestId: null,
});

export function aRegion(connections: readonly VpnConnection[]): FakeRegion {
  const region: Omit<FakeRegion, 'api'> = {
    calls: [],
    connections: new Map(connections.map((each) => [each.vpnConnectionId, each])),
    updating: new Set(),
    failing: new Set(),
    unlisted: new Set(),
  };

  async function answer<Value>(call: string, value: () => Value): Promise<ReadOutcome<Value>> {
    region.calls.push(call);
    if (region.failing.has(call)) return { kind: 'failed', error: error(call) };
    return { kind: 'ok', value: value() };
  }

  function page<Item>(items: readonly Item[], number: number): Page<Item> {
    return { items: items.slice((number - 1) * 50, number * 50), total: items.length };
  }

  const listed = (vpnGatewayId?: string): VpnConnection[] =>
    [...region.connections.values()].filter(
      (each) =>
        !region.unlisted.has(each.vpnConnectionId) &&
        (vpnGatewayId === undefined || each.vpnGatewayId === vpnGatewayId),
    );
  const numbered = (call: string, number: number): string =>
    number === 1 ? call : `${call}.${number}`;

  const api: GovernedVpnApi = {
    listConnections: ({ vpnGatewayId, pageNumber }) =>
      answer(numbered(vpnGatewayId ? `list ${vpnGatewayId}` : 'list', pageNumber), () =>
        page(listed(vpnGatewayId), pageNumber),
      ),
    describeConnection: ({ vpnConnectionId }) =>
      answer(`one ${vpnConnectionId}`, () => region.connections.get(vpnConnectionId) ?? null),
    listGateways: ({ regionId, pageNumber }) =>
      answer(numbered('gateways', pageNumber), () =>
        page(
          [...region.updating].map((id) => ({
            regionId,
            vpnGatewayId: id,
            status: 'updating',
            vpcId: null,
          })),
          pageNumber,
        ),
      ),
    describeGateway: ({ regionId, vpnGatewayId }) =>
      answer(`gateway ${vpnGatewayId}`, () => ({
        regionId,
        vpnGatewayId,
        status: region.updating.has(vpnGatewayId) ? 'updating' : 'active',
        vpcId: null,
      })),
    listCustomerGateways: ({ pageNumber }) =>
      answer(numbered('customers', pageNumber), () => page([], pageNumber)),
    connectionLogs: () => Promise.reject(new Error('a reader asks for no log')),
    diagnose: () => Promise.reject(new Error('a reader diagnoses nothing')),
    modify: () => Promise.reject(new Error('a reader does not write')),
  };
  return { ...region, api };
}
