import type { Adoption } from '../../../local/simulator/shapes.ts';
import type { SimulatorOptions } from '../../../local/simulator/simulator.ts';
import { aCloud, aSmallInventory, type Cloud, REGION, tunnelItem } from '../cloud.ts';

/** Cloud whose changes take effect 10 s after acceptance and whose handshakes take 2 s, with peers of some behaviour. */
export function aWorld(
  adoptions: Readonly<Record<string, Adoption>> = {},
  options: SimulatorOptions = {},
): Cloud {
  return aCloud({
    inventory: { ...aSmallInventory(), adoptions },
    lateMs: { min: 0, max: 0 },
    handshakeMs: 2_000,
    ...options,
  });
}

/** `Status` of the connection and of each of its tunnels, as an answer shows them; `up` and `down` for short. */
export async function statusesOf({ call }: Cloud, id: string): Promise<string> {
  const { body } = await call('DescribeVpnConnection', { VpnConnectionId: id });
  const given = body.TunnelOptionsSpecification ?? [];
  const tunnels = 'TunnelOptions' in given ? given.TunnelOptions : given;
  return [body, ...tunnels]
    .map(({ Status }) => (Status === 'ipsec_sa_established' ? 'up' : 'down'))
    .join(' ');
}

/** Gives the slave of `vco-dual` a key, and waits until the change has taken effect. */
export async function rekeySlave(
  cloud: Cloud,
  key: string,
  params: Readonly<Record<string, string>> = {},
): Promise<void> {
  await cloud.modify('vco-dual', {
    ...tunnelItem(1, { TunnelId: 'tun-2', 'TunnelIkeConfig.Psk': key, ...slaveDefaults }),
    ...params,
  });
  cloud.clock.advance(10_000);
}

/** What the slave has and a block must repeat, as one that leaves it out sets it back. */
const slaveDefaults = {
  'TunnelIkeConfig.LocalId': '47.98.1.2',
  'TunnelIkeConfig.RemoteId': '139.196.32.167',
};

/** Gives a single-tunnel connection a key, and waits until the change has taken effect. */
export async function rekey(
  cloud: Cloud,
  id: string,
  key: string,
  params: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { ike } = cloud.simulator.state.connection(REGION, id);
  await cloud.modify(id, { IkeConfig: JSON.stringify({ ...ike, Psk: key }), ...params });
  cloud.clock.advance(10_000);
}
