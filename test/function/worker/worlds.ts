import { afterEach, beforeEach, expect } from 'vitest';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import { emptyAllTables, type TestDatabase } from '../../helpers/databases.ts';
import {
  openVirtualWorld,
  type VirtualWorld,
  type VirtualWorldOptions,
} from '../../helpers/virtual-world.ts';

/** Opens worlds on one database, emptied before each test; they are closed after it. */
export function useWorlds(
  database: TestDatabase,
): (options: Omit<VirtualWorldOptions, 'database'>) => Promise<VirtualWorld> {
  const opened: VirtualWorld[] = [];
  beforeEach(() => emptyAllTables(database));
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((world) => world.close()));
    expect(await brokenPromises(database)).toEqual([]);
  });
  return async (options) => {
    const world = await openVirtualWorld({ database, ...options });
    opened.push(world);
    return world;
  };
}

/** What the journals of sealed jobs say was not kept, whatever the test is about. */
async function brokenPromises(database: TestDatabase): Promise<readonly unknown[]> {
  const rows = await database.query(
    `SELECT c.value AS "check" FROM lanekeeper.seal s CROSS JOIN LATERAL json_array_elements(s.verification->'checks') AS c
      WHERE c.value->>'holds' = 'false'`,
  );
  return rows.map(({ check }) => check);
}

/** Does something once so much virtual time has passed. */
export function later(world: VirtualWorld, ms: number, act: () => void): void {
  void world.clock.sleep(ms).then(act);
}

/** The methods of a port that may be a proxy, to be spread. */
export function portOf(api: VpnApi): VpnApi {
  return {
    listConnections: (query) => api.listConnections(query),
    describeConnection: (ref) => api.describeConnection(ref),
    listGateways: (query) => api.listGateways(query),
    describeGateway: (query) => api.describeGateway(query),
    listCustomerGateways: (query) => api.listCustomerGateways(query),
    connectionLogs: (query) => api.connectionLogs(query),
    diagnose: (query) => api.diagnose(query),
    modify: (request) => api.modify(request),
  };
}

/** A cloud in which one connection is gone once `isGone` says so. */
export function withoutConnection(api: VpnApi, id: string, isGone: () => boolean): VpnApi {
  return {
    ...portOf(api),
    async listConnections(query) {
      const outcome = await api.listConnections(query);
      if (outcome.kind === 'failed' || !isGone()) return outcome;
      const items = outcome.value.items.filter((item) => item.vpnConnectionId !== id);
      return { kind: 'ok', value: { items, total: items.length } };
    },
    async describeConnection(ref) {
      if (ref.vpnConnectionId === id && isGone()) return { kind: 'ok', value: null };
      return api.describeConnection(ref);
    },
  };
}
