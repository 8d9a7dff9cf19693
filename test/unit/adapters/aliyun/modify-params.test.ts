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

const master = { tunnelId: 'tun-m', role: 'master', index: null } as const;
const slave = { tunnelId: 'tun-s', role: 'slave', index: null } as const;
const second = { tunnelId: 'tun-2', role: null, index: 2 };
const ofSlave: FieldValues = {
  'tun-s/EnableDpd': false,
  'tun-s/IkeConfig.Psk': new Secret('k2'),
  'tun-s/IkeConfig.IkePfs': 'group14',
  'tun-s/BgpConfig.LocalAsn': 65_000,
};
const forSlave = { part: 'tun-s', tunnels: [slave], fields: ofSlave };

describe('modifyParamsOf for two tunnels', () => {
  it('sends one tunnel of a gateway connection as one object, flattened, and no subnets', () => {
    expect(textsOf(aRequest({}, forSlave))).toEqual({
      RegionId: 'cn-hangzhou',
      VpnConnectionId: 'vco-one',
      ClientToken: 'token-1',
      TunnelId: 'tun-s',
      'TunnelOptionsSpecification.EnableDpd': 'false',
      'TunnelOptionsSpecification.TunnelIkeConfig.Psk': 'k2',
      'TunnelOptionsSpecification.TunnelIkeConfig.IkePfs': 'group14',
      'TunnelOptionsSpecification.TunnelBgpConfig.LocalAsn': '65000',
    });
  });

  it('sends one tunnel of an attachment as a list of one, by id and number', () => {
    const fields = { ...subnets, 'tun-2/IkeConfig.Psk': new Secret('k2') };
    const request = aRequest({}, { attachType: 'CEN', part: 'tun-2', tunnels: [second], fields });

    expect(textsOf(request)).toEqual({
      RegionId: 'cn-hangzhou',
      VpnConnectionId: 'vco-one',
      ClientToken: 'token-1',
      ...subnets,
      'TunnelOptionsSpecification.1.TunnelId': 'tun-2',
      'TunnelOptionsSpecification.1.TunnelIndex': '2',
      'TunnelOptionsSpecification.1.TunnelIkeConfig.Psk': 'k2',
    });
  });

  it('sends both tunnels with the connection, by id and role', () => {
    const both = {
      EnableTunnelsBgp: true,
      'tun-m/BgpConfig.TunnelCidr': '169.254.10.0/30',
      'tun-s/BgpConfig.TunnelCidr': '169.254.11.0/30',
    };

    expect(textsOf(aRequest(both, { tunnels: [master, slave] }))).toMatchObject({
      EnableTunnelsBgp: 'true',
      'TunnelOptionsSpecification.1.TunnelId': 'tun-m',
      'TunnelOptionsSpecification.1.Role': 'master',
      'TunnelOptionsSpecification.2.TunnelId': 'tun-s',
      'TunnelOptionsSpecification.2.Role': 'slave',
      'TunnelOptionsSpecification.2.TunnelBgpConfig.TunnelCidr': '169.254.11.0/30',
    });
  });

  it('names the certificate of a tunnel as the connection action does', () => {
    const fields = { ...ofSlave, 'tun-s/RemoteCaCertificate': 'pem' };

    expect(textsOf(aRequest({}, { ...forSlave, fields }))).toMatchObject({
      'TunnelOptionsSpecification.RemoteCaCertificate': 'pem',
    });
  });

  it('knows every key as a secret', () => {
    const { secrets } = serializeParams(modifyParamsOf(aRequest({}, forSlave)));

    expect(secrets).toEqual(['k2']);
  });

  it.each<[string, Partial<ModifyRequest>]>([
    ['a tunnel that is not named', { ...forSlave, tunnels: [master] }],
    ['two tunnels at once', { ...forSlave, tunnels: [slave, master] }],
    ['no tunnel at all', { ...forSlave, tunnels: [] }],
    [
      'an IKE block of a tunnel without its key',
      { ...forSlave, fields: { 'tun-s/IkeConfig.IkePfs': 'group14' } },
    ],
    ['a field of the connection', { ...forSlave, fields: { ...ofSlave, Name: 'b' } }],
    [
      'subnets, which the action does not take',
      { ...forSlave, fields: { ...ofSlave, ...subnets } },
    ],
    [
      'a field that tunnels do not have',
      { ...forSlave, fields: { ...ofSlave, 'tun-s/HealthCheckConfig.enable': true } },
    ],
    [
      'a certificate of an attachment',
      {
        attachType: 'CEN',
        part: 'tun-2',
        tunnels: [second],
        fields: { ...subnets, 'tun-2/RemoteCaCertificate': 'pem' },
      },
    ],
    [
      'the tunnel of an attachment without subnets',
      {
        attachType: 'CEN',
        part: 'tun-2',
        tunnels: [second],
        fields: { 'tun-2/IkeConfig.Psk': new Secret('k') },
      },
    ],
    [
      'a block of single-tunnel connections beside tunnels',
      { tunnels: [slave], fields: { ...subnets, 'IkeConfig.Psk': new Secret('k') } },
    ],
  ])('refuses a request for one tunnel with %s', (_what, changes) => {
    expect(() => modifyParamsOf(aRequest({}, changes))).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});
