import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import {
  backUpEachOther,
  mostTogether,
  type RedundancyMember,
  redundancyGroups,
  whereItLeads,
} from '../../../shared/connection/redundancy.ts';

/** `addresses network subnets`, lists with commas, `-` for nothing. */
function member(text: string): RedundancyMember {
  const [addresses = '-', network = '-', subnets = '-'] = text.split(' ');
  const list = (part: string): string[] => (part === '-' ? [] : part.split(','));
  return {
    customerAddresses: list(addresses),
    network: network === '-' ? null : network,
    remoteSubnets: list(subnets),
  };
}

describe('redundancyGroups', () => {
  it.each([
    ['one address', ['1.1.1.1 vpc-1 10.0.0.0/24', '1.1.1.1 vpc-2 10.1.0.0/24'], [[0, 1]]],
    ['one of two addresses', ['1.1.1.1,2.2.2.2', '2.2.2.2,3.3.3.3'], [[0, 1]]],
    ['different addresses', ['1.1.1.1', '2.2.2.2'], []],
    ['unknown addresses', ['-', '-'], []],
    ['one block', ['- vpc-1 10.0.0.0/24', '- vpc-1 10.0.0.0/24'], [[0, 1]]],
    ['a block in another', ['- tr-1 10.0.0.0/24', '- tr-1 10.0.0.0/8'], [[0, 1]]],
    ['blocks side by side', ['- vpc-1 10.0.0.0/24', '- vpc-1 10.0.1.0/24'], []],
    ['one block through different networks', ['- vpc-1 10.0.0.0/24', '- vpc-2 10.0.0.0/24'], []],
    ['one block through no network', ['- - 10.0.0.0/24', '- - 10.0.0.0/24'], []],
    ['a default route', ['- vpc-1 0.0.0.0/0', '- vpc-1 10.0.0.0/8'], []],
    ['two default routes', ['- vpc-1 0.0.0.0/0', '- vpc-1 0.0.0.0/0'], []],
    [
      'a block beside a default route',
      ['- vpc-1 0.0.0.0/0,10.0.0.0/8', '- vpc-1 10.1.0.0/16'],
      [[0, 1]],
    ],
    ['another spelling', ['- vpc-1 10.0.0.7/24', '- vpc-1 10.0.0.128/25'], [[0, 1]]],
    ['what is no block', ['- vpc-1 everything', '- vpc-1 everything'], []],
    [
      'a chain',
      ['1.1.1.1 vpc-1 10.0.0.0/24', '1.1.1.1 vpc-2 10.9.0.0/24', '- vpc-1 10.0.0.0/8', '4.4.4.4'],
      [[0, 1, 2]],
    ],
    [
      'blocks after one that ended',
      ['- v 10.0.0.0/24', '- v 10.1.0.0/16', '- v 10.1.3.0/24', '- v 10.2.0.0/16'],
      [[1, 2]],
    ],
  ])('ties by %s', (_, members, groups) => {
    expect(redundancyGroups(members.map(member))).toEqual(groups);
  });

  it('finds what a comparison of all pairs would find', () => {
    const Cidr = fc
      .tuple(
        fc.constantFrom('10.0', '10.1', '192.168'),
        fc.nat(3),
        fc.nat(3),
        fc.integer({ min: 0, max: 32 }),
      )
      .map(([head, third, fourth, bits]) => `${head}.${third}.${fourth}/${bits}`);
    const Member = fc.record({
      customerAddresses: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 2 }),
      network: fc.constantFrom('vpc-1', 'vpc-2', null),
      remoteSubnets: fc.array(Cidr, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(Member, { maxLength: 12 }), (members) => {
        expect(redundancyGroups(members)).toEqual(groupsByPairs(members));
      }),
      { numRuns: 500 },
    );
  });

  it('takes twenty thousand at once', () => {
    const nested = Array.from({ length: 20_000 }, (_, index) => {
      const block = `10.${index >> 8}.${index & 255}.0/24`;
      return { customerAddresses: [`a-${index}`], network: 'vpc-1', remoteSubnets: [block] };
    });

    expect(redundancyGroups(nested)).toEqual([]);
    expect(redundancyGroups([...nested, member('- vpc-1 10.0.0.0/8')])[0]).toHaveLength(20_001);
  });
});

function tied(a: RedundancyMember, b: RedundancyMember): boolean {
  if (a.customerAddresses.some((address) => b.customerAddresses.includes(address))) return true;
  if (a.network === null || a.network !== b.network) return false;
  const blocks = ({ remoteSubnets }: RedundancyMember) =>
    remoteSubnets.map((cidr) => ipaddr.IPv4.parseCIDR(cidr)).filter(([, bits]) => bits > 0);
  return blocks(a).some(([address, bits]) =>
    blocks(b).some(([other, otherBits]) => address.match(other, Math.min(bits, otherBits))),
  );
}

