import ipaddr from 'ipaddr.js';

/** Rules between fields. Those of single fields are in `rules.ts`. */

const everything = '0.0.0.0/0';

/**
 * Whether the subnet lists of one connection go together: all the default route, or all specific blocks.
 * Source: ModifyVpnConnectionAttribute, `LocalSubnet`: destination routing or protected data flows, never half of each.
 */
export function routingAgrees(lists: readonly string[]): boolean {
  const isWhole = lists.map((list) => list === everything);
  const isMixed = lists.some((list) => list !== everything && list.split(',').includes(everything));
  return !isMixed && new Set(isWhole).size <= 1;
}

/**
 * Whether an address lies in a network; true also for what is neither, which has faults of its own.
 * Source: `BgpConfig.LocalBgpIp`, which must lie inside `TunnelCidr`.
 */
export function isInside(address: string, cidr: string): boolean {
  if (!ipaddr.IPv4.isValidCIDR(cidr) || !ipaddr.IPv4.isValidFourPartDecimal(address)) return true;
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

/** What an SM connection takes; what is not named here is as on others. Source: `IkeConfig` for NationalStandard gateways. */
export const smValues: Readonly<Record<string, string>> = {
  'IkeConfig.IkeVersion': 'ikev1',
  'IkeConfig.IkeMode': 'main',
  'IkeConfig.IkeEncAlg': 'sm4',
  'IkeConfig.IkeAuthAlg': 'sm3',
  'IpsecConfig.IpsecEncAlg': 'sm4',
  'IpsecConfig.IpsecAuthAlg': 'sm3',
};

/** What cannot be changed on an SM connection. Source: the same. */
export const smFixed: ReadonlySet<string> = new Set([
  'IkeConfig.Psk',
  'IkeConfig.IkePfs',
  'IkeConfig.LocalId',
]);

/** Algorithms that the cloud takes and that no longer protect: DES, 3DES, MD5, SHA-1 and groups of up to 1024 bits. */
export const weakAlgorithms: ReadonlySet<unknown> = new Set([
  'des',
  '3des',
  'md5',
  'sha1',
  'group1',
  'group2',
]);
