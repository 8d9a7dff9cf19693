import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AliyunVpnApiDeps,
  createAliyunVpnApi,
} from '../../../../shared/adapters/aliyun/vpn-api.ts';
import type { ModifyRequest, VpnApi } from '../../../../shared/connection/vpn-api.ts';
import { systemClock } from '../../../../shared/platform/clock.ts';
import { createLogger } from '../../../../shared/platform/logger.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import {
  answer,
  refusal,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from '../../../helpers/scripted-http-server.ts';
import { aTickingClock } from '../../../helpers/ticking-clock.ts';

const requestId = '9AB1C2D3-0000-4000-8000-000000000001';
const regionId = 'cn-hangzhou';
const vpnConnectionId = 'vco-one';
const plantedKey = 'planted"key\\1';
const accepted = answer(200, { RequestId: requestId, VpnConnectionId: vpnConnectionId });

const request: ModifyRequest = {
  regionId,
  vpnConnectionId,
  attachType: 'VPNGW',
  part: 'connection',
  tunnels: [],
  clientToken: 'token-1',
  fields: {
    LocalSubnet: '10.0.0.0/16',
    RemoteSubnet: '192.168.0.0/24',
    'IkeConfig.Psk': new Secret(plantedKey),
  },
};

let server: ScriptedServer;
let lines: string[];
let api: VpnApi & { close(): void };

function anApi(changes: Partial<AliyunVpnApiDeps> = {}): VpnApi & { close(): void } {
  const clock = aTickingClock();
  return createAliyunVpnApi({
    endpoint: server.url,
    credentials: () =>
      Promise.resolve({
        accessKeyId: 'key-id',
        accessKeySecret: new Secret('key-secret'),
        securityToken: new Secret('planted-token'),
      }),
    clock,
    logger: createLogger({ level: 'debug', clock, write: (line) => lines.push(line) }),
    ...changes,
  });
}

beforeEach(async () => {
  server = await startScriptedServer();
  lines = [];
  api = anApi();
});

afterEach(async () => {
  api.close();
  await server.close();
});

