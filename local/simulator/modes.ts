import { ApiFault } from './errors.ts';
import type { Parameters } from './parameters.ts';

/** The actions that change a connection. */
export type ModifyAction =
  | 'ModifyVpnConnectionAttribute'
  | 'ModifyVpnAttachmentAttribute'
  | 'ModifyTunnelAttribute';

const ofEveryConnection = [
  'Name',
  'LocalSubnet',
  'RemoteSubnet',
  'EffectImmediately',
  'AutoConfigRoute',
];
const ofOneTunnel = [
  'IkeConfig',
  'IpsecConfig',
  'BgpConfig',
  'HealthCheckConfig',
  'EnableDpd',
  'EnableNatTraversal',
];
const ofTwoTunnels = ['TunnelOptionsSpecification', 'EnableTunnelsBgp'];

/**
 * Which parameters an action takes for connections of either mode (SDK model texts of the three actions, "request
 * parameters that are supported by ..."). The same in every action: `RegionId`, `VpnConnectionId`, `ClientToken`.
 */
const taken: Readonly<
  Record<ModifyAction, Readonly<Record<'single' | 'dual', readonly string[]>>>
> = {
  ModifyVpnConnectionAttribute: {
    single: [...ofEveryConnection, ...ofOneTunnel, 'RemoteCaCertificate'],
    dual: [...ofEveryConnection, ...ofTwoTunnels],
  },
  ModifyVpnAttachmentAttribute: {
    single: [
      ...ofEveryConnection,
      ...ofOneTunnel,
      'RemoteCaCert',
      'CustomerGatewayId',
      'NetworkType',
    ],
    dual: [...ofEveryConnection, ...ofTwoTunnels, 'NetworkType'],
  },
  ModifyTunnelAttribute: {
    single: [],
    dual: ['TunnelId', 'TunnelOptionsSpecification'],
  },
};

const known = new Set(Object.values(taken).flatMap(({ single, dual }) => [...single, ...dual]));

/**
 * Refuses what another Modify action or the other tunnel mode takes; names that none of them takes are ignored.
 * @throws ApiFault `UnsupportedParameter`, which names it.
 */
export function refuseForeign(
  params: Parameters,
  action: ModifyAction,
  mode: 'single' | 'dual',
): void {
  for (const name of params.keys()) {
    const root = name.split('.')[0] ?? name;
    if (!known.has(root) || taken[action][mode].includes(root)) continue;
    throw new ApiFault(
      'UnsupportedParameter',
      `The parameter ${root} is not supported by ${action} for a ${mode}-tunnel connection.`,
    );
  }
}
