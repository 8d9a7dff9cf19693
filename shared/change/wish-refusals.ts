import { isInside, routingAgrees, smFixed, smValues } from '../connection/cross-rules.ts';
import { blockOf, type FieldPath, fieldTable } from '../connection/fields.ts';
import {
  type FieldValues,
  overlay,
  shownPath,
  type ValueEntry,
  valuePath,
} from '../connection/values.ts';
import type { WishTarget } from './expand-wish.ts';
import type { OwnCode } from './own-code.ts';

/** Why a wish cannot be carried out on a connection: a code of ours, where, and what is allowed or to be done. */
export interface WishRefusal {
  code: OwnCode;
  /** The field in the cloud's spelling; null when it is about the whole `set`. */
  path: string | null;
  message: string;
}

interface Context {
  acceptOutage: boolean;
  provesTunnels: boolean;
  wanted: FieldValues;
  /** What of `wanted` is not as it stands. */
  changing: readonly ValueEntry[];
  connection: WishTarget;
}

/** Every reason why the connection, as it was read, cannot have what is wanted. */
export function refusalsOf(context: Context): readonly WishRefusal[] {
  return [
    ...customerGatewayFaults(context),
    ...smFaults(context),
    ...routingFaults(context),
    ...bgpOffFaults(context),
    ...bgpFaults(context),
    ...redundancyFaults(context),
  ];
}

/** Source: ModifyVpnAttachmentAttribute: unattached, the customer gateway cannot be changed. */
function customerGatewayFaults({ changing, connection }: Context): readonly WishRefusal[] {
  if (connection.attachType !== 'NO_ASSOCIATED') return [];
  return changing
    .filter(({ field }) => field === 'CustomerGatewayId')
    .map(({ path }) => ({
      code: 'CustomerGatewayFixed',
      path: shownPath(path),
      message:
        'the customer gateway of a connection that hangs on nothing cannot be changed; attach it first',
    }));
}

/** Source: `IkeConfig` for NationalStandard gateways; their algorithms are no others' either. */
function smFaults({ changing, connection }: Context): readonly WishRefusal[] {
  return changing.flatMap(({ path, tunnel, field, value }): readonly WishRefusal[] => {
    const [enc, auth] = (['IkeConfig.IkeEncAlg', 'IkeConfig.IkeAuthAlg'] as const).map(
      (each) => connection.fields[valuePath(tunnel, each)],
    );
    if (enc === undefined && auth === undefined) return [];
    const isSm = enc === 'sm4' || auth === 'sm3';
    const refusal = { code: 'AlgorithmNotSupported', path: shownPath(path) } as const;
    if (isSm && smFixed.has(field)) {
      return [{ ...refusal, message: `${field} cannot be changed on an SM gateway` }];
    }
    const only = smValues[field];
    if (isSm && only !== undefined && value !== only) {
      return [{ ...refusal, message: `${field} must be ${only} on an SM gateway` }];
    }
    const isSmAlgorithm = value === 'sm4' || value === 'sm3';
    if (isSm || !isSmAlgorithm) return [];
    return [{ ...refusal, message: `${field} can be ${value} on SM gateways only` }];
  });
}

/** One side of a plan may be sound and yet not fit what stands on the other. */
function routingFaults({ changing, wanted, connection }: Context): readonly WishRefusal[] {
  const changed = changing.find(({ field }) => field === 'LocalSubnet' || field === 'RemoteSubnet');
  if (changed === undefined) return [];
  const { LocalSubnet, RemoteSubnet } = overlay(connection.fields, wanted);
  const lists = [LocalSubnet, RemoteSubnet].filter((list) => typeof list === 'string');
  if (routingAgrees(lists)) return [];
  const message =
    'LocalSubnet and RemoteSubnet must both be 0.0.0.0/0 or both be specific blocks; set both';
  return [{ code: 'RoutingModeMixed', path: changed.field, message }];
}

/** Source: ModifyTunnelAttribute, which cannot switch BGP on: its `TunnelBgpConfig` needs `EnableTunnelsBgp` first. */
function bgpOffFaults({ changing, wanted, connection }: Context): readonly WishRefusal[] {
  const { attachType, tunnels, fields } = connection;
  if (attachType !== 'VPNGW' || tunnels.length === 0) return [];
  if (overlay(fields, wanted).EnableTunnelsBgp === true) return [];
  const message =
    'the BGP fields of tunnels on a VPN gateway can be set while BGP is on; set EnableTunnelsBgp to true with them';
  return changing
    .filter(({ tunnel, field }) => tunnel !== null && blockOf(field)?.block === 'BgpConfig')
    .map(({ path }) => ({ code: 'BgpOff', path: shownPath(path), message }));
}

