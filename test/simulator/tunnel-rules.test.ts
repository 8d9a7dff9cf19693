import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeConnection, makeGateway, makeTunnel } from '../../local/simulator/defaults.ts';
import type { Inventory } from '../../local/simulator/shapes.ts';
import { aCloud, aSmallInventory, REGION, tunnelItem, tunnelObject } from './cloud.ts';

const master = (fields: Readonly<Record<string, string>>) =>
  tunnelItem(1, { Role: 'master', ...fields });
const first = (fields: Readonly<Record<string, string>>) =>
  tunnelItem(1, { TunnelIndex: '1', ...fields });
const KEY = { 'TunnelIkeConfig.Psk': 'k' };

describe('rules of tunnel parameters (BEHAVIOUR.md "Tunnels")', () => {
  it.each([
    // Which tunnel is meant.
    ['vco-dual', tunnelItem(1, KEY), 'MissingParameter'],
    ['vco-dual', tunnelItem(1, { TunnelIndex: '1', ...KEY }), 'MissingParameter'],
    ['vco-cen-dual', tunnelItem(1, { Role: 'master', ...KEY }), 'MissingParameter'],
    ['vco-dual', tunnelItem(1, { TunnelId: 'tun-2', Role: 'master' }), 'IllegalParam.Role'],
    ['vco-dual', tunnelItem(1, { Role: 'backup' }), 'IllegalParam.Role'],
    ['vco-dual', tunnelItem(1, { TunnelId: 'tun-3' }), 'IllegalParam.TunnelId'],
    ['vco-dual', tunnelItem(1, { TunnelId: 'tun-9', Role: 'slave' }), 'IllegalParam.TunnelId'],
    [
      'vco-cen-dual',
      tunnelItem(1, { TunnelId: 'tun-4', TunnelIndex: '1' }),
      'IllegalParam.TunnelIndex',
    ],
    ['vco-cen-dual', tunnelItem(1, { TunnelIndex: '3' }), 'IllegalParam.TunnelIndex'],
    // The list itself.
    ['vco-dual', tunnelItem(0, { Role: 'master' }), 'InvalidParameter'],
    ['vco-dual', tunnelItem(2, { Role: 'master' }), 'InvalidParameter'],
    ['vco-dual', { ...master({}), ...tunnelItem(2, { TunnelId: 'tun-1' }) }, 'InvalidParameter'],
    ['vco-dual', { 'TunnelOptionsSpecification.01.Role': 'master' }, 'InvalidParameter'],
    ['vco-dual', tunnelObject(KEY), 'InvalidParameter'],
    ['vco-dual', { TunnelOptionsSpecification: '[{"Role":"master"}]' }, 'InvalidParameter'],
    ['vco-dual', { 'TunnelOptionsSpecification.1': '[object Object]' }, 'InvalidParameter'],
    ['vco-dual', master({ TunnelIkeConfig: '[object Object]' }), 'InvalidParameter'],
    // Values of a tunnel.
    ['vco-dual', master({ EnableDpd: 'yes' }), 'IllegalParam.EnableDpd'],
    ['vco-dual', master({ EnableNatTraversal: '1' }), 'IllegalParam.EnableNatTraversal'],
    ['vco-dual', master({ 'TunnelIkeConfig.Psk': 'with space' }), 'IllegalParam.Psk'],
    ['vco-dual', master({ ...KEY, 'TunnelIkeConfig.IkePfs': 'group24' }), 'IllegalParam.IkePfs'],
    ['vco-dual', master({ ...KEY, 'TunnelIkeConfig.LocalId': 'a b' }), 'IllegalParam.LocalId'],
    [
      'vco-dual',
      master({ 'TunnelIpsecConfig.IpsecPfs': 'group24' }),
      'NotSupportVpnConnectionParameter.IpsecPfs',
    ],
    ['vco-dual', master({ 'TunnelBgpConfig.LocalAsn': '0' }), 'IllegalParam.LocalAsn'],
    ['vco-dual', master({ 'TunnelBgpConfig.TunnelCidr': 'x' }), 'InvalidTunnelCidr.Malformed'],
    [
      'vco-dual',
      master({ 'TunnelBgpConfig.TunnelCidr': '169.254.3.0/30' }),
      'IllegalParam.TunnelCidr',
    ],
    [
      'vco-dual',
      master({ CustomerGatewayId: 'cgw-9' }),
      'InvalidCustomerGatewayInstanceId.NotFound',
    ],
    ['vco-dual', { EnableTunnelsBgp: 'maybe' }, 'IllegalParam.EnableTunnelsBgp'],
    ['vco-dual', { EnableTunnelsBgp: 'true' }, 'MissingParameter.TunnelCidr'],
    ['vco-dual', { ...master(KEY), LocalSubnet: '' }, 'MissingParameter'],
    [
      'vco-dual',
      { ...master({ 'TunnelIpsecConfig.IpsecPfs': 'group5' }), RemoteSubnet: '' },
      'MissingParameter',
    ],
    // Certificates are for ShangMi gateways.
    ['vco-dual', master({ RemoteCaCertificate: 'pem' }), 'UnsupportedParameter'],
    ['vco-cen-dual', first({ RemoteCaCertificate: 'pem' }), 'UnsupportedParameter'],
    ['vco-a', { RemoteCaCertificate: 'pem' }, 'UnsupportedParameter'],
    ['vco-a', { RemoteCaCert: 'pem' }, 'UnsupportedParameter'],
    ['vco-cen', { RemoteCaCertificate: 'pem' }, 'UnsupportedParameter'],
  ])('refuse for %s %j with %s', async (id, params, code) => {
    const { modify, simulator } = aCloud();
    const before = simulator.state.connection(REGION, id);

    const reply = await modify(id, params);

    expect(reply.body.Code).toBe(code);
    expect(simulator.record.writes()).toMatchObject([{ outcome: 'refused', code, tunnelIds: [] }]);
    expect(simulator.state.connection(REGION, id)).toEqual(before);
  });

  it.each([
    'IkeConfig',
    'IpsecConfig',
    'BgpConfig',
    'HealthCheckConfig',
    'EnableDpd',
    'EnableNatTraversal',
    'RemoteCaCertificate',
    'RemoteCaCert',
    'CustomerGatewayId',
  ])('refuse %s, which pairs of tunnels do not have', async (name) => {
    const { modify } = aCloud();

    for (const id of ['vco-dual', 'vco-cen-dual']) {
      expect((await modify(id, { [name]: 'true' })).body).toMatchObject({
        Code: 'UnsupportedParameter',
        Message: expect.stringContaining(name),
      });
    }
  });

  it.each([
    ['EnableTunnelsBgp', { EnableTunnelsBgp: 'true' }],
    ['TunnelOptionsSpecification', tunnelItem(1, { Role: 'master', ...KEY })],
    ['TunnelOptionsSpecification', tunnelItem(1, { TunnelIndex: '1', ...KEY })],
  ])('refuse %s, which single tunnels do not have', async (name, params) => {
    const { modify } = aCloud();

    for (const id of ['vco-a', 'vco-cen', 'vco-free']) {
      expect((await modify(id, params)).body).toMatchObject({
        Code: 'UnsupportedParameter',
        Message: expect.stringContaining(name),
      });
    }
  });

  it('leave the customer gateways of an unattached pair as they are', async () => {
    const at = { regionId: REGION, customerGatewayId: 'cgw-1' };
    const pair = makeConnection({
      ...at,
      id: 'vco-free-dual',
      tunnels: [
        makeTunnel({ tunnelId: 'tun-5', index: 1, customerGatewayId: 'cgw-1' }),
        makeTunnel({ tunnelId: 'tun-6', index: 2, customerGatewayId: 'cgw-1' }),
      ],
    });
    const { modify } = aCloud({ inventory: aSmallInventory(pair) });

    const moved = await modify('vco-free-dual', first({ CustomerGatewayId: 'cgw-2' }));
    const same = await modify('vco-free-dual', first({ CustomerGatewayId: 'cgw-1' }));

    expect(moved.body.Code).toBe('UnsupportedOperation');
    expect(same.status).toBe(200);
  });

  it('refuse BGP on a gateway that cannot', async () => {
    const pair = makeConnection({
      regionId: REGION,
      id: 'vco-x',
      customerGatewayId: 'cgw-1',
      vpnGatewayId: 'vpn-2',
      tunnels: [makeTunnel({ tunnelId: 'tun-5', index: 1, customerGatewayId: 'cgw-1' })],
    });
    const { modify } = aCloud({ inventory: aSmallInventory(pair) });

    const { body } = await modify('vco-x', { EnableTunnelsBgp: 'true' });

    expect(body.Code).toBe('OperationUnsupported.EnableBgp');
  });

  it('do not quote a refused key', async () => {
    const { modify } = aCloud();

    const reply = await modify('vco-dual', master({ 'TunnelIkeConfig.Psk': 'my secret' }));

    expect(reply.text).not.toContain('my secret');
  });

  it('answer any options with a code and never with a crash', async () => {
    const { modify } = aCloud();
    const name = fc.constantFrom(
      'TunnelId',
      'Role',
      'TunnelIndex',
      'CustomerGatewayId',
      'EnableDpd',
      'TunnelIkeConfig',
      'TunnelIkeConfig.Psk',
      'TunnelIkeConfig.constructor',
      'TunnelIpsecConfig.IpsecLifetime',
      'TunnelBgpConfig.TunnelCidr',
      'TunnelBgpConfig.LocalAsn',
      '__proto__.x',
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('tun-1', 'master', 'slave', '1', '2', 'true', '169.254.11.0/30'),
    );

    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('vco-dual', 'vco-cen-dual'),
        fc.constantFrom('1', '2', '3', 'x', '-1', '1e0'),
        fc.dictionary(name, value, { noNullPrototype: true }),
        async (id, number, fields) => {
          const params = Object.fromEntries(
            Object.entries(fields).map(([key, text]) => [
              `TunnelOptionsSpecification.${number}.${key}`,
              text,
            ]),
          );
          const { status } = await modify(id, { ...master({}), ...first({}), ...params });

          expect([200, 400, 404]).toContain(status);
        },
      ),
    );
  });
});

