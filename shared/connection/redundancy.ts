import ipaddr from 'ipaddr.js';

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

/** Of two CIDR blocks that overlap one holds the other: it is enough to know which blocks are open at each beginning. */
function joinOverlapping(blocks: Block[], join: (a: number, b: number) => void): void {
  blocks.sort((a, b) => a.first - b.first || b.last - a.last);
  const open: Block[] = [];
  for (const block of blocks) {
    let around = open.at(-1);
    while (around && around.last < block.first) {
      open.pop();
      around = open.at(-1);
    }
    if (around) join(around.member, block.member);
    open.push(block);
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
