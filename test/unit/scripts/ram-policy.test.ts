import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import policy from '../../../ram-policy.json' with { type: 'json' };
import { calledActions } from '../../../scripts/called-actions.ts';
import { ramPolicyText } from '../../../scripts/ram-policy.ts';
import { createAliyunVpnApi } from '../../../shared/adapters/aliyun/vpn-api.ts';
import type { ModifyRequest, VpnApi } from '../../../shared/connection/vpn-api.ts';
import { systemClock } from '../../../shared/platform/clock.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import {
  refusal,
  type ScriptedServer,
  startScriptedServer,
} from '../../helpers/scripted-http-server.ts';

const regionId = 'cn-hangzhou';
const tunnels = [{ tunnelId: 'tun-1', role: 'master', index: 1 }] as const;
const psk = new Secret('key0123456789');
const single: ModifyRequest = {
  regionId,
  vpnConnectionId: 'vco-1',
  attachType: 'VPNGW',
  part: 'connection',
  tunnels: [],
  clientToken: 'token',
  fields: { LocalSubnet: '10.0.0.0/16', RemoteSubnet: '192.168.0.0/24' },
};
const query = { regionId, pageNumber: 1 };

/** One call of each method of the port, and of each form that a write can take. */
const everyCall: Readonly<Record<keyof VpnApi, (api: VpnApi) => readonly Promise<unknown>[]>> = {
  listConnections: (api) => [api.listConnections(query)],
  describeConnection: (api) => [api.describeConnection({ regionId, vpnConnectionId: 'vco-1' })],
  listGateways: (api) => [api.listGateways(query)],
  describeGateway: (api) => [api.describeGateway({ regionId, vpnGatewayId: 'vpn-1' })],
  listCustomerGateways: (api) => [api.listCustomerGateways(query)],
  connectionLogs: (api) => [
    api.connectionLogs({
      regionId,
      vpnConnectionId: 'vco-1',
      tunnelId: null,
      between: null,
      pageNumber: 1,
    }),
  ],
  diagnose: (api) => [api.diagnose({ regionId, vpnConnectionIds: ['vco-1'], tunnelIds: [] })],
  modify: (api) => [
    api.modify(single),
    api.modify({ ...single, attachType: 'CEN' }),
    api.modify({
      ...single,
      part: 'tun-1',
      tunnels,
      fields: { 'tun-1/IkeConfig.IkePfs': 'group14', 'tun-1/IkeConfig.Psk': psk },
    }),
  ],
};

let server: ScriptedServer;
let api: ReturnType<typeof createAliyunVpnApi>;

beforeAll(async () => {
  server = await startScriptedServer();
  const accessKeySecret = new Secret('secret');
  api = createAliyunVpnApi({
    endpoint: server.url,
    credentials: () => Promise.resolve({ accessKeyId: 'id', accessKeySecret }),
    clock: systemClock,
  });
});

afterAll(async () => {
  api.close();
  await server.close();
});

describe('the policy of the role', () => {
  const allowed = policy.Statement.flatMap(({ Action }) => Action);

  it('allows what the client of the VPC API calls, and nothing else of that API', async () => {
    server.play(refusal(403, 'Forbidden.RAM'));

    await Promise.all(Object.values(everyCall).flatMap((call) => call(api)));

    const called = new Set(server.seen.map(({ form }) => `vpc:${form.Action}`));
    expect(allowed.filter((action) => action.startsWith('vpc:'))).toEqual([...called].sort());
  });

  it('is generated from the operations that the code names', async () => {
    expect(JSON.parse(ramPolicyText(await calledActions()))).toEqual(policy);
  });

  it('has no wildcard among its actions', () => {
    expect(allowed.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('puts every operation under its service', () => {
    const text = ramPolicyText([
      'Decrypt',
      'DescribeVpnGateway',
      'GetSecretValue',
      'InvokeFunction',
    ]);

    expect(text.match(/"\w+:\w+"/g)).toEqual([
      '"vpc:DescribeVpnGateway"',
      '"kms:Decrypt"',
      '"kms:GetSecretValue"',
      '"fc:InvokeFunction"',
    ]);
  });

  it('refuses operations of services that nobody thought of', () => {
    expect(() => ramPolicyText(['DeleteInstance'])).toThrow(/DeleteInstance/);
  });
});
