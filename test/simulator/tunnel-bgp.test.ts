import { describe, expect, it } from 'vitest';
import { aCloud, tunnelItem } from './cloud.ts';

describe('BGP of tunnels (BEHAVIOUR.md "Tunnels")', () => {
  const network = (index: 1 | 2) => ({
    'TunnelBgpConfig.LocalAsn': '65010',
    'TunnelBgpConfig.TunnelCidr': `169.254.1${index}.0/30`,
    'TunnelBgpConfig.LocalBgpIp': `169.254.1${index}.1`,
  });
  const on = {
    EnableTunnelsBgp: 'true',
    ...tunnelItem(1, { Role: 'master', ...network(1) }),
    ...tunnelItem(2, { Role: 'slave', ...network(2) }),
  };

  it('is switched on with a network for each tunnel', async () => {
    const { modify, call, clock } = aCloud();

    const answer = await modify('vco-dual', on);
    clock.advance(10_000);
    const { body } = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-dual' });

    const second = { TunnelCidr: '169.254.12.0/30', LocalBgpIp: '169.254.12.1' };
    expect(answer.body).toMatchObject({
      EnableTunnelsBgp: true,
      TunnelOptionsSpecification: {
        TunnelOptions: [{}, { TunnelBgpConfig: { ...second, LocalAsn: 65_010, PeerAsn: 65_001 } }],
      },
    });
    expect(body).toMatchObject({
      EnableTunnelsBgp: true,
      TunnelOptionsSpecification: {
        TunnelOptions: [
          {},
          {
            TunnelBgpConfig: {
              ...second,
              LocalAsn: '65010',
              PeerAsn: '65001',
              PeerBgpIp: '169.254.12.2',
              BgpStatus: 'success',
            },
          },
        ],
      },
    });
  });

  it('needs a network of its own for each tunnel, on the whole gateway', async () => {
    const { modify, clock } = aCloud();
    const without = { ...on, 'TunnelOptionsSpecification.2.TunnelBgpConfig.TunnelCidr': '' };
    const twice = {
      ...on,
      ...tunnelItem(2, { Role: 'slave', ...network(1) }),
    };
    const atSibling = JSON.stringify({
      EnableBgp: 'true',
      TunnelCidr: '169.254.12.0/30',
      LocalBgpIp: '169.254.12.1',
    });

    expect((await modify('vco-dual', without)).body.Code).toBe('IllegalParam.LocalBgpIp');
    expect((await modify('vco-dual', twice)).body.Code).toBe('IllegalParam.TunnelCidr');
    expect((await modify('vco-dual', on)).body.Code).toBeUndefined();
    clock.advance(10_000);
    expect((await modify('vco-a', { BgpConfig: atSibling })).body.Code).toBe(
      'IllegalParam.TunnelCidr',
    );
  });

  it('needs an ASN on every customer gateway, also of one that comes later', async () => {
    const { modify, clock } = aCloud();
    const atFirst = await modify('vco-cen-dual', {
      EnableTunnelsBgp: 'true',
      ...tunnelItem(1, { TunnelIndex: '1', ...network(1) }),
      ...tunnelItem(2, { TunnelIndex: '2', ...network(2) }),
    });
    await modify('vco-dual', on);
    clock.advance(10_000);

    const later = await modify(
      'vco-dual',
      tunnelItem(1, { Role: 'slave', CustomerGatewayId: 'cgw-2' }),
    );

    expect(atFirst.body.Code).toBe('MissingParam.CustomerGatewayAsn');
    expect(later.body.Code).toBe('MissingParam.CustomerGatewayAsn');
  });

  it('loses its network to a block without one only while it is off', async () => {
    const { modify, clock } = aCloud();
    const bare = tunnelItem(1, { Role: 'slave', 'TunnelBgpConfig.LocalAsn': '65011' });
    await modify('vco-dual', on);
    clock.advance(10_000);

    const whileOn = await modify('vco-dual', bare);
    await modify('vco-dual', { EnableTunnelsBgp: 'false' });
    clock.advance(10_000);
    const whileOff = await modify('vco-dual', bare);

    expect(whileOn.body.Code).toBe('MissingParameter.TunnelCidr');
    expect(whileOff.status).toBe(200);
  });
});
