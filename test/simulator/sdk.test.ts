import core from '@alicloud/openapi-core';
import sdk from '@alicloud/vpc20160428';
import { afterEach, describe, expect, it } from 'vitest';
import { type SimulatorServer, startSimulatorServer } from '../../local/simulator/server.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
} from '../../local/simulator/simulator.ts';
import { aSmallInventory, REGION } from './cloud.ts';

const open: SimulatorServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Wire {
  readonly simulator: Simulator;
  readonly client: InstanceType<typeof sdk.default>;
}

/** The SDK stamps with the real time, so the simulator keeps that too; changes are done as soon as they are accepted. */
async function aWire(credentials: Readonly<Record<string, string>> = {}): Promise<Wire> {
  const settleMs = { min: 0, max: 0 };
  const simulator = createSimulator({ inventory: aSmallInventory(), settleMs });
  const server = await startSimulatorServer(simulator);
  open.push(server);
  const config = new core.$OpenApiUtil.Config({
    ...DEMO_ACCESS_KEY,
    ...credentials,
    endpoint: server.url.replace('http://', ''),
    protocol: 'HTTP',
    regionId: REGION,
  });
  return { simulator, client: new sdk.default(config) };
}

const subnets = { localSubnet: '10.0.0.0/16', remoteSubnet: '192.168.0.0/24' };

