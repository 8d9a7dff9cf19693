import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matcherOf, patternOf, type Selectable, Selector } from '../../../shared/plan/selector.ts';

const onGateway: Selectable = {
  vpnConnectionId: 'vco-a',
  vpnGatewayId: 'vpn-1',
  customerGatewayIds: ['cgw-1'],
  attachType: 'VPNGW',
  negotiations: ['ipsec_sa_established'],
  name: 'branch-a',
  tags: { env: 'prod', site: 'hangzhou' },
};

/** With a tunnel to each of two customer gateways, one of them down. */
const dualTunnel: Selectable = {
  ...onGateway,
  vpnConnectionId: 'vco-b',
  vpnGatewayId: null,
  attachType: 'CEN',
  customerGatewayIds: ['cgw-2', 'cgw-3'],
  negotiations: ['ipsec_sa_established', 'ike_sa_not_established'],
  name: null,
  tags: {},
};

function takes(selector: object, connection = onGateway): boolean {
  return matcherOf(Selector.parse(selector))(connection);
}

describe('a selector', () => {
  it.each<{ selector: object; taken: boolean }>([
    { selector: { vpnConnectionId: ['vco-x', 'vco-a'] }, taken: true },
    { selector: { vpnConnectionId: ['vco-b'] }, taken: false },
    { selector: { vpnGatewayId: ['vpn-1', 'vpn-2'] }, taken: true },
    { selector: { vpnGatewayId: ['vpn-2'] }, taken: false },
    { selector: { customerGatewayId: ['cgw-1'] }, taken: true },
    { selector: { customerGatewayId: ['cgw-2'] }, taken: false },
    { selector: { attachType: ['CEN', 'VPNGW'] }, taken: true },
    { selector: { attachType: ['CEN', 'NO_ASSOCIATED'] }, taken: false },
    { selector: { status: ['ipsec_sa_established'] }, taken: true },
    { selector: { status: ['ike_sa_not_established'] }, taken: false },
    { selector: { name: 'branch-*' }, taken: true },
    { selector: { name: 'Branch-*' }, taken: false },
    { selector: { tags: { env: 'prod', site: 'hangzhou' } }, taken: true },
    { selector: { tags: { env: 'prod', site: 'ningbo' } }, taken: false },
    { selector: { tags: { constructor: 'prod' } }, taken: false },
    { selector: { name: 'branch-*', attachType: ['VPNGW'], tags: { env: 'prod' } }, taken: true },
    { selector: { name: 'branch-*', attachType: ['CEN'] }, taken: false },
  ])('$selector takes a connection on a gateway: $taken', ({ selector, taken }) => {
    expect(takes(selector)).toBe(taken);
  });

  it.each<{ selector: object; taken: boolean }>([
    { selector: { vpnGatewayId: ['vpn-1'] }, taken: false },
    { selector: { customerGatewayId: ['cgw-3'] }, taken: true },
    { selector: { status: ['ike_sa_not_established'] }, taken: true },
    { selector: { status: ['ipsec_sa_established'] }, taken: true },
    { selector: { status: ['ike_sa_established'] }, taken: false },
    { selector: { name: '*' }, taken: true },
    { selector: { name: '?*' }, taken: false },
    { selector: { tags: { env: 'prod' } }, taken: false },
  ])('$selector takes a nameless connection with two tunnels: $taken', ({ selector, taken }) => {
    expect(takes(selector, dualTunnel)).toBe(taken);
  });
});

/** What a pattern means, said by a regular expression. */
function expressionOf(pattern: string): RegExp {
  const parts = [...pattern].map((part) => {
    if (part === '*') return '[^]*';
    return part === '?' ? '[^]' : part.replace(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 'u');
}

describe('a name pattern', () => {
  it.each([
    ['branch', 'branch', true],
    ['branch', 'branch-1', false],
    ['branch', 'a-branch', false],
    ['branch-?', 'branch-1', true],
    ['branch-?', 'branch-', false],
    ['branch-?', 'branch-12', false],
    ['分支-?', '分支-一', true],
    ['?', '🏢', true],
    ['*', '', true],
    ['**', 'any', true],
    ['*-prod-*', 'branch-prod-1', true],
    ['*-prod-*', 'branch-prod', false],
    ['a*b*c', 'a-c-b-c', true],
    ['a*b*c', 'a-c-b-d', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
  ])('%s describes %s: %s', (pattern, text, described) => {
    expect(patternOf(pattern)(text)).toBe(described);
  });

  it('says the same as a regular expression would', () => {
    const Text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '分', '🏢'), maxLength: 8 });
    const Pattern = fc.string({
      unit: fc.constantFrom('a', 'b', '.', '分', '*', '?'),
      maxLength: 8,
    });
    fc.assert(
      fc.property(Pattern, Text, (pattern, text) => {
        expect(patternOf(pattern)(text)).toBe(expressionOf(pattern).test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is decided at once, however it is built', () => {
    const pattern = `${'*a'.repeat(99)}*b`;

    expect(patternOf(pattern)('a'.repeat(200))).toBe(false);
  });
});

describe('what a selector may say', () => {
  it.each([
    {},
    { vpnConnectionId: [] },
    { vpnGatewayId: [] },
    { customerGatewayId: [] },
    { attachType: [] },
    { status: [] },
    { tags: {} },
    { name: '' },
    { name: 'a\0' },
    { tags: { 'a\0': 'b' } },
    { tags: { a: '\ud800' } },
    { vpnConnectionId: 'vco-a' },
    { vpnGatewayId: ['gateway'] },
    { attachType: ['vpngw'] },
    { status: ['up'] },
    { region: 'cn-hangzhou' },
  ])('is not %j', (selector) => {
    expect(Selector.safeParse(selector).success).toBe(false);
  });
});
