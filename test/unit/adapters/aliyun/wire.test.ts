import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  parseConnection,
  parseConnectionPage,
  parseGateway,
  parseGatewayPage,
  parseModified,
} from '../../../../shared/adapters/aliyun/wire.ts';
import type { VpnConnection } from '../../../../shared/connection/model.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { reveal } from '../../../../shared/platform/secret-reveal.ts';

/** Field names and types as in the API document of DescribeVpnConnection. */
const onGateway = {
  RequestId: '9AB1C2D3-0000-4000-8000-000000000001',
  VpnConnectionId: 'vco-one',
  VpnGatewayId: 'vpn-one',
  CustomerGatewayId: 'cgw-one',
  AttachType: 'VPNGW',
  Name: 'branch-a',
  State: 'active',
  Status: 'ipsec_sa_established',
  LocalSubnet: '10.0.0.0/16, 10.1.0.0/16',
  RemoteSubnet: '192.168.0.0/24',
  EffectImmediately: false,
  EnableDpd: 'true',
  EnableNatTraversal: true,
  RemoteCaCertificate: '',
  IkeConfig: {
    Psk: 'planted-key',
    IkeVersion: 'ikev2',
    IkeMode: 'main',
    IkeEncAlg: 'aes',
    IkeAuthAlg: 'sha1',
    IkePfs: 'group2',
    IkeLifetime: '86400',
    LocalId: '1.2.3.4',
    RemoteId: '5.6.7.8',
  },
  IpsecConfig: {
    IpsecEncAlg: 'aes',
    IpsecAuthAlg: 'sha1',
    IpsecPfs: 'group2',
    IpsecLifetime: 3600,
  },
  VpnBgpConfig: {
    EnableBgp: 'true',
    LocalAsn: '45104',
    TunnelCidr: '169.254.11.0/30',
    LocalBgpIp: '169.254.11.1',
    AuthKey: 'planted-auth-key',
  },
  VcoHealthCheck: {
    Enable: 'false',
    Dip: '',
    Sip: '',
    Interval: 3,
    Retry: '3',
    Policy: 'revoke_route',
  },
  TunnelOptionsSpecification: { TunnelOptions: [] },
};

const attachment = {
  ...onGateway,
  VpnGatewayId: 'vpn-not-exist',
  AttachType: 'CEN',
  State: 'Attached',
  RemoteCaCertificate: '-----BEGIN',
};

function read(changes: object = {}): VpnConnection | null {
  return parseConnection({ ...onGateway, ...changes }, 'cn-hangzhou');
}

function withoutPrototypes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  const members = Object.entries(value).map(([key, item]) => [key, withoutPrototypes(item)]);
  return Object.assign(Object.create(null), Object.fromEntries(members));
}