function groupsByPairs(members: readonly RedundancyMember[]): number[][] {
  const groupOf = members.map((_, index) => index);
  members.forEach((a, i) => {
    members.forEach((b, j) => {
      if (i === j || !tied(a, b)) return;
      const [from, to] = [groupOf[j], groupOf[i]];
      groupOf.forEach((group, k) => {
        if (group === from && to !== undefined) groupOf[k] = to;
      });
    });
  });
  const heads = [...new Set(groupOf)];
  return heads
    .map((head) => [...groupOf.keys()].filter((index) => groupOf[index] === head))
    .filter((group) => group.length > 1);
}

const Cidr = fc
  .tuple(fc.constantFrom('10.0', '10.1'), fc.nat(3), fc.integer({ min: 0, max: 32 }))
  .map(([head, third, bits]) => `${head}.${third}.0/${bits}`);
const AnyMember = fc.record({
  customerAddresses: fc.uniqueArray(fc.constantFrom('1.1.1.1', '2.2.2.2', '3.3.3.3'), {
    maxLength: 2,
  }),
  network: fc.constantFrom(null, 'vpc-1', 'vpc-2'),
  remoteSubnets: fc.array(Cidr, { maxLength: 3 }),
});

describe('two connections', () => {
  it('back each other up when they alone are a group', () => {
    fc.assert(
      fc.property(AnyMember, AnyMember, (a, b) => {
        expect(backUpEachOther(a, b)).toBe(redundancyGroups([a, b]).length === 1);
        expect(backUpEachOther(b, a)).toBe(backUpEachOther(a, b));
      }),
    );
  });
});

describe('most connections that all back each other up', () => {
  it.each([
    ['none', [], 0],
    ['one address', ['1.1.1.1', '1.1.1.1', '1.1.1.1', '2.2.2.2'], 3],
    ['a block and two in it', ['- v 10.0.0.0/8', '- v 10.1.0.0/16', '- v 10.2.0.0/16'], 2],
    ['a block in a block in a block', ['- v 10.0.0.0/8', '- v 10.1.0.0/16', '- v 10.1.1.0/24'], 3],
    ['one with two blocks', ['- v 10.0.0.0/8,10.1.0.0/16', '- v 10.1.1.0/24'], 2],
  ])('of %s are as many as cannot be changed at once', (_, members, most) => {
    expect(mostTogether(members.map(member))).toBe(most);
  });

  it('are never more than the largest group, nor fewer than any that pairwise do', () => {
    fc.assert(
      fc.property(fc.array(AnyMember, { maxLength: 6 }), (members) => {
        const most = mostTogether(members);
        const largest = Math.max(0, ...redundancyGroups(members).map(({ length }) => length));
        expect(most).toBeLessThanOrEqual(Math.max(largest, 1));
        if (largest > 0) expect(most).toBeGreaterThanOrEqual(2);
      }),
    );
  });
});

describe('where a connection leads', () => {
  const ends = { vpcs: new Map([['vpn-1', 'vpc-1']]), addresses: new Map([['cgw-1', '1.1.1.1']]) };
  const connection = {
    vpnGatewayId: 'vpn-1',
    transitRouterId: null,
    customerGatewayIds: ['cgw-1', 'cgw-2'],
    fields: { RemoteSubnet: '10.0.0.0/24, 0.0.0.0/0' },
  };

  it('is told by addresses and VPC, or by ids where those are not known', () => {
    expect(whereItLeads(connection, ends, {})).toEqual({
      customerAddresses: ['1.1.1.1', 'cgw-2'],
      network: 'vpc-1',
      remoteSubnets: ['10.0.0.0/24'],
    });
    expect(whereItLeads({ ...connection, vpnGatewayId: 'vpn-9' }, ends, {}).network).toBe('vpn-9');
    const attachment = { ...connection, vpnGatewayId: null, transitRouterId: 'tr-1' };
    expect(whereItLeads(attachment, ends, {}).network).toBe('tr-1');
  });

  it('is both what stands and what is wanted', () => {
    const wanted = { RemoteSubnet: '10.9.0.0/24', 'slave/CustomerGatewayId': 'cgw-3' };

    expect(whereItLeads(connection, ends, wanted)).toMatchObject({
      customerAddresses: ['1.1.1.1', 'cgw-2', 'cgw-3'],
      remoteSubnets: ['10.0.0.0/24', '10.9.0.0/24'],
    });
  });
});
