import { describe, expect, it } from 'vitest';
import type { TunnelIdentity } from '../../../shared/connection/model.ts';
import {
  findTunnel,
  tunnelNamesOf,
  tunnelNamesText,
} from '../../../shared/connection/tunnel-names.ts';

const onGateway: TunnelIdentity[] = [
  { tunnelId: 'tun-m', role: 'master', index: null },
  { tunnelId: 'tun-s', role: 'slave', index: null },
];
const attached: TunnelIdentity[] = [
  { tunnelId: 'tun-1', role: null, index: 1 },
  { tunnelId: 'tun-2', role: null, index: 2 },
];

describe('the names of a tunnel', () => {
  it.each([
    { tunnelId: 'tun-a', role: null, index: null },
    { tunnelId: null, role: 'slave', index: null },
    { tunnelId: null, role: null, index: 2 },
    { tunnelId: 'tun-a', role: 'master', index: 1 },
  ] as const)('become one text and back: %j', (names) => {
    expect(tunnelNamesOf(tunnelNamesText(names))).toEqual(names);
  });

  it.each([
    [onGateway, 'tun-s', 'tun-s'],
    [onGateway, 'slave', 'tun-s'],
    [onGateway, 'tun-s&slave', 'tun-s'],
    [onGateway, 'tun-s&master', null],
    [onGateway, 'tun-x', null],
    [onGateway, '2', null],
    [onGateway, 'slave&2', 'tun-s'],
    [attached, '2', 'tun-2'],
    [attached, 'tun-2&slave', 'tun-2'],
    [attached, 'slave', null],
    [attached, 'tun-1&2', null],
    [[], 'slave', null],
  ])('mean one of %j, or none: %s is %s', (tunnels, text, expected) => {
    expect(findTunnel(tunnels, tunnelNamesOf(text))?.tunnelId ?? null).toBe(expected);
  });
});