describe('modify', () => {
  it.each([
    ['VPNGW', 'ModifyVpnConnectionAttribute'],
    ['CEN', 'ModifyVpnAttachmentAttribute'],
    ['NO_ASSOCIATED', 'ModifyVpnAttachmentAttribute'],
  ] as const)('of a connection on %s is %s', async (attachType, action) => {
    server.play(accepted);

    const outcome = await api.modify({ ...request, attachType });

    expect(outcome).toEqual({ kind: 'accepted', requestId });
    expect(server.seen[0]?.form).toMatchObject({
      Action: action,
      RegionId: regionId,
      VpnConnectionId: vpnConnectionId,
      ClientToken: 'token-1',
      IkeConfig: JSON.stringify({ Psk: plantedKey }),
    });
  });

  it.each<[string, Script, string, string]>([
    ['busy', refusal(400, 'VpnGateway.Configuring'), 'busy', 'busy'],
    ['throttled with HTTP 400', refusal(400, 'Throttling.User'), 'throttled', 'throttled'],
    ['throttled with HTTP 503', refusal(503, 'Throttling'), 'throttled', 'throttled'],
    ['an unknown fate by code', refusal(500, 'InternalError'), 'unknown', 'unknown_fate'],
    [
      'an unknown fate by a used nonce',
      refusal(400, 'SignatureNonceUsed'),
      'unknown',
      'unknown_fate',
    ],
    [
      'an unknown fate by a token in work',
      refusal(400, 'LastTokenProcessing'),
      'unknown',
      'unknown_fate',
    ],
    ['an unknown fate by an unknown code', refusal(500, 'Surprise'), 'unknown', 'unknown_fate'],
    ['an unknown fate by an HTML page', answer(502, '<html>'), 'unknown', 'unknown_fate'],
    [
      'an unknown fate by 500 without a code',
      answer(500, { RequestId: requestId, VpnConnectionId: vpnConnectionId }),
      'unknown',
      'unknown_fate',
    ],
    [
      'an unknown fate by a redirect',
      answer(302, { RequestId: requestId, VpnConnectionId: vpnConnectionId }),
      'unknown',
      'unknown_fate',
    ],
    [
      'an unknown fate without the connection',
      answer(200, { RequestId: requestId }),
      'unknown',
      'unknown_fate',
    ],
    [
      'an unknown fate with another connection',
      answer(200, { RequestId: requestId, VpnConnectionId: 'vco-two' }),
      'unknown',
      'unknown_fate',
    ],
    [
      'an unknown fate by a reset',
      (response) => response.socket?.resetAndDestroy(),
      'unknown',
      'unknown_fate',
    ],
    ['refused', refusal(400, 'IllegalParam.LocalAsn'), 'refused', 'invalid'],
    ['refused by an unknown code', refusal(400, 'Surprise'), 'refused', 'invalid'],
    [
      'refused for a missing connection',
      refusal(404, 'InvalidVpnConnectionInstanceId.NotFound'),
      'refused',
      'not_found',
    ],
    ['refused for a quota', refusal(400, 'Resource.QuotaFull'), 'refused', 'quota'],
    ['refused for a bill', refusal(400, 'VpnGateway.FinancialLocked'), 'refused', 'locked'],
    ['refused for a missing right', refusal(403, 'Forbbiden.SubUser'), 'refused', 'permission'],
    [
      'refused for the credentials',
      refusal(404, 'InvalidAccessKeyId.NotFound'),
      'refused',
      'credentials',
    ],
  ])('is %s', async (_what, script, kind, errorClass) => {
    server.play(script);

    expect(await api.modify(request)).toMatchObject({ kind, error: { class: errorClass } });
  });

  it('is not sent to a closed port', async () => {
    await server.close();

    expect(await api.modify(request)).toMatchObject({
      kind: 'not_sent',
      error: { class: 'not_sent', code: 'ConnectionFailed', requestId: null },
    });
  });

  it('repeats the identical parameters for the identical request', async () => {
    server.play(accepted);

    await api.modify(request);
    await api.modify(request);

    const [first, second] = server.seen.map(({ form }) => {
      const { SignatureNonce, Signature, Timestamp, ...rest } = form;
      return rest;
    });
    expect(second).toEqual(first);
  });

  it('waits longer than a read', async () => {
    api.close();
    api = anApi({ timeouts: { readMs: 40, writeMs: 2_000 } });
    const late: Script = async (response) => {
      await systemClock.sleep(90);
      accepted(response);
    };
    server.play(late);

    expect(await api.describeConnection(request)).toMatchObject({ error: { code: 'Timeout' } });
    expect(await api.modify(request)).toMatchObject({ kind: 'accepted' });
  });

  it('raises what could do harm before anything is sent', async () => {
    const attempt = api.modify({ ...request, fields: { 'IkeConfig.IkeMode': 'main' } });

    await expect(attempt).rejects.toMatchObject({ code: 'internal' });
    expect(server.seen).toEqual([]);
  });
});

