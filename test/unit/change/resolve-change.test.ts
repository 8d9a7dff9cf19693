import { describe, expect, it } from 'vitest';
import { type ChangeSubject, resolveChange } from '../../../shared/change/resolve-change.ts';

const onGateway: ChangeSubject = {
  attachType: 'VPNGW',
  tunnelMode: 'single',
  fields: { Name: 'branch-a', 'IkeConfig.Psk': 'hmac:1', 'IkeConfig.IkeEncAlg': 'aes' },
};

describe('resolveChange', () => {
  it('gives the difference and what to know of it', () => {
    const wanted = {
      Name: 'branch-a',
      'IkeConfig.Psk': 'hmac:2',
      'IkeConfig.IkeEncAlg': 'aes256',
      AutoConfigRoute: true,
      'BgpConfig.EnableBgp': true,
    };

    expect(resolveChange(onGateway, wanted)).toEqual({
      kind: 'possible',
      diff: [
        { path: 'AutoConfigRoute', from: null, to: true },
        { path: 'IkeConfig.Psk', from: '***', to: '***' },
        { path: 'IkeConfig.IkeEncAlg', from: 'aes', to: 'aes256' },
        { path: 'BgpConfig.EnableBgp', from: null, to: true },
      ],
      warnings: [
        'IkeConfig.Psk, IkeConfig.IkeEncAlg: must be changed on the other side too, or the tunnel goes down',
        'AutoConfigRoute: cannot be read: sent whatever stands there',
        'BgpConfig.EnableBgp: not in lists: compared when the change begins',
      ],
    });
  });

  it('has nothing to say of what stands already', () => {
    expect(resolveChange(onGateway, { Name: 'branch-a' })).toEqual({
      kind: 'possible',
      diff: [],
      warnings: [],
    });
  });

  it.each([
    ['VPNGW', { CustomerGatewayId: 'cgw-1', Name: 'b' }, true],
    ['CEN', { CustomerGatewayId: 'cgw-1' }, false],
    ['NO_ASSOCIATED', { CustomerGatewayId: 'cgw-1' }, false],
  ] as const)('of %s refuses %j: %s', (attachType, wanted, isRefused) => {
    const outlook = resolveChange({ ...onGateway, attachType }, wanted);

    expect(outlook.kind === 'refused').toBe(isRefused);
    if (outlook.kind === 'refused') {
      expect(outlook.error.code).toBe('FieldNotApplicable');
      expect(outlook.fields).toEqual(['CustomerGatewayId']);
    }
  });

  it('refuses connections with two tunnels', () => {
    expect(resolveChange({ ...onGateway, tunnelMode: 'dual' }, { Name: 'b' })).toMatchObject({
      kind: 'refused',
      error: { code: 'DualTunnelUnavailable' },
      fields: [],
    });
  });
});
