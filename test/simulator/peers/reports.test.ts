import { describe, expect, it } from 'vitest';
import { logText } from '../../../local/simulator/peers/cloud-time.ts';
import { aCloud, type Cloud, REGION } from '../cloud.ts';
import { aWorld, rekeySlave } from './world.ts';

interface Logs {
  readonly Code?: string;
  readonly Count: number;
  readonly IsCompleted: boolean;
  readonly Data: { readonly Logs: readonly string[] };
}

interface Diagnoses {
  readonly Code?: string;
  readonly TotalCount: number;
  readonly VpnConnections: readonly Readonly<Record<string, string | number>>[];
}

type Given = Readonly<Record<string, string>>;

async function logs({ call }: Cloud, params: Given): Promise<Logs> {
  return JSON.parse((await call('DescribeVpnConnectionLogs', params)).text);
}

async function diagnose({ call }: Cloud, params: Given): Promise<Diagnoses> {
  return JSON.parse((await call('DiagnoseVpnConnections', params)).text);
}

const slave = { VpnConnectionId: 'vco-dual', TunnelId: 'tun-2' };
const skewMs = 90_000;

describe('DescribeVpnConnectionLogs (BEHAVIOUR.md "Logs and diagnosis")', () => {
  it('tells of a new negotiation of that tunnel by the clock of the cloud, in the time of China', async () => {
    const cloud = aWorld({}, { handshakeMs: 0, clockSkewMs: skewMs });
    await rekeySlave(cloud, 'newKey');

    const { Data, ...body } = await logs(cloud, { ...slave, MinutePeriod: '1' });
    const other = await logs(cloud, { ...slave, TunnelId: 'tun-1', MinutePeriod: '10' });

    expect(body).toMatchObject({ PageNumber: 1, PageSize: 10, Count: 2, IsCompleted: true });
    // 03:04:05 UTC, 10 s to settle, the cloud is 90 s ahead, China 8 h.
    expect(Data.Logs).toEqual([
      expect.stringMatching(/^2026-01-02 11:05:45 vco-dual .*ISAKMP-SA established/),
      expect.stringMatching(/^2026-01-02 11:05:45 vco-dual .*IPsec-SA established/),
    ]);
    expect(other.Data.Logs).toEqual([]);
  });

  it('shows every attempt that failed, page by page, and no key', async () => {
    const cloud = aWorld({ 'tun-2': { kind: 'wrongly' } });
    await rekeySlave(cloud, 'brandNewKey9');
    cloud.clock.advance(35_000);

    const all = await logs(cloud, { ...slave, MinutePeriod: '10' });
    const second = await logs(cloud, {
      ...slave,
      MinutePeriod: '10',
      PageNumber: '2',
      PageSize: '3',
    });

    expect(all.Data.Logs.map((line) => line.slice(11, 19))).toEqual([
      '11:04:15',
      '11:04:25',
      '11:04:35',
      '11:04:45',
    ]);
    expect(second.Data.Logs).toEqual(all.Data.Logs.slice(3));
    expect(JSON.stringify(all)).not.toMatch(/brandNewKey9|misread/);
  });

  it.each<[string, Given, number]>([
    ['From and To', { From: '0', To: '10' }, 2],
    ['From and a period', { From: '0', MinutePeriod: '1' }, 2],
    ['To and a period', { To: '60', MinutePeriod: '1' }, 2],
    ['a From after it', { From: '11', MinutePeriod: '10' }, 0],
    ['a To before it', { To: '9', MinutePeriod: '10' }, 0],
  ])('takes %s', async (_what, offsets, count) => {
    const cloud = aWorld({}, { handshakeMs: 0 });
    const start = Math.floor(cloud.clock.now() / 1_000);
    await rekeySlave(cloud, 'newKey');
    const shifted = Object.fromEntries(
      Object.entries(offsets).map(([name, value]) => [
        name,
        name === 'MinutePeriod' ? value : String(start + Number(value)),
      ]),
    );

    expect((await logs(cloud, { ...slave, ...shifted })).Count).toBe(count);
  });

  it.each<[string, Given, string]>([
    ['no time at all', {}, 'MissingParameter'],
    ['a From alone', { From: '1' }, 'MissingParameter'],
    ['a To alone', { To: '1' }, 'MissingParameter'],
    ['11 minutes', { MinutePeriod: '11' }, 'InvalidParameter'],
    ['a page of 51', { MinutePeriod: '1', PageSize: '51' }, 'InvalidParameter'],
    [
      'a tunnel of another connection',
      { MinutePeriod: '1', TunnelId: 'tun-3' },
      'IllegalParam.TunnelId',
    ],
    [
      'an unknown connection',
      { MinutePeriod: '1', VpnConnectionId: 'vco-no' },
      'InvalidVpnConnectionInstanceId.NotFound',
    ],
  ])('refuses %s', async (_what, params, code) => {
    expect((await logs(aCloud(), { ...slave, ...params })).Code).toBe(code);
  });

  it('stamps lines as the example of the documents does', () => {
    const line = { at: 1_673_581_161_000, text: '[PROTO_ERR]: …' };

    expect(logText(line, 'vco-1', { clockSkewMs: 0 })).toBe(
      '2023-01-13 11:39:21 vco-1 [PROTO_ERR]: …',
    );
  });
});

