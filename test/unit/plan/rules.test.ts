import { describe, expect, it } from 'vitest';
import { fieldPaths, fieldTable } from '../../../shared/connection/fields.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { AppError, type Fault } from '../../../shared/platform/errors.ts';
import { aPlan, planContext } from '../../helpers/factories.ts';

function faultsOf(set: unknown): readonly Fault[] {
  try {
    parsePlan(aPlan({ set }), planContext);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_plan') return error.faults;
    throw error;
  }
  return [];
}

const planted = "planted'Key";
const elevenBlocks = Array.from({ length: 11 }, (_, index) => `10.${index}.0.0/16`).join();
const encryption = 'must be one of aes, aes192, aes256, des, 3des, sm4';
const authentication = 'must be one of md5, sha1, sha256, sha384, sha512, sm3';
const cidrs = 'must be IPv4 CIDR blocks separated by commas, such as 10.0.0.0/16,10.1.0.0/16';
const asn = 'must be 1 to 4294967295, or X.Y with two 16-bit numbers';
const network =
  'must be a /30 network inside 169.254.0.0/16, not 169.254.0.0/30 to 169.254.6.0/30 and not 169.254.169.252/30';
const seconds = 'must be 0 to 86400 seconds';
const id = 'must be 1 to 100 characters without spaces';
const flag = expect.stringContaining('must be true or false');
const pskRule = expect.stringContaining('without spaces, quotes or backslashes');
const long = 'x'.repeat(101);

type Refused = [path: string, value: unknown, message: unknown];

/** At least one refused value for each field, by the path of the field table. */
const refused: readonly Refused[] = [
  ['Name', 'x', expect.stringContaining('must be 2 to 100 characters')],
  ['Name', `a${'b'.repeat(100)}`, expect.stringContaining('must be 2 to 100 characters')],
  ['LocalSubnet', '10.0.0.0', cidrs],
  ['LocalSubnet', elevenBlocks, 'must hold at most 10 CIDR blocks'],
  ['RemoteSubnet', 'fd00::/8', cidrs],
  ['RemoteSubnet', '10.0.0.0/33', cidrs],
  ['EffectImmediately', 'yes', flag],
  ['AutoConfigRoute', 1, flag],
  ['EnableTunnelsBgp', 'on', flag],
  ['EnableDpd', 'on', flag],
  ['EnableNatTraversal', 0, flag],
  ['CustomerGatewayId', 'vpn-1', 'must be an id such as cgw-bp1pvpl9r9adju6l5'],
  ['RemoteCaCertificate', '', 'must be a certificate as PEM text'],
  ['RemoteCaCertificate', 'x'.repeat(8_193), 'must be at most 8192 characters'],
  ['IkeConfig.Psk', planted, pskRule],
  ['IkeConfig.Psk', 'two words', pskRule],
  ['IkeConfig.Psk', long, pskRule],
  ['IkeConfig.IkeVersion', 'ikev3', 'must be one of ikev1, ikev2'],
  ['IkeConfig.IkeMode', 'quick', 'must be one of main, aggressive'],
  ['IkeConfig.IkeEncAlg', 'aes512', encryption],
  ['IkeConfig.IkeAuthAlg', 'sha2', authentication],
  ['IkeConfig.IkePfs', 'disabled', 'must be one of group1, group2, group5, group14, group24'],
  ['IkeConfig.IkeLifetime', 86_401, seconds],
  ['IkeConfig.IkeLifetime', 1.5, 'must be a whole number of seconds'],
  ['IkeConfig.LocalId', 'a b', id],
  ['IkeConfig.RemoteId', long, id],
  ['IpsecConfig.IpsecEncAlg', 'AES', encryption],
  ['IpsecConfig.IpsecAuthAlg', 'SHA1', authentication],
  ['IpsecConfig.IpsecPfs', 'group3', expect.stringContaining('must be one of disabled, group1')],
  ['IpsecConfig.IpsecLifetime', -1, seconds],
  ['BgpConfig.EnableBgp', 'on', flag],
  ['BgpConfig.LocalAsn', 0, asn],
  ['BgpConfig.LocalAsn', 4_294_967_296, asn],
  ['BgpConfig.LocalAsn', '65536.1', asn],
  ['BgpConfig.LocalAsn', '1.2.3', asn],
  ['BgpConfig.TunnelCidr', '169.254.6.0/30', network],
  ['BgpConfig.TunnelCidr', '169.254.169.252/30', network],
  ['BgpConfig.TunnelCidr', '169.254.10.1/30', network],
  ['BgpConfig.TunnelCidr', '169.254.10.0/29', network],
  ['BgpConfig.TunnelCidr', '10.0.0.0/30', network],
  ['BgpConfig.LocalBgpIp', '169.254.10', 'must be an IPv4 address'],
  ['HealthCheckConfig.enable', 'on', flag],
  ['HealthCheckConfig.dip', 'branch', 'must be an IPv4 address'],
  ['HealthCheckConfig.sip', '::1', 'must be an IPv4 address'],
  ['HealthCheckConfig.interval', 0, 'must be a number of 1 or more'],
  ['HealthCheckConfig.retry', 101, 'must be a number of 100 or less'],
  ['HealthCheckConfig.Policy', 'keep', 'must be one of revoke_route, reserve_route'],
];

