import ipaddr from 'ipaddr.js';
import type { VpnConnection } from './model.ts';

/** What decides whether connections back each other up. */
export interface RedundancyMember {
  /** Public addresses of the customer gateways at the other end. */
  customerAddresses: readonly string[];
  /** The VPC or transit router whose traffic it carries; null when it carries none. */
  network: string | null;
  /** CIDR blocks behind the other end. */
  remoteSubnets: readonly string[];
}

/** A block of IPv4 addresses as whole numbers, ends included, and whose it is. */
interface Block {
  first: number;
  last: number;
  member: number;
}

/** What is known of gateways, by their ids. */
export interface FarEnds {
  /** VPCs of VPN gateways. */
  vpcs: ReadonlyMap<string, string | null>;
  /** Public addresses of customer gateways. */
  addresses: ReadonlyMap<string, string | null>;
}

/**
 * Where a connection leads to as it was read, and with the wanted values, by their paths: it must be kept apart from what backs
 * it up before and after. What is not known of a gateway is replaced by its id: then it is the same only as itself.
 */
export function whereItLeads(
  connection: Pick<VpnConnection, 'vpnGatewayId' | 'transitRouterId' | 'customerGatewayIds'> & {
    fields: Readonly<Record<string, unknown>>;
  },
  { vpcs, addresses }: FarEnds,
  wanted: Readonly<Record<string, unknown>>,
): RedundancyMember {
  const { vpnGatewayId, transitRouterId, fields } = connection;
  const customers = [...connection.customerGatewayIds, ...customersIn(wanted)];
  const subnets = [fields.RemoteSubnet, wanted.RemoteSubnet]
    .flatMap((list) => (typeof list === 'string' ? list.split(',') : []))
    .map((cidr) => cidr.trim());
  return {
    customerAddresses: unique(customers.map((id) => addresses.get(id) ?? id)),
    network: vpnGatewayId === null ? transitRouterId : (vpcs.get(vpnGatewayId) ?? vpnGatewayId),
    remoteSubnets: unique(subnets.filter((cidr) => blockOf(cidr, 0).length > 0)),
  };
}

/** The customer gateways among wanted values, of a connection or of its tunnels. */
export function customersIn(wanted: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(wanted).flatMap(([path, value]) =>
    path.endsWith('CustomerGatewayId') && typeof value === 'string' ? [value] : [],
  );
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

/** Whether two connections back each other up, not by way of a third one. */
export function backUpEachOther(a: RedundancyMember, b: RedundancyMember): boolean {
  if (a.customerAddresses.some((address) => b.customerAddresses.includes(address))) return true;
  if (a.network === null || a.network !== b.network) return false;
  const others = b.remoteSubnets.flatMap((cidr) => blockOf(cidr, 1));
  return a.remoteSubnets
    .flatMap((cidr) => blockOf(cidr, 0))
    .some(({ first, last }) => others.some((other) => first <= other.last && other.first <= last));
}

/** Most of the members that all back each other up: of those no two can be changed at once. */
export function mostTogether(members: readonly RedundancyMember[]): number {
  const byAddress = new Map<string, number>();
  const byNetwork = new Map<string, Block[]>();
  members.forEach(({ customerAddresses, network, remoteSubnets }, member) => {
    for (const address of new Set(customerAddresses)) {
      byAddress.set(address, (byAddress.get(address) ?? 0) + 1);
    }
    if (network === null) return;
    const blocks = byNetwork.get(network) ?? [];
    blocks.push(...remoteSubnets.flatMap((cidr) => blockOf(cidr, member)));
    byNetwork.set(network, blocks);
  });
  const depths = [...byNetwork.values()].map(deepest);
  return [...byAddress.values(), ...depths].reduce((a, b) => Math.max(a, b), 0);
}

/** Most members whose blocks hold one and the same address. */
function deepest(blocks: Block[]): number {
  let depth = 0;
  nest(blocks, (open) => {
    depth = Math.max(depth, new Set(open.map(({ member }) => member)).size);
  });
  return depth;
}

/**
 * The members, by their places in the list, that back each other up: those that lead to one customer gateway address,
 * and those that lead to overlapping blocks through one network; a default route overlaps with nothing. What is tied by a
 * chain of such pairs is one group. Only groups of two and more; takes time in proportion to n log n.
 */
export function redundancyGroups(
  members: readonly RedundancyMember[],
): readonly (readonly number[])[] {
  const union = createUnion(members.length);
  const byAddress = new Map<string, number>();
  const byNetwork = new Map<string, Block[]>();
  members.forEach(({ customerAddresses, network, remoteSubnets }, member) => {
    for (const address of customerAddresses) {
      union.join(byAddress.get(address) ?? member, member);
      byAddress.set(address, member);
    }
    if (network === null) return;
    const blocks = byNetwork.get(network) ?? [];
    blocks.push(...remoteSubnets.flatMap((cidr) => blockOf(cidr, member)));
    byNetwork.set(network, blocks);
  });
  for (const blocks of byNetwork.values()) joinOverlapping(blocks, union.join);
  return union.groups();
}

function blockOf(cidr: string, member: number): readonly Block[] {
  const text = cidr.trim();
  if (!ipaddr.IPv4.isValidCIDR(text)) return [];
  const [address, bits] = ipaddr.IPv4.parseCIDR(text);
  if (bits === 0) return [];
  const size = 2 ** (32 - bits);
  const given = address.octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const first = given - (given % size);
  return [{ first, last: first + size - 1, member }];
}

function joinOverlapping(blocks: Block[], join: (a: number, b: number) => void): void {
  nest(blocks, (open) => {
    const [block, around] = [open.at(-1), open.at(-2)];
    if (block && around) join(around.member, block.member);
  });
}

/**
 * Tells of each block, with those that hold it before it. Of two CIDR blocks that overlap one holds the other: it is enough
 * to know which blocks are open at each beginning.
 */
function nest(blocks: Block[], tell: (open: readonly Block[]) => void): void {
  blocks.sort((a, b) => a.first - b.first || b.last - a.last);
  const open: Block[] = [];
  for (const block of blocks) {
    let around = open.at(-1);
    while (around && around.last < block.first) {
      open.pop();
      around = open.at(-1);
    }
    open.push(block);
    tell(open);
  }
}

/** Disjoint sets of the numbers below `size`. */
function createUnion(size: number): {
  join(a: number, b: number): void;
  groups(): readonly (readonly number[])[];
} {
  const parents = Array.from({ length: size }, (_, index) => index);
  const parentOf = (member: number): number => parents[member] ?? member;
  const rootOf = (member: number): number => {
    let root = member;
    while (parentOf(root) !== root) {
      // Halving the way keeps it short for the next who asks.
      parents[root] = parentOf(parentOf(root));
      root = parentOf(root);
    }
    return root;
  };
  return {
    join(a, b) {
      parents[rootOf(b)] = rootOf(a);
    },
    groups() {
      const groups = new Map<number, number[]>();
      parents.forEach((_, member) => {
        const root = rootOf(member);
        const group = groups.get(root);
        if (group) group.push(member);
        else groups.set(root, [member]);
      });
      return [...groups.values()].filter((group) => group.length > 1);
    },
  };
}
