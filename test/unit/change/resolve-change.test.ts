import { describe, expect, it } from 'vitest';
import { type ChangeSubject, resolveChange } from '../../../shared/change/resolve-change.ts';

const noProof = { rotatePsk: null, provesTunnels: false };

const onGateway: ChangeSubject = {
  attachType: 'VPNGW',
  tunnels: [],
  fields: { Name: 'branch-a', 'IkeConfig.Psk': 'hmac:1', 'IkeConfig.IkeEncAlg': 'aes' },
};

describe('resolveChange', () => {
  it('gives the difference and what to know of it', () => {
    const wanted = {
      Name: 'branch-a',
      'IkeConfig.Psk': 'hmac:2',
      'IkeConfig.IkeEncAlg': 'aes256',
      AutoConfigRoute: true,
      'BgpConfig.EnableBgp': false,
    };

    expect(resolveChange(onGateway, { set: wanted, ...noProof, acceptOutage: false })).toEqual({
      kind: 'possible',
      diff: [
        { path: 'AutoConfigRoute', from: 'unknown', to: true },
        { path: 'IkeConfig.Psk', from: '***', to: '***' },
        { path: 'IkeConfig.IkeEncAlg', from: 'aes', to: 'aes256' },
        { path: 'BgpConfig.EnableBgp', from: null, to: false },
      ],
      warnings: expect.arrayContaining([
        expect.objectContaining({ code: 'tunnel_outage', path: 'IkeConfig.Psk' }),
        expect.objectContaining({ code: 'write_only', path: 'AutoConfigRoute' }),
        expect.objectContaining({ code: 'compared_later', path: 'BgpConfig.EnableBgp' }),
      ]),
    });
  });

  it('has nothing to say of what stands already', () => {
    expect(
      resolveChange(onGateway, { set: { Name: 'branch-a' }, ...noProof, acceptOutage: false }),
    ).toEqual({
      kind: 'possible',
      diff: [],
      warnings: [],
    });
  });

  it.each([
    ['VPNGW', { CustomerGatewayId: 'cgw-1', Name: 'b' }, true],
    ['CEN', { CustomerGatewayId: 'cgw-1' }, false],
    ['NO_ASSOCIATED', { CustomerGatewayId: 'cgw-1' }, true],
  ] as const)('of %s refuses %j: %s', (attachType, wanted, isRefused) => {
    const outlook = resolveChange(
      { ...onGateway, attachType },
      { set: wanted, ...noProof, acceptOutage: false },
    );

    expect(outlook.kind === 'refused').toBe(isRefused);
    if (outlook.kind === 'refused') {
      expect(outlook.error.code).toBe(
        attachType === 'VPNGW' ? 'FieldNotApplicable' : 'CustomerGatewayFixed',
      );
      expect(outlook.path).toBe('CustomerGatewayId');
    }
  });

  it('takes each tunnel of a pair for itself', () => {
    const pair: ChangeSubject = {
      attachType: 'VPNGW',
      tunnels: [
        { tunnelId: 'tun-a', role: 'master', index: null, state: 'active', negotiation: null },
        { tunnelId: 'tun-b', role: 'slave', index: null, state: 'active', negotiation: null },
      ],
      fields: { 'tun-a/IkeConfig.Psk': 'hmac:1', 'tun-b/IkeConfig.Psk': 'hmac:2' },
    };
    const wish = { set: { 'IkeConfig.Psk': 'hmac:2' }, ...noProof, acceptOutage: true };
    const path = 'TunnelOptionsSpecification[tun-a].TunnelIkeConfig.Psk';

    expect(resolveChange(pair, wish)).toMatchObject({
      kind: 'possible',
      diff: [{ path, from: '***', to: '***' }],
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'other_side', path })]),
    });
    expect(resolveChange(pair, { ...wish, acceptOutage: false })).toMatchObject({
      kind: 'refused',
      error: { code: 'TunnelRedundancyLost' },
    });
    expect(
      resolveChange(pair, { ...wish, acceptOutage: false, provesTunnels: true }),
    ).toMatchObject({ kind: 'possible' });
  });

  it('counts a key that is to be made as different from every key', () => {
    const rotation = {
      set: { Name: 'b' },
      rotatePsk: 32,
      acceptOutage: false,
      provesTunnels: true,
    };
    const pair: ChangeSubject = {
      attachType: 'CEN',
      tunnels: [
        { tunnelId: 'tun-a', role: null, index: 1, state: 'active', negotiation: null },
        { tunnelId: 'tun-b', role: null, index: 2, state: 'active', negotiation: null },
      ],
      fields: { Name: 'b', 'tun-a/IkeConfig.Psk': 'hmac:1' },
    };
    const ofTunnel = (id: string) => `TunnelOptionsSpecification[${id}].TunnelIkeConfig.Psk`;

    expect(resolveChange(onGateway, { ...rotation, set: {} })).toEqual({
      kind: 'possible',
      diff: [{ path: 'IkeConfig.Psk', from: '***', to: '***' }],
      warnings: [expect.objectContaining({ code: 'tunnel_outage', path: 'IkeConfig.Psk' })],
    });
    expect(resolveChange(pair, rotation)).toMatchObject({
      kind: 'possible',
      diff: [
        { path: ofTunnel('tun-a'), from: '***', to: '***' },
        { path: ofTunnel('tun-b'), from: null, to: '***' },
      ],
    });
    expect(resolveChange(pair, { ...rotation, provesTunnels: false })).toMatchObject({
      kind: 'refused',
      path: ofTunnel('tun-a'),
    });
  });
});
