import type { WishTarget } from '../../../shared/change/expand-wish.ts';
import {
  type WishOnConnection,
  wishOnConnection,
} from '../../../shared/change/wish-on-connection.ts';
import type { Tunnel } from '../../../shared/connection/model.ts';
import type { FieldValues } from '../../../shared/connection/values.ts';

const up = { state: 'active', negotiation: 'ipsec_sa_established' };
const pairs: Record<'VPNGW' | 'CEN' | 'NO_ASSOCIATED', Tunnel[]> = {
  VPNGW: [
    { tunnelId: 'tun-m', role: 'master', index: null, ...up },
    { tunnelId: 'tun-s', role: 'slave', index: null, ...up },
  ],
  CEN: [
    { tunnelId: 'tun-1', role: null, index: 1, ...up },
    { tunnelId: 'tun-2', role: null, index: 2, ...up },
  ],
  NO_ASSOCIATED: [
    { tunnelId: 'tun-1', role: null, index: 1, ...up },
    { tunnelId: 'tun-2', role: null, index: 2, ...up },
  ],
};

/** A dual-tunnel connection with these fields. */
export function dual(
  attachType: WishTarget['attachType'] = 'VPNGW',
  fields: FieldValues = {},
): WishTarget {
  return { attachType, tunnels: pairs[attachType], fields };
}

/** A pair of which one tunnel is down. */
export function halfDown(fields: FieldValues = {}): WishTarget {
  const [master, standby] = pairs.VPNGW;
  const tunnels = [master, standby && { ...standby, negotiation: 'ike_sa_not_established' }];
  return { attachType: 'VPNGW', tunnels: tunnels.filter((each) => each !== undefined), fields };
}

/** A single-tunnel connection with these fields. */
export function single(
  attachType: WishTarget['attachType'] = 'VPNGW',
  fields: FieldValues = {},
): WishTarget {
  return { attachType, tunnels: [], fields };
}

/** What a set comes to on a connection. */
export function wish(set: FieldValues, target: WishTarget, acceptOutage = true): WishOnConnection {
  return wishOnConnection({ set, acceptOutage, provesTunnels: false }, target);
}

/** A field of a tunnel in the cloud's spelling. */
export const shown = (names: string, field: string): string =>
  `TunnelOptionsSpecification[${names}].${field}`;

/** A network for each tunnel of {@link dual} on a gateway. */
export const bgp = {
  'tun-m/BgpConfig.TunnelCidr': '169.254.10.0/30',
  'tun-s/BgpConfig.TunnelCidr': '169.254.11.0/30',
};
