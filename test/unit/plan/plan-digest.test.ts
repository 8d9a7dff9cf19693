import { describe, expect, it } from 'vitest';
import { planDigestOf, type ResolvedPlan } from '../../../shared/plan/plan-digest.ts';

const target = {
  regionId: 'cn-hangzhou',
  vpnConnectionId: 'vco-a',
  intentNumber: 0,
  attachType: 'VPNGW',
  fields: { 'IkeConfig.IkeEncAlg': 'aes', RemoteSubnet: '10.0.0.0/8,192.168.0.0/24' },
} as const;
const other = { ...target, vpnConnectionId: 'vco-b' };

const resolved: ResolvedPlan = {
  plan: { title: 'stronger algorithms', set: { IkeConfig: { Psk: '***' } } },
  keys: [{ 'IkeConfig.Psk': 'hmac:1' }],
  targets: [target, other],
};

const digest = planDigestOf(resolved);

describe("a plan's digest", () => {
  it('is 64 hex digits', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['the plan', { plan: { title: 'another' } }],
    ['a key', { keys: [{ 'IkeConfig.Psk': 'hmac:2' }] }],
    ['the order of targets', { targets: [other, target] }],
    ['a target less', { targets: [target] }],
    ['a refused target', { targets: [target, { ...other, attachType: null, fields: null }] }],
    ['another wish', { targets: [target, { ...other, intentNumber: 1 }] }],
    ['another attachment', { targets: [target, { ...other, attachType: 'CEN' as const }] }],
    [
      'another field',
      { targets: [target, { ...other, fields: { 'IkeConfig.IkeEncAlg': 'aes256' } }] },
    ],
  ])('tells %s', (_, change) => {
    expect(planDigestOf({ ...resolved, ...change })).not.toBe(digest);
  });

  it.each([
    ['the spelling of subnets', { RemoteSubnet: '192.168.0.7/24,10.0.0.0/8' }],
    ['a field that lists do not show', { 'BgpConfig.EnableBgp': true }],
  ])('does not tell %s', (_, change) => {
    const same = { ...other, fields: { ...other.fields, ...change } };

    expect(planDigestOf({ ...resolved, targets: [target, same] })).toBe(digest);
  });

  it('does not tell in which order a plan was written', () => {
    const plan = { set: { IkeConfig: { Psk: '***' } }, title: 'stronger algorithms' };

    expect(planDigestOf({ ...resolved, plan })).toBe(digest);
  });
});