describe('parseConnection', () => {
  it('reads a connection on a VPN gateway with each field in its type', () => {
    const { fields, ...rest } = read() ?? { fields: {} };
    const { 'IkeConfig.Psk': psk, ...others } = fields;

    expect(rest).toEqual({
      regionId: 'cn-hangzhou',
      vpnConnectionId: 'vco-one',
      attachType: 'VPNGW',
      vpnGatewayId: 'vpn-one',
      tunnelMode: 'single',
      tunnels: [],
      state: 'active',
      negotiation: 'ipsec_sa_established',
      negotiations: ['ipsec_sa_established'],
      name: 'branch-a',
      customerGatewayIds: ['cgw-one'],
      transitRouterId: null,
      tags: {},
    });
    expect(psk instanceof Secret && reveal(psk)).toBe('planted-key');
    expect(others).toEqual({
      Name: 'branch-a',
      LocalSubnet: '10.0.0.0/16,10.1.0.0/16',
      RemoteSubnet: '192.168.0.0/24',
      EffectImmediately: false,
      EnableDpd: true,
      EnableNatTraversal: true,
      'IkeConfig.IkeVersion': 'ikev2',
      'IkeConfig.IkeMode': 'main',
      'IkeConfig.IkeEncAlg': 'aes',
      'IkeConfig.IkeAuthAlg': 'sha1',
      'IkeConfig.IkePfs': 'group2',
      'IkeConfig.IkeLifetime': 86_400,
      'IkeConfig.LocalId': '1.2.3.4',
      'IkeConfig.RemoteId': '5.6.7.8',
      'IpsecConfig.IpsecEncAlg': 'aes',
      'IpsecConfig.IpsecAuthAlg': 'sha1',
      'IpsecConfig.IpsecPfs': 'group2',
      'IpsecConfig.IpsecLifetime': 3600,
      'BgpConfig.EnableBgp': true,
      'BgpConfig.LocalAsn': 45_104,
      'BgpConfig.TunnelCidr': '169.254.11.0/30',
      'BgpConfig.LocalBgpIp': '169.254.11.1',
      'HealthCheckConfig.enable': false,
      'HealthCheckConfig.interval': 3,
      'HealthCheckConfig.retry': 3,
    });
  });

  it('reads the fields of attachments only for attachments', () => {
    const connection = parseConnection(attachment, 'eu-central-1');

    expect(connection).toMatchObject({
      attachType: 'CEN',
      vpnGatewayId: null,
      state: 'attached',
      fields: {
        CustomerGatewayId: 'cgw-one',
        'HealthCheckConfig.Policy': 'revoke_route',
        RemoteCaCertificate: '-----BEGIN',
      },
    });
    expect(read()?.fields).not.toHaveProperty('CustomerGatewayId');
  });

  it('shows no key however the result is printed', () => {
    const connection = read();

    expect(
      `${JSON.stringify(connection)}${inspect(connection, { depth: 9, showHidden: true })}`,
    ).not.toMatch(/planted/);
  });

  it('wraps a key that breaks our own rules', () => {
    const psk = read({ IkeConfig: { Psk: 'with "quotes" and spaces' } })?.fields['IkeConfig.Psk'];

    expect(psk instanceof Secret && reveal(psk)).toBe('with "quotes" and spaces');
  });

  it('reads answers without prototypes, as the client gives them', () => {
    expect(parseConnection(withoutPrototypes(onGateway), 'cn-hangzhou')).toEqual(read());
  });

  it('keeps values that it does not know', () => {
    const connection = read({
      State: 'Upgrading',
      Status: 'something_new',
      IkeConfig: { IkeEncAlg: 'chacha20', IkeLifetime: 'forever', IkePfs: 31 },
    });

    expect(connection).toMatchObject({ state: 'upgrading', negotiation: 'something_new' });
    expect(connection?.fields).toMatchObject({
      'IkeConfig.IkeEncAlg': 'chacha20',
      'IkeConfig.IkeLifetime': 'forever',
      'IkeConfig.IkePfs': 31,
    });
  });

  it('takes absent, null and empty values as unknown', () => {
    const connection = read({
      State: undefined,
      Status: '',
      Name: null,
      IkeConfig: null,
      IpsecConfig: '',
      VpnBgpConfig: [],
      VcoHealthCheck: { Interval: {} },
      TunnelOptionsSpecification: null,
      EnableDpd: '',
    });

    expect(connection).toMatchObject({ state: 'unknown', negotiation: null, tunnelMode: 'single' });
    expect(Object.keys(connection?.fields ?? {}).sort()).toEqual(
      ['EffectImmediately', 'EnableNatTraversal', 'LocalSubnet', 'RemoteSubnet'].sort(),
    );
  });

  it('takes the placeholders of ids that are not set as unknown', () => {
    const ike = {
      LocalId: 'leftId-not-exist',
      RemoteId: 'rightId-not-exist',
      Psk: 'key-not-exist',
    };

    expect(
      Object.keys(read({ IkeConfig: ike })?.fields ?? {}).filter((path) => /Ike/.test(path)),
    ).toEqual(['IkeConfig.Psk']);
  });

  it.each([
    [{ TunnelOptions: [{ TunnelId: 'tun-a' }, { TunnelId: 'tun-b' }] }, 'dual'],
    [[{ TunnelId: 'tun-a' }], 'dual'],
    [{ TunnelOptions: [] }, 'single'],
    [{}, 'single'],
    [undefined, 'single'],
    ['', 'single'],
  ])('tells the tunnel mode of %j as %s', (specification, mode) => {
    expect(read({ TunnelOptionsSpecification: specification })?.tunnelMode).toBe(mode);
  });

  it('does not understand a tunnel without an id, which nobody could name', () => {
    expect(read({ TunnelOptionsSpecification: { TunnelOptions: [{ Role: 'slave' }] } })).toBeNull();
  });

  it.each([
    [{ AttachType: undefined, VpnGatewayId: 'vpn-one' }, 'VPNGW'],
    [{ AttachType: 'SOMETHING_NEW', VpnGatewayId: 'vpn-one' }, 'VPNGW'],
    [{ AttachType: undefined, VpnGatewayId: 'vpn-not-exist', TransitRouterId: 'tr-one' }, 'CEN'],
    [{ AttachType: undefined, VpnGatewayId: 'vpn-not-exist' }, 'NO_ASSOCIATED'],
    [{ AttachType: 'NO_ASSOCIATED', VpnGatewayId: '' }, 'NO_ASSOCIATED'],
  ])('tells the attach type of %j as %s', (changes, attachType) => {
    expect(read(changes)?.attachType).toBe(attachType);
  });

  it.each([
    { VpnConnectionId: undefined },
    { VpnConnectionId: '' },
    { VpnConnectionId: 7 },
    { AttachType: 'VPNGW', VpnGatewayId: 'vpn-not-exist' },
    { AttachType: 'VPNGW', VpnGatewayId: undefined },
  ])('does not understand a connection with %j', (changes) => {
    expect(read(changes)).toBeNull();
  });
});

