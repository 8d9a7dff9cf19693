import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  parseConnection,
  parseConnectionPage,
  parseGateway,
  parseGatewayPage,
  parseModified,
  parseModifiedTunnel,
} from '../../../../shared/adapters/aliyun/wire.ts';
import { isSettledState, type VpnConnection } from '../../../../shared/connection/model.ts';
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
        VpnGateways: { VpnGateway: [{ VpnGatewayId: 'vpn-one', Status: 'Updating' }] },
      },
      'cn-hangzhou',
    );

    expect(page).toEqual({
      items: [{ regionId: 'cn-hangzhou', vpnGatewayId: 'vpn-one', status: 'updating' }],
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

/** A tunnel as in the API document of DescribeVpnConnection: switches and numbers are texts. */
const aTunnel = {
  TunnelId: 'tun-m',
  Role: 'master',
  CustomerGatewayId: 'cgw-two',
  State: 'Active',
  Status: 'ipsec_sa_established',
  EnableDpd: 'true',
  EnableNatTraversal: 'false',
  RemoteCaCertificate: '',
  TunnelIkeConfig: {
    Psk: 'planted-tunnel-key',
    IkeVersion: 'ikev2',
    IkeLifetime: '86400',
    LocalId: 'leftId-not-exist',
  },
  TunnelIpsecConfig: { IpsecPfs: 'group14', IpsecLifetime: '3600' },
  TunnelBgpConfig: { LocalAsn: '45104', TunnelCidr: '169.254.11.0/30', BgpStatus: 'false' },
};

/** What connection and tunnel have in common, in the forms of the answers that hold tunnels. */
function readPair(tunnels: readonly object[], changes: object = {}): VpnConnection | null {
  return read({
    EnableTunnelsBgp: true,
    TunnelOptionsSpecification: { TunnelOptions: tunnels },
    ...changes,
  });
}

describe('a dual-tunnel connection', () => {
  const slave = { ...aTunnel, TunnelId: 'tun-s', Role: 'slave', State: 'updating', Status: '' };

  it('is read with its tunnels, and each field where it lives', () => {
    const connection = readPair([aTunnel, slave]);
    const { 'tun-m/IkeConfig.Psk': psk, ...fields } = connection?.fields ?? {};

    expect(connection?.tunnels).toEqual([
      {
        tunnelId: 'tun-m',
        role: 'master',
        index: null,
        state: 'active',
        negotiation: 'ipsec_sa_established',
      },
      { tunnelId: 'tun-s', role: 'slave', index: null, state: 'updating', negotiation: null },
    ]);
    expect(psk instanceof Secret && reveal(psk)).toBe('planted-tunnel-key');
    expect(Object.keys(fields).filter((path) => !path.startsWith('tun-'))).toEqual([
      'Name',
      'LocalSubnet',
      'RemoteSubnet',
      'EffectImmediately',
      'EnableTunnelsBgp',
    ]);
    expect(fields).toMatchObject({
      EnableTunnelsBgp: true,
      'tun-m/CustomerGatewayId': 'cgw-two',
      'tun-m/EnableDpd': true,
      'tun-m/EnableNatTraversal': false,
      'tun-m/IkeConfig.IkeVersion': 'ikev2',
      'tun-m/IkeConfig.IkeLifetime': 86_400,
      'tun-m/IpsecConfig.IpsecLifetime': 3_600,
      'tun-m/BgpConfig.LocalAsn': 45_104,
      'tun-m/BgpConfig.TunnelCidr': '169.254.11.0/30',
    });
    expect(fields).not.toHaveProperty('tun-m/IkeConfig.LocalId');
    expect(fields).not.toHaveProperty('tun-m/RemoteCaCertificate');
  });

  it('has numbers instead of roles as an attachment, and no certificates', () => {
    const tunnels = ['1', 2].map((TunnelIndex) => ({
      ...aTunnel,
      Role: undefined,
      TunnelId: `tun-${TunnelIndex}`,
      TunnelIndex,
      RemoteCaCertificate: 'pem',
    }));
    const connection = readPair(tunnels, { ...attachment, TunnelOptionsSpecification: tunnels });

    expect(connection?.tunnels).toMatchObject([
      { tunnelId: 'tun-1', role: null, index: 1 },
      { tunnelId: 'tun-2', role: null, index: 2 },
    ]);
    expect(connection?.fields).not.toHaveProperty('tun-1/RemoteCaCertificate');
  });

  it.each([
    ['active', 'active', true],
    ['active', 'Active', true],
    ['active', 'updating', false],
    ['active', undefined, false],
    ['updating', 'active', false],
  ])('in state %s with a tunnel in state %s is settled: %s', (state, tunnelState, settled) => {
    const connection = readPair([aTunnel, { ...aTunnel, TunnelId: 'tun-s', State: tunnelState }], {
      State: state,
    });

    expect(connection && isSettledState(connection)).toBe(settled);
  });

  it('shows no key however it is printed', () => {
    const connection = readPair([aTunnel, slave]);

    expect(
      `${inspect(connection?.fields, { depth: 9 })}${JSON.stringify(connection)}`,
    ).not.toContain('planted');
  });
});

describe('parseModifiedTunnel', () => {
  it.each([
    [{ TunnelId: 'tun-m', State: 'updating' }, 'tun-m'],
    [{ VpnConnectionId: 'vco-one' }, null],
    [{ TunnelId: '' }, null],
    [{}, null],
  ])('reads the tunnel of %j as %s', (body, tunnelId) => {
    expect(parseModifiedTunnel(body)).toBe(tunnelId);
  });
});