describe('the wire, seen by the official SDK (BEHAVIOUR.md "Wire")', () => {
  it('lists connections of both modes with typed values', async () => {
    const { client } = await aWire();

    const { body } = await client.describeVpnConnections(
      new sdk.DescribeVpnConnectionsRequest({ regionId: REGION, vpnGatewayId: 'vpn-1' }),
    );

    const items = body?.vpnConnections?.vpnConnection ?? [];
    expect(body?.totalCount).toBe(3);
    expect(items.map((item) => [item.vpnConnectionId, item.state, item.enableDpd])).toEqual([
      ['vco-a', 'active', true],
      ['vco-b', 'active', true],
      ['vco-dual', 'active', true],
    ]);
    expect(items[0]?.ikeConfig?.ikeLifetime).toBe(86_400);
    expect(
      items[2]?.tunnelOptionsSpecification?.tunnelOptions?.map((tunnel) => [
        tunnel.role,
        tunnel.enableDpd,
        tunnel.tunnelIkeConfig?.ikeLifetime,
      ]),
    ).toEqual([
      ['master', 'true', '86400'],
      ['slave', 'true', '86400'],
    ]);
  });

  it('finds gateways, customer gateways and attachments', async () => {
    const { client } = await aWire();
    const where = { regionId: REGION };

    const gateways = await client.describeVpnGateways(
      new sdk.DescribeVpnGatewaysRequest({ ...where, vpcId: 'vpc-1' }),
    );
    const customers = await client.describeCustomerGateways(
      new sdk.DescribeCustomerGatewaysRequest(where),
    );
    const attachments = await client.describeVpnAttachments(
      new sdk.DescribeVpnAttachmentsRequest({ ...where, attachType: 'CEN' }),
    );

    expect(gateways.body?.vpnGateways?.vpnGateway?.[0]?.status).toBe('active');
    expect(customers.body?.customerGateways?.customerGateway?.map((item) => item.asn)).toEqual([
      65_001, 0,
    ]);
    expect(attachments.body?.vpnAttachments?.map((item) => item.instanceId)).toEqual([
      'vco-cen',
      'vco-cen-dual',
      'vco-poor-cen',
    ]);
  });

  it('changes a single-tunnel connection', async () => {
    const { client, simulator } = await aWire();
    const name = "a b+c*~'(&=%)!/üñ中";

    const { body } = await client.modifyVpnConnectionAttribute(
      new sdk.ModifyVpnConnectionAttributeRequest({
        regionId: REGION,
        vpnConnectionId: 'vco-a',
        name,
        ...subnets,
        enableDpd: false,
        ikeConfig: JSON.stringify({ Psk: 'new+key&1', IkeVersion: 'ikev2' }),
      }),
    );

    expect(body).toMatchObject({ name, enableDpd: false, ikeConfig: { psk: 'new+key&1' } });
    expect(simulator.state.connection(REGION, 'vco-a')).toMatchObject({
      name,
      enableDpd: false,
      ike: { Psk: 'new+key&1', IkeVersion: 'ikev2' },
    });
  });

  it('changes a tunnel of a pair on a VPN gateway', async () => {
    const { client, simulator } = await aWire();

    const { body } = await client.modifyVpnConnectionAttribute(
      new sdk.ModifyVpnConnectionAttributeRequest({
        regionId: REGION,
        vpnConnectionId: 'vco-dual',
        ...subnets,
        tunnelOptionsSpecification: [
          new sdk.ModifyVpnConnectionAttributeRequestTunnelOptionsSpecification({
            tunnelId: 'tun-2',
            role: 'slave',
            enableDpd: false,
            tunnelIkeConfig:
              new sdk.ModifyVpnConnectionAttributeRequestTunnelOptionsSpecificationTunnelIkeConfig({
                psk: 'new+key&1',
                ikeLifetime: 3_600,
              }),
          }),
        ],
      }),
    );

    const answered = body?.tunnelOptionsSpecification?.tunnelOptions?.[1];
    expect(answered).toMatchObject({ role: 'slave', enableDpd: false, state: 'updating' });
    expect(answered?.tunnelIkeConfig).toMatchObject({ psk: 'new+key&1', ikeLifetime: 3_600 });
    expect(simulator.state.connection(REGION, 'vco-dual').tunnels).toMatchObject([
      { ike: { Psk: 'simulatedKey01' } },
      { ike: { Psk: 'new+key&1', IkeLifetime: 3_600 }, enableDpd: false },
    ]);
  });

  it('changes a tunnel of an attachment', async () => {
    const { client, simulator } = await aWire();

    const { body } = await client.modifyVpnAttachmentAttribute(
      new sdk.ModifyVpnAttachmentAttributeRequest({
        regionId: REGION,
        vpnConnectionId: 'vco-cen-dual',
        ...subnets,
        tunnelOptionsSpecification: [
          new sdk.ModifyVpnAttachmentAttributeRequestTunnelOptionsSpecification({
            tunnelId: 'tun-3',
            tunnelIndex: 1,
            enableNatTraversal: false,
          }),
        ],
      }),
    );

    expect(body?.tunnelOptionsSpecification?.map((tunnel) => tunnel.tunnelIndex)).toEqual([1, 2]);
    expect(body?.tunnelOptionsSpecification?.[0]?.enableNatTraversal).toBe(false);
    expect(simulator.state.connection(REGION, 'vco-cen-dual').tunnels).toMatchObject([
      { enableNatTraversal: false },
      { enableNatTraversal: true },
    ]);
  });

  it('changes one tunnel by its own action, all of it in the query', async () => {
    const { client, simulator } = await aWire();

    const { body } = await client.modifyTunnelAttribute(
      new sdk.ModifyTunnelAttributeRequest({
        regionId: REGION,
        vpnConnectionId: 'vco-dual',
        tunnelId: 'tun-1',
        clientToken: 'token',
        tunnelOptionsSpecification: new sdk.ModifyTunnelAttributeRequestTunnelOptionsSpecification({
          enableDpd: false,
          tunnelIkeConfig:
            new sdk.ModifyTunnelAttributeRequestTunnelOptionsSpecificationTunnelIkeConfig({
              psk: 'new+key&1',
            }),
        }),
      }),
    );

    expect(body).toMatchObject({
      tunnelId: 'tun-1',
      role: 'master',
      enableDpd: false,
      tunnelIkeConfig: { psk: 'new+key&1', ikeLifetime: 86_400 },
      tunnelBgpConfig: { enableBgp: false },
    });
    expect(simulator.state.connection(REGION, 'vco-dual').tunnels[0]?.ike.Psk).toBe('new+key&1');
  });

  it('is told of negotiations and of what is wrong with them', async () => {
    const { client, simulator } = await aWire();
    const tunnel = simulator.state.tunnel(REGION, 'vco-dual', 'tun-2');
    tunnel.behave({ kind: 'onDelivery' });
    tunnel.reset();
    tunnel.deliver({ ike: { IkeEncAlg: 'aes256' } });

    const logs = await client.describeVpnConnectionLogs(
      new sdk.DescribeVpnConnectionLogsRequest({
        regionId: REGION,
        vpnConnectionId: 'vco-dual',
        tunnelId: 'tun-2',
        minutePeriod: 10,
        pageSize: 50,
      }),
    );
    const diagnosis = await client.diagnoseVpnConnections(
      new sdk.DiagnoseVpnConnectionsRequest({ regionId: REGION, tunnelIds: ['tun-1', 'tun-2'] }),
    );

    expect(logs.body).toMatchObject({ count: 3, isCompleted: true, pageNumber: 1, pageSize: 50 });
    expect(logs.body?.data?.logs).toEqual([
      expect.stringContaining('ISAKMP-SA established'),
      expect.stringContaining('IPsec-SA established'),
      expect.stringContaining('[PROTO_ERR]'),
    ]);
    expect(diagnosis.body).toMatchObject({ totalCount: 2 });
    expect(diagnosis.body?.vpnConnections).toMatchObject([
      { vpnConnectionId: 'vco-dual', tunnelId: 'tun-1', severity: 'Normal' },
      {
        tunnelId: 'tun-2',
        severity: 'Critical',
        failedReasonCode: 'AlgorithmMismatch',
        failedReason: expect.any(String),
        failedTime: expect.any(Number),
        mismatchLocalParam: 'aes',
        mismatchRemoteParam: 'aes256',
        sourceLog: expect.stringContaining('vco-dual'),
      },
    ]);
  });

  it('is told code and status of a refusal', async () => {
    const { client } = await aWire();

    const failure = client.describeVpnConnection(
      new sdk.DescribeVpnConnectionRequest({ regionId: REGION, vpnConnectionId: 'vco-none' }),
    );

    await expect(failure).rejects.toMatchObject({
      statusCode: 404,
      code: 'InvalidVpnConnectionInstanceId.NotFound',
      requestId: expect.any(String),
    });
  });

  it('is refused with a wrong secret', async () => {
    const { client } = await aWire({ accessKeySecret: 'wrong' });

    const failure = client.describeVpnConnections(
      new sdk.DescribeVpnConnectionsRequest({ regionId: REGION }),
    );

    await expect(failure).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });
});