function nested(path: string, value: unknown, prefix = ''): Record<string, unknown> {
  const [block = '', key] = path.split('.');
  return key === undefined ? { [block]: value } : { [`${prefix}${block}`]: { [key]: value } };
}

describe('a value that its field does not take', () => {
  it.each(refused)('is a fault that says what is allowed: %s %j', (path, value, message) => {
    expect(faultsOf(nested(path, value))).toEqual([
      { path: `/set/${path.replace('.', '/')}`, message },
    ]);
  });

  it('has an example for every field', () => {
    expect(new Set(refused.map(([path]) => path))).toEqual(new Set(fieldPaths));
  });

  const ofTunnels = refused.filter(([path]) =>
    fieldPaths.some((each) => each === path && fieldTable[each].takers.tunnel !== 'none'),
  );

  it.each(ofTunnels)(
    'is the same fault in the entry of a tunnel: %s %j',
    (path, value, message) => {
      const entry = { Role: 'slave', ...nested(path, value, 'Tunnel') };
      const place = path.includes('.') ? `Tunnel${path.replace('.', '/')}` : path;

      expect(faultsOf({ TunnelOptionsSpecification: [entry] })).toEqual([
        { path: `/set/TunnelOptionsSpecification/0/${place}`, message },
      ]);
    },
  );

  it('is never repeated when it is a key', () => {
    const ike = { Psk: planted };
    const set = {
      IkeConfig: ike,
      TunnelOptionsSpecification: [{ Role: 'slave', TunnelIkeConfig: ike }],
    };

    expect(faultsOf(set)).toHaveLength(2);
    expect(JSON.stringify(faultsOf(set))).not.toContain('planted');
  });
});

const dpd = { EnableDpd: true };
const bgp = { TunnelCidr: '169.254.10.0/30', LocalBgpIp: '169.254.11.1' };

