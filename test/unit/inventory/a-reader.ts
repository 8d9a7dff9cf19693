import type { VpnConnection } from '../../../shared/connection/model.ts';
import { createRegionReader } from '../../../shared/inventory/region-reader.ts';
import type { Look, Sight } from '../../../shared/inventory/sights.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { aConnection, type FakeRegion } from './aliyun-region.ts';

/** So many connections on each of so many gateways: `vco-1.1` is the first of `vpn-1`. */
export const onGateways = (gateways: number, each: number): VpnConnection[] =>
  Array.from({ length: gateways * each }, (_, index) => {
    const gateway = Math.floor(index / each) + 1;
    return aConnection(`vco-${gateway}.${(index % each) + 1}`, { vpnGatewayId: `vpn-${gateway}` });
  });

/** A reader of a region in memory, and a way to look at several connections at once. */
export function aReader(region: FakeRegion) {
  const clock = new FakeClock();
  const reader = createRegionReader({ api: region.api, clock, lingerMs: 2 });
  const lookOf = (connection: VpnConnection, options: Partial<Look>): Look => ({
    regionId: connection.regionId,
    vpnConnectionId: connection.vpnConnectionId,
    vpnGatewayId: connection.vpnGatewayId,
    awaitsGateway: connection.vpnGatewayId !== null,
    needsOwnRead: false,
    notBefore: clock.monotonic(),
    ...options,
  });
  return {
    clock,
    reader,
    async look(
      connections: readonly VpnConnection[],
      options: Partial<Look> = {},
    ): Promise<readonly Sight[]> {
      const sights = Promise.all(connections.map((each) => reader.look(lookOf(each, options))));
      await clock.advance(2);
      return sights;
    },
  };
}