describe('pages', () => {
  it('read their items and the total, a number or its text', () => {
    const page = parseConnectionPage(
      { TotalCount: '51', VpnConnections: { VpnConnection: [onGateway, attachment] } },
      'cn-hangzhou',
    );

    expect(page?.total).toBe(51);
    expect(page?.items.map((item) => item.attachType)).toEqual(['VPNGW', 'CEN']);
  });

  it('read gateways with their status in lower case', () => {
    const page = parseGatewayPage(
      {
        TotalCount: 1,
        VpnGateways: {
          VpnGateway: [{ VpnGatewayId: 'vpn-one', Status: 'Updating', VpcId: 'vpc-one' }],
        },
      },
      'cn-hangzhou',
    );

    expect(page).toEqual({
      items: [
        {
          regionId: 'cn-hangzhou',
          vpnGatewayId: 'vpn-one',
          status: 'updating',
          vpcId: 'vpc-one',
        },
      ],
      total: 1,
    });
  });

  it('may leave the list out when there is nothing', () => {
    expect(parseConnectionPage({ TotalCount: 0 }, 'cn-hangzhou')).toEqual({ items: [], total: 0 });
  });

  it.each([
    {},
    { TotalCount: 1 },
    { TotalCount: null, VpnConnections: { VpnConnection: [] } },
    { TotalCount: '', VpnConnections: { VpnConnection: [] } },
    { TotalCount: -1, VpnConnections: { VpnConnection: [] } },
    { TotalCount: 1, VpnConnections: {} },
    { TotalCount: 1, VpnConnections: { VpnConnection: [{ ...onGateway, VpnConnectionId: '' }] } },
    { TotalCount: 1, VpnConnections: { VpnConnection: [null] } },
  ])('are not understood with a hole in them: %j', (body) => {
    expect(parseConnectionPage(body, 'cn-hangzhou')).toBeNull();
  });
});

describe('parseGateway and parseModified', () => {
  it('are strict about ids', () => {
    expect(parseGateway({ Status: 'active' }, 'cn-hangzhou')).toBeNull();
    expect(parseGateway({ VpnGatewayId: 'vpn-one' }, 'cn-hangzhou')?.status).toBe('unknown');
    expect(parseModified({ VpnConnectionId: 'vco-one' })).toBe('vco-one');
    expect(parseModified({ RequestId: 'x' })).toBeNull();
  });
});