/** The fields that decide whether a BGP peering can be. */
const peering: ReadonlySet<string> = new Set(['BgpConfig.TunnelCidr', 'BgpConfig.LocalBgpIp']);
const bgpSwitches: ReadonlySet<string> = new Set(['EnableTunnelsBgp', 'BgpConfig.EnableBgp']);

/** Source: `BgpConfig`, `TunnelBgpConfig`. Whether the customer gateway has an ASN is known to the cloud alone. */
function bgpFaults({ changing, wanted, connection }: Context): readonly WishRefusal[] {
  const touched = new Set(changing.filter(({ field }) => peering.has(field)).map((e) => e.tunnel));
  const isSwitchedOn = changing.some(
    ({ field, value }) => bgpSwitches.has(field) && value === true,
  );
  if (touched.size === 0 && !isSwitchedOn) return [];
  const after = overlay(connection.fields, wanted);
  const textAt = (tunnel: string | null, field: FieldPath): string | null => {
    const value = after[valuePath(tunnel, field)];
    return typeof value === 'string' ? value : null;
  };
  const { tunnels } = connection;
  const places = tunnels.length === 0 ? [null] : tunnels.map(({ tunnelId }) => tunnelId);
  const peerings = places.map((tunnel) => ({
    tunnel,
    cidr: textAt(tunnel, 'BgpConfig.TunnelCidr'),
    address: textAt(tunnel, 'BgpConfig.LocalBgpIp'),
    isTouched: touched.has(tunnel),
  }));
  return [
    ...(isSwitchedOn ? peerings.flatMap(missingCidr) : []),
    ...peerings.filter(({ isTouched }) => isTouched).flatMap(addressOutside),
    ...sharedCidr(peerings),
  ];
}

/** What one tunnel would have. */
interface Peering {
  tunnel: string | null;
  cidr: string | null;
  address: string | null;
  isTouched: boolean;
}

function missingCidr({ tunnel, cidr }: Peering): readonly WishRefusal[] {
  if (cidr !== null) return [];
  const path = shownPath(valuePath(tunnel, 'BgpConfig.TunnelCidr'));
  const message = 'BGP needs a TunnelCidr, and none is set; name it in the same set';
  return [{ code: 'TunnelCidrMissing', path, message }];
}

function addressOutside({ tunnel, cidr, address }: Peering): readonly WishRefusal[] {
  if (cidr === null || address === null || isInside(address, cidr)) return [];
  const path = shownPath(valuePath(tunnel, 'BgpConfig.LocalBgpIp'));
  const message = `LocalBgpIp must lie inside TunnelCidr; it would be ${address} in ${cidr}`;
  return [{ code: 'LocalBgpIpOutside', path, message }];
}

/** Source: `TunnelBgpConfig.TunnelCidr`, unique on its gateway; here between the tunnels of one connection. */
function sharedCidr(peerings: readonly Peering[]): readonly WishRefusal[] {
  const [first, second] = peerings;
  if (!first || !second || first.cidr === null || first.cidr !== second.cidr) return [];
  if (!first.isTouched && !second.isTouched) return [];
  const path = shownPath(valuePath(second.tunnel, 'BgpConfig.TunnelCidr'));
  const message = `each tunnel needs a TunnelCidr of its own; both would have ${first.cidr}`;
  return [{ code: 'TunnelCidrTaken', path, message }];
}

/**
 * Nothing would hold the second tunnel back from a change that took the first one down: where tunnels are not proved, and for
 * what the connection has for both, which is one write.
 */
function redundancyFaults(context: Context): readonly WishRefusal[] {
  const { acceptOutage, provesTunnels, changing, connection } = context;
  if (acceptOutage || connection.tunnels.length === 0) return [];
  const [first] = changing.filter(
    ({ field, tunnel }) => fieldTable[field].agreed && (tunnel === null || !provesTunnels),
  );
  if (first === undefined) return [];
  const both =
    first.tunnel === null
      ? 'this is one value for both tunnels'
      : 'without verify.tunnel nothing proves a tunnel before the other one is changed';
  const message = `both sides must agree on this, and ${both}; set acceptOutage to true to change it all the same`;
  return [{ code: 'TunnelRedundancyLost', path: shownPath(first.path), message }];
}
