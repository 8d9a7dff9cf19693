import { describe, expect, it } from 'vitest';
import { actionNames } from '../../local/simulator/actions/table.ts';
import {
  makeConnection,
  makeCustomerGateway,
  makeGateway,
} from '../../local/simulator/defaults.ts';
import { generateInventory } from '../../local/simulator/inventory.ts';
import { aCloud, aSmallInventory, REGION, type Reply, tunnelsIn } from './cloud.ts';

function connectionIds(reply: Reply): readonly (string | undefined)[] {
  return reply.body.VpnConnections?.VpnConnection.map((item) => item.VpnConnectionId) ?? [];
}

describe('lists (BEHAVIOUR.md "Lists")', () => {
  it('walks every page once and in order', async () => {
    const inventory = generateInventory({ gateways: 7, connectionsPerGateway: 5 });
    const { call } = aCloud({ inventory });
    const seen: (string | undefined)[] = [];

    for (let page = 1; page <= 5; page += 1) {
      const params = { PageNumber: String(page), PageSize: '10' };
      seen.push(...connectionIds(await call('DescribeVpnConnections', params)));
    }

    expect(seen).toEqual(inventory.connections.map((connection) => connection.id));
  });

  it('gives ten items of the first page when not told otherwise', async () => {
    const { call } = aCloud({ inventory: generateInventory({ gateways: 7 }) });

    const { body } = await call('DescribeVpnConnections');

    expect(body).toMatchObject({ PageNumber: 1, PageSize: 10, TotalCount: 41 });
    expect(body.VpnConnections?.VpnConnection).toHaveLength(10);
  });

  it('gives an empty page after the last', async () => {
    const { call } = aCloud();

    const { body } = await call('DescribeVpnConnections', { PageNumber: '9' });

    expect(body).toMatchObject({ TotalCount: 9, VpnConnections: { VpnConnection: [] } });
  });

  it.each([
    ['PageSize', '0'],
    ['PageSize', '51'],
    ['PageSize', 'ten'],
    ['PageNumber', '0'],
    ['PageNumber', '1.5'],
  ])('refuses %s = %s', async (name, value) => {
    const { call } = aCloud();

    const reply = await call('DescribeVpnConnections', { [name]: value });

    expect(reply).toMatchObject({ status: 400, body: { Code: 'InvalidParameter' } });
  });

  it.each([
    [{ VpnGatewayId: 'vpn-2' }, ['vco-c']],
    [{ VpnGatewayId: 'vpn-none' }, []],
    [{ VpnConnectionId: 'vco-cen' }, ['vco-cen']],
    [{ VpnConnectionId: 'vco-cen', VpnGatewayId: 'vpn-1' }, []],
    [{ CustomerGatewayId: 'cgw-2' }, ['vco-c', 'vco-cen-dual']],
    [{ CustomerGatewayId: 'cgw-2', VpnGatewayId: 'vpn-2' }, ['vco-c']],
    [{ CustomerGatewayId: 'cgw-1', VpnGatewayId: 'vpn-1' }, ['vco-a', 'vco-b', 'vco-dual']],
    [{ ResourceGroupId: 'rg-none' }, []],
    [{ 'Tag.1.Key': 'env' }, ['vco-x']],
    [{ 'Tag.1.Key': 'env', 'Tag.1.Value': 'prod' }, ['vco-x']],
    [{ 'Tag.1.Key': 'env', 'Tag.1.Value': 'staging' }, []],
    [{ 'Tag.1.Key': 'env', 'Tag.2.Key': 'site' }, []],
  ])('filters connections by %j', async (filter, ids) => {
    const tagged = makeConnection({
      regionId: REGION,
      id: 'vco-x',
      customerGatewayId: 'cgw-1',
      tags: [{ Key: 'env', Value: 'prod' }],
    });
    const { call } = aCloud({ inventory: aSmallInventory(tagged) });

    const reply = await call('DescribeVpnConnections', filter);

    expect(connectionIds(reply)).toEqual(ids);
    expect(reply.body.TotalCount).toBe(ids.length);
  });

  it('shows the key in clear in the list of connections but not in that of attachments', async () => {
    const { call } = aCloud();

    const connections = await call('DescribeVpnConnections');
    const attachments = await call('DescribeVpnAttachments');

    expect(connections.text).toContain('simulatedKey00');
    expect(attachments.text).not.toContain('simulatedKey');
  });

  it.each([
    [{}, ['vco-cen', 'vco-cen-dual', 'vco-free', 'vco-poor-cen']],
    [{ AttachType: 'CEN' }, ['vco-cen', 'vco-cen-dual', 'vco-poor-cen']],
    [{ VpnConnectionId: 'vco-free' }, ['vco-free']],
    [{ VpnConnectionId: 'vco-a' }, []],
  ])('lists attachments by %j', async (filter, ids) => {
    const { call } = aCloud();

    const { body } = await call('DescribeVpnAttachments', filter);

    expect(body.VpnAttachments?.map((item) => item.InstanceId)).toEqual(ids);
    expect(body.TotalCount).toBe(ids.length);
  });

  it.each([
    [{ VpcId: 'vpc-2' }, ['vpn-2']],
    [{ VpnGatewayId: 'vpn-1' }, ['vpn-1']],
    [{ VpnGatewayId: 'vpn-none' }, []],
    [{ BusinessStatus: 'FinancialLocked' }, ['vpn-locked']],
    [{ Status: 'updating' }, ['vpn-1']],
    [{ Status: 'active' }, ['vpn-2', 'vpn-locked']],
    [{ GatewayType: 'Enhanced.SiteToSite' }, []],
    [{ 'Tag.1.Key': 'env' }, []],
  ])('filters gateways by %j', async (filter, ids) => {
    const { call, modify, clock } = aCloud();
    await modify('vco-a');
    clock.advance(3_000);

    const { body } = await call('DescribeVpnGateways', filter);

    expect(body.VpnGateways?.VpnGateway.map((item) => item.VpnGatewayId)).toEqual(ids);
  });

  it.each([
    ['DescribeVpnGateways', ['vpn-tagged']],
    ['DescribeCustomerGateways', ['cgw-tagged']],
  ])('finds by %s what has every tag that is asked for', async (action, ids) => {
    const at = { regionId: REGION, tags: [{ Key: 'env', Value: 'prod' }] };
    const small = aSmallInventory();
    const { call } = aCloud({
      inventory: {
        ...small,
        gateways: [...small.gateways, makeGateway({ ...at, id: 'vpn-tagged' })],
        customerGateways: [
          ...small.customerGateways,
          makeCustomerGateway({ ...at, id: 'cgw-tagged' }),
        ],
      },
    });
    const found = async (filter: Readonly<Record<string, string>>) => {
      const { body } = await call(action, filter);
      const gateways = body.VpnGateways?.VpnGateway.map((item) => item.VpnGatewayId);
      return (
        gateways ?? body.CustomerGateways?.CustomerGateway.map((item) => item.CustomerGatewayId)
      );
    };

    expect(await found({ 'Tag.1.Key': 'env' })).toEqual(ids);
    expect(await found({ 'Tag.1.Key': 'env', 'Tag.1.Value': 'prod' })).toEqual(ids);
    expect(await found({ 'Tag.1.Key': 'env', 'Tag.1.Value': 'staging' })).toEqual([]);
    expect(await found({ 'Tag.1.Key': 'env', 'Tag.2.Key': 'site' })).toEqual([]);
  });

  it.each(['vco-dual', 'vco-cen-dual', 'vco-a'])('shows %s as its own read does', async (id) => {
    const { call } = aCloud();

    const list = await call('DescribeVpnConnections', { VpnConnectionId: id });
    const single = await call('DescribeVpnConnection', { VpnConnectionId: id });

    const [item] = list.body.VpnConnections?.VpnConnection ?? [];
    const { State, Status, IkeConfig, IpsecConfig, TunnelOptionsSpecification } = item ?? {};
    expect(single.body).toMatchObject({ State, Status, IkeConfig, IpsecConfig });
    expect(single.body.TunnelOptionsSpecification).toEqual(TunnelOptionsSpecification);
    expect(TunnelOptionsSpecification).toBeDefined();
  });

  it('lists customer gateways', async () => {
    const { call } = aCloud();

    const all = await call('DescribeCustomerGateways');
    const one = await call('DescribeCustomerGateways', { CustomerGatewayId: 'cgw-2' });
    const tagged = await call('DescribeCustomerGateways', { 'Tag.1.Key': 'env' });

    expect(all.body.TotalCount).toBe(2);
    expect(one.body).toMatchObject({
      TotalCount: 1,
      CustomerGateways: { CustomerGateway: [{ CustomerGatewayId: 'cgw-2', Asn: 0 }] },
    });
    expect(tagged.body.TotalCount).toBe(0);
  });
});