describe('DiagnoseVpnConnections (BEHAVIOUR.md "Logs and diagnosis")', () => {
  it('names what differs, and when that showed last by the clock of the cloud', async () => {
    const cloud = aWorld({ 'tun-2': { kind: 'never' } }, { clockSkewMs: skewMs });
    const tunnels = cloud.simulator.state
      .connection(REGION, 'vco-dual')
      .tunnels.filter(({ tunnelId }) => tunnelId === 'tun-2')
      .map(({ tunnelId, ike }) => ({ tunnelId, ike: { ...ike, IkePfs: 'group14' } }));
    const edit = { tunnels, effectImmediately: true };
    cloud.simulator.state.tamper(REGION, 'vco-dual', edit, { settleMs: 0 });
    cloud.simulator.state.connection(REGION, 'vco-dual');
    const failedAt = cloud.clock.now() + 20_000 + skewMs;
    cloud.clock.advance(25_000);

    const body = await diagnose(cloud, { 'TunnelIds.1': 'tun-2', 'TunnelIds.2': 'tun-1' });

    expect(body).toMatchObject({ TotalCount: 2, PageNumber: 1, PageSize: 10 });
    expect(body.VpnConnections).toEqual([
      {
        VpnConnectionId: 'vco-dual',
        TunnelId: 'tun-2',
        Severity: 'Critical',
        FailedReasonCode: 'DhGroupMismatch',
        FailedReason: 'DH group mismatch',
        FailedTime: failedAt,
        MismatchLocalParam: 'group14',
        MismatchRemoteParam: 'group2',
        SourceLog: expect.stringMatching(/^2026-01-02 11:05:55 vco-dual \[PROTO_ERR\].*group14/),
      },
      { VpnConnectionId: 'vco-dual', TunnelId: 'tun-1', Severity: 'Normal' },
    ]);
  });

  it('says that nobody answers where a tunnel is held down', async () => {
    const cloud = aWorld();
    cloud.simulator.state.setNegotiation(REGION, 'vco-a', 'ike_sa_not_established');

    const body = await diagnose(cloud, {
      'VpnConnectionIds.1': 'vco-a',
      'VpnConnectionIds.2': 'vco-none',
      'VpnConnectionIds.3': 'vco-cen',
      VpnGatewayId: 'vpn-1',
    });

    expect(body.VpnConnections).toMatchObject([
      { VpnConnectionId: 'vco-a', FailedReasonCode: 'Phase1NegotiationTimeout' },
    ]);
  });

  it.each<[string, Given]>([
    ['without an id', {}],
    ['for a pair without the ids of its tunnels', { 'VpnConnectionIds.1': 'vco-dual' }],
  ])('refuses %s', async (_what, params) => {
    expect((await diagnose(aCloud(), params)).Code).toBe('MissingParameter');
  });
});