describe('what does not go together', () => {
  it.each<[string, string, unknown, unknown]>([
    [
      'half default routing',
      '/RemoteSubnet',
      { LocalSubnet: '0.0.0.0/0', RemoteSubnet: '10.0.0.0/8' },
      expect.stringContaining('both be 0.0.0.0/0 or both be specific'),
    ],
    [
      'a peer outside its network',
      '/BgpConfig/LocalBgpIp',
      { BgpConfig: bgp },
      'must lie inside TunnelCidr',
    ],
    [
      'a peer outside its network in a tunnel',
      '/TunnelOptionsSpecification/0/TunnelBgpConfig/LocalBgpIp',
      { TunnelOptionsSpecification: [{ Role: 'slave', TunnelBgpConfig: bgp }] },
      'must lie inside TunnelCidr',
    ],
    [
      'a certificate in both spellings',
      '/RemoteCaCert',
      { RemoteCaCert: 'a', RemoteCaCertificate: 'a' },
      'is the same field as RemoteCaCertificate; give one of them',
    ],
    [
      'an id in both spellings',
      '/IkeConfig/LocalIdIPsec',
      { IkeConfig: { LocalId: 'a', LocalIdIPsec: 'b' } },
      'is the same field as IkeConfig.LocalId; give one of them',
    ],
    [
      'no tunnel at all',
      '/TunnelOptionsSpecification',
      { TunnelOptionsSpecification: [] },
      'must name at least one tunnel',
    ],
    [
      'three tunnels',
      '/TunnelOptionsSpecification',
      {
        TunnelOptionsSpecification: [
          { Role: 'slave', ...dpd },
          { Role: 'master', ...dpd },
          { TunnelIndex: 1, ...dpd },
        ],
      },
      'must name at most the two tunnels of a connection',
    ],
    [
      'a tunnel without a name',
      '/TunnelOptionsSpecification/0',
      { TunnelOptionsSpecification: [dpd] },
      'must name its tunnel by TunnelId, Role or TunnelIndex',
    ],
    [
      'a tunnel of which nothing is said',
      '/TunnelOptionsSpecification/0',
      { TunnelOptionsSpecification: [{ Role: 'slave', TunnelIkeConfig: {} }] },
      'must name at least one field besides its tunnel',
    ],
    [
      'a role that is none',
      '/TunnelOptionsSpecification/0/Role',
      { TunnelOptionsSpecification: [{ Role: 'standby', ...dpd }] },
      'must be one of master, slave',
    ],
    [
      'a third tunnel',
      '/TunnelOptionsSpecification/0/TunnelIndex',
      { TunnelOptionsSpecification: [{ TunnelIndex: 3, ...dpd }] },
      'must be 1 or 2',
    ],
    [
      'a tunnel id that is none',
      '/TunnelOptionsSpecification/0/TunnelId',
      { TunnelOptionsSpecification: [{ TunnelId: '../x', ...dpd }] },
      expect.stringContaining('must be an id such as tun-'),
    ],
    [
      'a block of the connection in a tunnel',
      '/TunnelOptionsSpecification/0/IkeConfig',
      { TunnelOptionsSpecification: [{ Role: 'slave', ...dpd, IkeConfig: {} }] },
      'is not known here; did you mean TunnelIkeConfig?',
    ],
    [
      'BGP switched for one tunnel',
      '/TunnelOptionsSpecification/0/TunnelBgpConfig/EnableBgp',
      { TunnelOptionsSpecification: [{ Role: 'slave', TunnelBgpConfig: { EnableBgp: true } }] },
      expect.stringContaining('is not known here'),
    ],
    ['another network type', '/NetworkType', { NetworkType: 'public' }, /cannot be changed/],
  ])('is a fault at its place: %s', (_, path, set, message) => {
    const expected = message instanceof RegExp ? expect.stringMatching(message) : message;

    expect(faultsOf(set)).toEqual([{ path: `/set${path}`, message: expected }]);
  });

  it.each([
    [{ TunnelId: 'tun-a' }, { TunnelId: 'tun-a' }],
    [{ Role: 'slave' }, { Role: 'slave', TunnelId: 'tun-a' }],
    [{ TunnelIndex: 2 }, { TunnelIndex: '2' }],
  ])('is a fault when two entries name one tunnel: %j and %j', (first, second) => {
    const entries = [
      { ...first, ...dpd },
      { ...second, ...dpd },
    ];

    expect(faultsOf({ TunnelOptionsSpecification: entries })).toEqual([
      {
        path: '/set/TunnelOptionsSpecification/1',
        message: expect.stringContaining('names the same tunnel'),
      },
    ]);
  });

  it('is told with all other faults at once', () => {
    const set = {
      IkeConfig: { IkePfs: 'group3' },
      LocalSubnet: '0.0.0.0/0,10.0.0.0/8',
      TunnelOptionsSpecification: [
        { Role: 'slave', TunnelIkeConfig: { IkePfs: 'group3' } },
        { Role: 'slave', EnableDpd: 'on', TunnelBgpConfig: bgp },
      ],
    };

    expect(faultsOf(set).map(({ path }) => path)).toEqual([
      '/set/IkeConfig/IkePfs',
      '/set/TunnelOptionsSpecification/0/TunnelIkeConfig/IkePfs',
      '/set/TunnelOptionsSpecification/1/EnableDpd',
      '/set/TunnelOptionsSpecification/1/TunnelBgpConfig/LocalBgpIp',
      '/set/TunnelOptionsSpecification/1',
      '/set/RemoteSubnet',
    ]);
  });
});

describe('what is taken', () => {
  const read = (set: unknown) => parsePlan(aPlan({ set }), planContext).set;

  it.each(['des', '3des'])('is %s too, weak as it is', (weak) => {
    expect(faultsOf({ IkeConfig: { IkeEncAlg: weak } })).toEqual([]);
  });

  it('is a certificate or an id under either of its names', () => {
    expect(read({ RemoteCaCert: 'pem', IkeConfig: { LocalIdIPsec: 'a.example' } })).toEqual({
      RemoteCaCertificate: 'pem',
      'IkeConfig.LocalId': 'a.example',
    });
  });

  it.each([
    [{ Role: 'slave' }, 'slave'],
    [{ TunnelIndex: '2' }, '2'],
    [{ TunnelId: 'tun-a' }, 'tun-a'],
    [{ TunnelId: 'tun-a', Role: 'master' }, 'tun-a&master'],
  ])('are fields of a tunnel named by %j, under the path %s', (names, path) => {
    const entry = { ...names, EnableDpd: 'false', TunnelIkeConfig: { IkeLifetime: '60' } };

    expect(read({ TunnelOptionsSpecification: [entry] })).toEqual({
      [`${path}/EnableDpd`]: false,
      [`${path}/IkeConfig.IkeLifetime`]: 60,
    });
  });
});