describe('certificates of peers (BEHAVIOUR.md "Parameter rules")', () => {
  function withShangMiGateway(): Inventory {
    const inventory = aSmallInventory(
      makeConnection({
        regionId: REGION,
        id: 'vco-sm',
        customerGatewayId: 'cgw-1',
        vpnGatewayId: 'vpn-sm',
      }),
      makeConnection({
        regionId: REGION,
        id: 'vco-sm-dual',
        customerGatewayId: 'cgw-1',
        vpnGatewayId: 'vpn-sm',
        tunnels: [
          makeTunnel({ tunnelId: 'tun-5', index: 1, customerGatewayId: 'cgw-1' }),
          makeTunnel({ tunnelId: 'tun-6', index: 2, customerGatewayId: 'cgw-1' }),
        ],
      }),
    );
    const gateway = makeGateway({
      regionId: REGION,
      id: 'vpn-sm',
      vpnType: 'NationalStandard',
    });
    return { ...inventory, gateways: [...inventory.gateways, gateway] };
  }

  it('are set on connections and tunnels of a ShangMi gateway', async () => {
    const { modify, call, clock } = aCloud({ inventory: withShangMiGateway() });
    await modify('vco-sm', { RemoteCaCertificate: 'pem' });
    clock.advance(10_000);
    await modify('vco-sm-dual', tunnelItem(1, { Role: 'slave', RemoteCaCertificate: 'other' }));
    clock.advance(10_000);

    const single = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-sm' });
    const dual = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-sm-dual' });

    expect(single.body).toMatchObject({ RemoteCaCertificate: 'pem' });
    expect(dual.body).toMatchObject({
      RemoteCaCertificate: '',
      TunnelOptionsSpecification: {
        TunnelOptions: [{ RemoteCaCertificate: '' }, { RemoteCaCertificate: 'other' }],
      },
    });
  });

  it('are set on attachments under a shorter name', async () => {
    const { modify, call, clock } = aCloud();

    await modify('vco-cen', { RemoteCaCert: 'pem' });
    clock.advance(10_000);

    const { body } = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-cen' });
    expect(body).toMatchObject({ RemoteCaCertificate: 'pem' });
  });
});
