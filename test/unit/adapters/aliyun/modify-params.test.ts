import { describe, expect, it } from 'vitest';
import { modifyParamsOf } from '../../../../shared/adapters/aliyun/modify-params.ts';
import { serializeParams } from '../../../../shared/adapters/aliyun/serialize.ts';
import type { FieldValues } from '../../../../shared/connection/values.ts';
import { connectionPart, type ModifyRequest } from '../../../../shared/connection/vpn-api.ts';
import { Secret } from '../../../../shared/platform/secret.ts';

const subnets: FieldValues = { LocalSubnet: '10.0.0.0/16', RemoteSubnet: '192.168.0.0/24' };

function aRequest(fields: FieldValues, changes: Partial<ModifyRequest> = {}): ModifyRequest {
  return {
    regionId: 'cn-hangzhou',
    vpnConnectionId: 'vco-one',
    attachType: 'VPNGW',
    part: connectionPart,
    tunnels: [],
    clientToken: 'token-1',
    fields: { ...subnets, ...fields },
    ...changes,
  };
}

function textsOf(request: ModifyRequest): Readonly<Record<string, string>> {
  return serializeParams(modifyParamsOf(request)).texts;
}

const everything: FieldValues = {
  Name: 'branch-a',
  EffectImmediately: false,
  AutoConfigRoute: true,
  EnableDpd: true,
  'IkeConfig.Psk': new Secret('k1'),
  'IkeConfig.IkeLifetime': 86_400,
  'IpsecConfig.IpsecPfs': 'disabled',
  'BgpConfig.EnableBgp': true,
  'BgpConfig.LocalAsn': 45_104,
  'HealthCheckConfig.enable': false,
  'HealthCheckConfig.interval': 3,
};

describe('modifyParamsOf', () => {
  it('sends plain fields alone and blocks as JSON text', () => {
    expect(textsOf(aRequest(everything))).toEqual({
      RegionId: 'cn-hangzhou',
      VpnConnectionId: 'vco-one',
      ClientToken: 'token-1',
      ...subnets,
      Name: 'branch-a',
      EffectImmediately: 'false',
      AutoConfigRoute: 'true',
      EnableDpd: 'true',
      IkeConfig: '{"Psk":"k1","IkeLifetime":86400}',
      IpsecConfig: '{"IpsecPfs":"disabled"}',
      BgpConfig: '{"EnableBgp":"true","LocalAsn":45104}',
      HealthCheckConfig: '{"enable":"false","interval":3}',
    });
  });

  it('gives the same texts whatever order the fields have', () => {
    const reversed = Object.fromEntries(Object.entries(everything).reverse());

    expect(JSON.stringify(textsOf(aRequest(reversed)))).toBe(
      JSON.stringify(textsOf(aRequest(everything))),
    );
  });

  it.each([
    ['VPNGW', 'RemoteCaCertificate'],
    ['CEN', 'RemoteCaCert'],
    ['NO_ASSOCIATED', 'RemoteCaCert'],
  ] as const)('names the certificate for %s %s', (attachType, name) => {
    const texts = textsOf(aRequest({ RemoteCaCertificate: '-----BEGIN' }, { attachType }));

    expect(Object.keys(texts).filter((each) => each.startsWith('RemoteCa'))).toEqual([name]);
  });

  it('sends the fields of attachments for attachments', () => {
    const fields = { CustomerGatewayId: 'cgw-one', 'HealthCheckConfig.Policy': 'reserve_route' };

    expect(textsOf(aRequest(fields, { attachType: 'CEN' }))).toMatchObject({
      CustomerGatewayId: 'cgw-one',
      HealthCheckConfig: '{"Policy":"reserve_route"}',
    });
  });

  it.each<[string, ModifyRequest]>([
    ['an IKE block without its key', aRequest({ 'IkeConfig.IkeMode': 'main' })],
    ['no local subnet', aRequest({}, { fields: { RemoteSubnet: '192.168.0.0/24' } })],
    ['no remote subnet', aRequest({}, { fields: { LocalSubnet: '10.0.0.0/16' } })],
    ['a field of attachments on a gateway', aRequest({ CustomerGatewayId: 'cgw-one' })],
    ['an empty token', aRequest({}, { clientToken: '' })],
    ['a token of 65 characters', aRequest({}, { clientToken: 'x'.repeat(65) })],
    ['a token beyond ASCII', aRequest({}, { clientToken: 'tökén' })],
  ])('refuses %s', (_what, request) => {
    expect(() => modifyParamsOf(request)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('lets the IKE block of an SM gateway go without a key, which cannot be changed there', () => {
    const texts = textsOf(aRequest({ 'IkeConfig.IkeAuthAlg': 'sm3', 'IkeConfig.IkeLifetime': 60 }));

    expect(texts.IkeConfig).toBe('{"IkeAuthAlg":"sm3","IkeLifetime":60}');
  });
});
