import type { ActionContext } from './actions/context.ts';
import { flatBlock } from './blocks.ts';
import { bgpOf, ikeOf, ipsecOf } from './configs.ts';
import { TUNNEL_BGP_DEFAULTS, TUNNEL_IKE_DEFAULTS } from './defaults.ts';
import { ApiFault } from './errors.ts';
import { madeUpKey } from './made-up-key.ts';
import {
  illegal,
  invalid,
  itemsOf,
  membersOf,
  missing,
  optionalBoolean,
  type Parameters,
  requiredText,
} from './parameters.ts';
import { certificateOf, customerGatewayOf } from './peer.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';
import { bgpRules, ikeRules, ipsecRules } from './rules.ts';
import type { Tunnel, TunnelPatch } from './shapes.ts';

const LIST = 'TunnelOptionsSpecification';

/** Where a change of tunnels is made. */
interface Place {
  readonly context: ActionContext;
  readonly region: RegionState;
  readonly entry: ConnectionEntry;
}

/**
 * The tunnels that `TunnelOptionsSpecification.N` lists, each at most once, with what is to change of them.
 * @throws ApiFault `InvalidParameter` for a list that cannot be read, or the code of the first rule that is broken.
 */
export function listedTunnelChanges(place: Place): readonly TunnelPatch[] {
  const { context, entry } = place;
  const seen = new Set<Tunnel>();
  return itemsOf(context.params, LIST).map((item, index) => {
    const name = `${LIST}.${index + 1}`;
    const tunnel = namedTunnel(entry, item, name);
    if (seen.has(tunnel)) throw invalid(name);
    seen.add(tunnel);
    return tunnelChange(place, tunnel, item);
  });
}

/**
 * What ModifyTunnelAttribute asks of the tunnel `TunnelId`: one object instead of a list, and BGP only where it is on.
 * @throws ApiFault as {@link listedTunnelChanges}, and `OperationUnsupported.EnableBgp`.
 */
export function singleTunnelChange(place: Place): TunnelPatch {
  const { context, entry } = place;
  const id = requiredText(context.params, 'TunnelId');
  const tunnel = entry.current.tunnels.find(({ tunnelId }) => tunnelId === id);
  if (!tunnel) throw illegal('TunnelId');
  const options = membersOf(context.params, LIST);
  if ([...options.keys()].some((key) => /^\d/.test(key))) throw invalid(LIST);
  const patch = tunnelChange(place, tunnel, options);
  if (patch.bgp && !entry.current.enableTunnelsBgp) {
    throw new ApiFault('OperationUnsupported.EnableBgp');
  }
  return patch;
}

/** A tunnel goes by its id, its `Role` (VPN gateways), its `TunnelIndex` (elsewhere) or by two that agree. */
function namedTunnel(entry: ConnectionEntry, item: Parameters, name: string): Tunnel {
  const { tunnels, attachType } = entry.current;
  const placeKey = attachType === 'VPNGW' ? 'Role' : 'TunnelIndex';
  const id = item.get('TunnelId');
  const place = item.get(placeKey);
  const byId = tunnels.find(({ tunnelId }) => tunnelId === id);
  const byPlace = tunnels.find(({ index }) => placeOf(index, placeKey) === place);
  const tunnel = byId ?? byPlace;
  if (id && !byId) throw illegal('TunnelId');
  if (place && (!byPlace || byPlace !== tunnel)) throw illegal(placeKey);
  if (!tunnel) throw missing(`${name}.TunnelId`);
  return tunnel;
}

function placeOf(index: Tunnel['index'], key: 'Role' | 'TunnelIndex'): string {
  if (key === 'TunnelIndex') return String(index);
  return index === 1 ? 'master' : 'slave';
}

function tunnelChange(place: Place, tunnel: Tunnel, options: Parameters): TunnelPatch {
  const { context, region, entry } = place;
  const { semantics, state } = context;
  const customerGatewayId = customerGatewayOf(options, region, entry, tunnel.customerGatewayId);
  const enableDpd = optionalBoolean(options, 'EnableDpd');
  const enableNatTraversal = optionalBoolean(options, 'EnableNatTraversal');
  const remoteCaCertificate = certificateOf(options, 'RemoteCaCertificate', entry);
  const ike = flatBlock(options, 'TunnelIkeConfig', ikeRules);
  const ipsec = flatBlock(options, 'TunnelIpsecConfig', ipsecRules);
  const bgp = flatBlock(options, 'TunnelBgpConfig', bgpRules);
  const peer = region.customerGateways.get(customerGatewayId ?? tunnel.customerGatewayId);
  const defaults = {
    ...TUNNEL_IKE_DEFAULTS,
    LocalId: tunnel.internetIp,
    RemoteId: peer?.ipAddress ?? tunnel.ike.RemoteId,
  };
  const newKey = (): string => madeUpKey(state, entry, tunnel.tunnelId);
  const bgpBase = semantics.updateSemantics === 'merge' ? tunnel.bgp : TUNNEL_BGP_DEFAULTS;
  return {
    tunnelId: tunnel.tunnelId,
    ...(customerGatewayId === undefined ? {} : { customerGatewayId }),
    ...(enableDpd === undefined ? {} : { enableDpd }),
    ...(enableNatTraversal === undefined ? {} : { enableNatTraversal }),
    ...(remoteCaCertificate === undefined ? {} : { remoteCaCertificate }),
    ...(ike ? { ike: ikeOf(ike, semantics, { current: tunnel.ike, defaults, newKey }) } : {}),
    ...(ipsec ? { ipsec: ipsecOf(ipsec, semantics, tunnel.ipsec) } : {}),
    ...(bgp ? { bgp: bgpOf(bgp, bgpBase) } : {}),
  };
}
