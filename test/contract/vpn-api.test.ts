import type { SimulatorClock } from '../../local/simulator/clock.ts';
import { generateInventory } from '../../local/simulator/inventory.ts';
import { startSimulatorServer } from '../../local/simulator/server.ts';
import type { Connection } from '../../local/simulator/shapes.ts';
import { createSimulator, DEMO_ACCESS_KEY } from '../../local/simulator/simulator.ts';
import type { TunnelHandle } from '../../local/simulator/state.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import type { ConnectionRef } from '../../shared/connection/model.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { defineVpnApiContract } from './vpn-api-contract.ts';
import { defineVpnApiNegotiationContract } from './vpn-api-negotiation-contract.ts';
import type { VpnApiSubject } from './vpn-api-subject.ts';
import { defineVpnApiTunnelContract } from './vpn-api-tunnel-contract.ts';

const regionId = 'cn-hangzhou';
const gatewayCount = 12;
const settleMs = 10_000;
const clockSkewMs = 90_000;

/** The real time, so that the client's stamps are good, plus what was skipped. */
function aSkippingClock(): SimulatorClock & { skip(ms: number): void } {
  let skipped = 0;
  return {
    now: () => systemClock.now() + skipped,
    sleep: () => Promise.resolve(),
    skip(ms) {
      skipped += ms;
    },
  };
}

/** Connections by role; those that misbehave do so by a tag. */
const sentinels: readonly (readonly [role: keyof Roles, key: string, value: string])[] = [
  ['throttledOnce', 'sim:throttled', ''],
  ['lostOnce', 'sim:lost', ''],
  ['failedOnce', 'sim:500', ''],
  ['refused', 'sim:error', 'IllegalParam.LocalAsn'],
];

interface Roles {
  first: Connection;
  neighbour: Connection;
  attachment: Connection;
  throttledOnce: Connection;
  lostOnce: Connection;
  failedOnce: Connection;
  refused: Connection;
  pair: Connection;
  attachedPair: Connection;
}

function pickRoles(connections: readonly Connection[]): Roles {
  const single = connections.filter((each) => each.tunnels.length === 0);
  const dual = connections.filter((each) => each.tunnels.length > 0);
  const gatewayIds = [
    ...new Set(single.flatMap(({ vpnGatewayId }) => (vpnGatewayId === null ? [] : [vpnGatewayId]))),
  ];
  const on = (gateway: number, index: number): Connection =>
    found(single.filter((each) => each.vpnGatewayId === gatewayIds[gateway])[index]);
  return {
    first: on(0, 0),
    neighbour: on(0, 1),
    throttledOnce: on(1, 0),
    lostOnce: on(2, 0),
    failedOnce: on(3, 0),
    refused: on(4, 0),
    attachment: found(single.find((each) => each.attachType === 'CEN')),
    pair: found(dual.find((each) => each.attachType === 'VPNGW')),
    attachedPair: found(dual.find((each) => each.attachType === 'CEN')),
  };
}

function found(connection: Connection | undefined): Connection {
  if (connection) return connection;
  throw new AppError('internal', 'the inventory is too small');
}

function refOf({ id }: Connection): ConnectionRef {
  return { regionId, vpnConnectionId: id };
}

async function createSubject(): Promise<VpnApiSubject> {
  const inventory = generateInventory({
    seed: 1,
    regionIds: [regionId],
    gateways: gatewayCount,
    attachments: 8,
    dualTunnelShare: 0.2,
  });
  const roles = pickRoles(inventory.connections);
  const connections = inventory.connections.map((each) => {
    const asked = sentinels.filter(([role]) => roles[role].id === each.id);
    return { ...each, tags: [...each.tags, ...asked.map(([, Key, Value]) => ({ Key, Value }))] };
  });
  const clock = aSkippingClock();
  const simulator = createSimulator({
    clock,
    inventory: { ...inventory, connections },
    settleMs: { min: settleMs, max: settleMs },
    lateMs: { min: 0, max: 0 },
    clockSkewMs,
  });
  const tunnelOf = (ref: ConnectionRef, tunnelId: string | null): TunnelHandle =>
    simulator.state.tunnel(ref.regionId, ref.vpnConnectionId, tunnelId);
  const server = await startSimulatorServer(simulator);
  const apiWith = (accessKeySecret: string): ReturnType<typeof createAliyunVpnApi> =>
    createAliyunVpnApi({
      endpoint: server.url,
      credentials: () =>
        Promise.resolve({
          accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
          accessKeySecret: new Secret(accessKeySecret),
          securityToken: null,
        }),
      clock: systemClock,
    });
  const api = apiWith(DEMO_ACCESS_KEY.accessKeySecret);
  const strangerApi = apiWith('not-the-secret');
  return {
    api,
    strangerApi,
    regionId,
    connectionCount: connections.length,
    gatewayCount,
    first: refOf(roles.first),
    neighbour: refOf(roles.neighbour),
    attachment: refOf(roles.attachment),
    throttledOnce: refOf(roles.throttledOnce),
    lostOnce: refOf(roles.lostOnce),
    failedOnce: refOf(roles.failedOnce),
    refused: refOf(roles.refused),
    pair: refOf(roles.pair),
    attachedPair: refOf(roles.attachedPair),
    clockSkewMs,
    now: () => clock.now(),
    reset: (ref, tunnelId) => Promise.resolve(tunnelOf(ref, tunnelId).reset()),
    misfit(ref, tunnelId) {
      const tunnel = tunnelOf(ref, tunnelId);
      tunnel.behave({ kind: 'onDelivery' });
      tunnel.deliver({ ike: { IkePfs: 'group14' } });
      return Promise.resolve();
    },
    settle: () => {
      clock.skip(settleMs + 1_000);
      return Promise.resolve();
    },
    async close() {
      api.close();
      strangerApi.close();
      await server.close();
    },
  };
}

defineVpnApiContract('pop-core against the simulator', createSubject);
defineVpnApiTunnelContract('pop-core against the simulator', createSubject);
defineVpnApiNegotiationContract('pop-core against the simulator', createSubject);