describe('single reads (BEHAVIOUR.md "Shapes")', () => {
  it('shows a single-tunnel connection with numbers, booleans and an empty tunnel list', async () => {
    const { call } = aCloud();

    const { body } = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-a' });

    expect(body).toMatchObject({
      AttachType: 'VPNGW',
      AttachInstanceId: 'vpn-1',
      State: 'active',
      Status: 'ipsec_sa_established',
      EnableDpd: true,
      IkeConfig: { Psk: 'simulatedKey00', IkeLifetime: 86_400 },
      VpnBgpConfig: { EnableBgp: 'false', LocalAsn: 45_104 },
      VcoHealthCheck: { Enable: 'false' },
      TunnelOptionsSpecification: { TunnelOptions: [] },
      Tags: { Tag: [] },
    });
  });

  it('shows a dual-tunnel connection with strings in its tunnels and empty blocks at the top', async () => {
    const { call } = aCloud();

    const { body } = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-cen-dual' });

    expect(body).toMatchObject({
      IkeConfig: {},
      IpsecConfig: {},
      VpnGatewayId: 'vpn-not-exist',
      TransitRouterId: 'tr-1',
      State: 'attached',
      TunnelOptionsSpecification: {
        TunnelOptions: [
          {
            TunnelId: 'tun-3',
            TunnelIndex: 1,
            State: 'active',
            EnableDpd: 'true',
            TunnelIkeConfig: { IkeLifetime: '86400', Psk: 'simulatedKey01' },
            TunnelBgpConfig: { LocalAsn: '45104' },
          },
          { TunnelId: 'tun-4', TunnelIndex: 2, CustomerGatewayId: 'cgw-2' },
        ],
      },
    });
    expect(body.IkeConfig).toEqual({});
    for (const tunnel of tunnelsIn(body)) {
      expect(tunnel).not.toHaveProperty('Role');
      expect(tunnel).not.toHaveProperty('RemoteCaCertificate');
    }
  });

  it('names the tunnels of a gateway by their roles', async () => {
    const { call } = aCloud();

    const { body } = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-dual' });

    expect(tunnelsIn(body)).toMatchObject([
      { TunnelId: 'tun-1', Role: 'master', RemoteCaCertificate: '', ZoneNo: 'cn-hangzhou-h' },
      { TunnelId: 'tun-2', Role: 'slave', RemoteCaCertificate: '', ZoneNo: 'cn-hangzhou-i' },
    ]);
    for (const tunnel of tunnelsIn(body)) expect(tunnel).not.toHaveProperty('TunnelIndex');
  });

  it('shows an unattached connection as init', async () => {
    const { call } = aCloud();

    const { body } = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-free' });

    expect(body).toMatchObject({ AttachType: 'NO_ASSOCIATED', State: 'init', TransitRouterId: '' });
  });

  it.each([
    ['DescribeVpnConnection', { VpnConnectionId: 'x' }, 'InvalidVpnConnectionInstanceId.NotFound'],
    ['DescribeVpnGateway', { VpnGatewayId: 'x' }, 'InvalidVpnGatewayInstanceId.NotFound'],
    [
      'DescribeCustomerGateway',
      { CustomerGatewayId: 'x' },
      'InvalidCustomerGatewayInstanceId.NotFound',
    ],
    ['DescribeVpnConnection', {}, 'MissingParameter'],
    ['DescribeVpnConnection', { RegionId: 'cn-nowhere' }, 'InvalidRegionId.NotFound'],
    ['DescribeVpnConnection', { RegionId: '' }, 'MissingParameter'],
    ['DescribeEverything', {}, 'InvalidApi.NotFound'],
  ])('answers %s %j with %s', async (action, params, code) => {
    const { call } = aCloud();

    expect((await call(action, params)).body.Code).toBe(code);
  });

  it('knows its regions without being told one', async () => {
    const { call } = aCloud();

    const { body } = await call('DescribeRegions', { RegionId: '' });

    expect(body).toMatchObject({
      Regions: {
        Region: [
          { RegionId: REGION, RegionEndpoint: 'vpc.cn-hangzhou.aliyuncs.com' },
          { RegionId: 'eu-central-1' },
        ],
      },
    });
  });

  it('keeps regions apart', async () => {
    const { call } = aCloud();

    const { body } = await call('DescribeVpnConnections', { RegionId: 'eu-central-1' });

    expect(body.TotalCount).toBe(0);
  });

  it('knows every action of its table', async () => {
    const { call } = aCloud();

    for (const action of actionNames) {
      expect((await call(action)).body.Code, action).not.toBe('UnsupportedOperation');
    }
  });
});