describe('reads', () => {
  it('ask for pages of 50 and leave out what is not asked', async () => {
    server.play(answer(200, { RequestId: requestId, TotalCount: 0 }));

    await api.listConnections({ regionId, vpnGatewayId: 'vpn-one', pageNumber: 2 });
    await api.listConnections({ regionId, pageNumber: 1 });
    await api.listGateways({ regionId, status: 'updating', pageNumber: 1 });

    expect(server.seen.map(({ form }) => form)).toMatchObject([
      {
        Action: 'DescribeVpnConnections',
        VpnGatewayId: 'vpn-one',
        PageNumber: '2',
        PageSize: '50',
      },
      { Action: 'DescribeVpnConnections', PageNumber: '1', PageSize: '50' },
      { Action: 'DescribeVpnGateways', Status: 'updating', PageNumber: '1', PageSize: '50' },
    ]);
    expect(server.seen[1]?.form).not.toHaveProperty('VpnGatewayId');
  });

  it.each([400, 404])('give null for what the cloud does not know, HTTP %i', async (status) => {
    server.play(refusal(status, 'InvalidVpnConnectionInstanceId.NotFound'));
    expect(await api.describeConnection(request)).toEqual({ kind: 'ok', value: null });

    server.play(refusal(status, 'InvalidVpnGatewayInstanceId.NotFound'));
    expect(await api.describeGateway({ regionId, vpnGatewayId: 'vpn-one' })).toEqual({
      kind: 'ok',
      value: null,
    });
  });

  it.each([
    'InvalidVpnGatewayInstanceId.NotFound',
    'InvalidRegionId.NotFound',
    'InvalidAccessKeyId.NotFound',
    'InvalidSomething.NotFound',
  ])('fail, and give no null, when something else is missing: %s', async (code) => {
    server.play(refusal(404, code));

    expect(await api.describeConnection(request)).toMatchObject({
      kind: 'failed',
      error: { code },
    });
  });

  it.each<[string, Script, string]>([
    ['throttled', refusal(400, 'Throttling.Api'), 'throttled'],
    ['failed inside', refusal(500, 'InternalError'), 'unknown_fate'],
    ['not understood', answer(200, { RequestId: requestId }), 'unknown_fate'],
    [
      'about another connection',
      answer(200, { RequestId: requestId, VpnConnectionId: 'vco-two', AttachType: 'CEN' }),
      'unknown_fate',
    ],
  ])('fail when %s', async (_what, script, errorClass) => {
    server.play(script);

    expect(await api.describeConnection(request)).toMatchObject({
      kind: 'failed',
      error: { class: errorClass },
    });
  });

  it('understand numbers that the parser turns into objects, and keys that come twice', async () => {
    const body = `{"RequestId":"${requestId}","CreateTime":12345678901234567890,"IpsecConfig":{"IpsecLifetime":98765432109876543210},"VpnConnectionId":"vco-old","VpnConnectionId":"${vpnConnectionId}","AttachType":"CEN","IkeConfig":{"IkeLifetime":60}}`;
    server.play(answer(200, body));

    expect(await api.describeConnection(request)).toMatchObject({
      kind: 'ok',
      value: { vpnConnectionId, fields: { 'IkeConfig.IkeLifetime': 60 } },
    });
  });

  it('raise what is not a region id, before anything is sent', async () => {
    const attempt = api.describeConnection({ regionId: 'cn-a.example.com', vpnConnectionId });

    await expect(attempt).rejects.toMatchObject({ code: 'invalid_request' });
    expect(server.seen).toEqual([]);
  });
});

describe('log lines', () => {
  it('tell action, region, code, request id and duration', async () => {
    server.play(refusal(400, 'VpnGateway.Configuring', 'The specified service is configuring.'));

    await api.modify(request);

    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: expect.any(String),
        level: 'debug',
        message: 'called the cloud',
        action: 'ModifyVpnConnectionAttribute',
        regionId,
        kind: 'error',
        ms: 7,
        code: 'VpnGateway.Configuring',
        requestId: 'E1D2C3B4-0000-4000-8000-000000000001',
        text: 'The specified service is configuring.',
      },
    ]);
  });

  it.each(['IllegalParam.Something', 'SignatureDoesNotMatch', 'InternalError'])(
    'and outcomes hold no secret when the cloud echoes the request with %s',
    async (code) => {
      server.play((response, { body }) => {
        const encoded = encodeURIComponent(body);
        const Message = `${plantedKey} ${JSON.stringify(plantedKey)} ${body} POST&%2F&${encoded} key-secret`;
        response.statusCode = 400;
        response.end(JSON.stringify({ RequestId: requestId, Code: code, Message }));
      });

      const outcome = await api.modify(request);

      const shown = `${inspect(outcome, { depth: 9, showHidden: true })}${JSON.stringify(outcome)}${lines.join()}`;
      expect(shown).not.toMatch(/planted|key-secret/);
      expect(shown).toContain(code);
    },
  );

  it('hold nothing of an answer that holds keys', async () => {
    server.play(
      answer(200, {
        RequestId: requestId,
        VpnConnectionId: vpnConnectionId,
        AttachType: 'CEN',
        IkeConfig: { Psk: 'planted-key' },
        VpnBgpConfig: { AuthKey: 'planted-auth' },
      }),
    );

    const outcome = await api.describeConnection(request);

    expect(outcome).toMatchObject({ kind: 'ok', value: { attachType: 'CEN' } });
    expect(
      `${inspect(outcome, { depth: 9 })}${JSON.stringify(outcome)}${lines.join()}`,
    ).not.toMatch(/planted/);
  });
});
