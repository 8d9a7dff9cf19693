import { makeConnection, makeCustomerGateway, makeGateway, makeTunnel } from './defaults.ts';
import { SimulatorError } from './errors.ts';
import { type PeerShares, shareAdoptions } from './peers/shares.ts';
import { cloudId, createRandom, type Random } from './random.ts';
import type { Connection, CustomerGateway, Gateway, Inventory, Tag, Tunnel } from './shapes.ts';

/** What to generate; all counts are per region. */
export interface InventoryOptions {
  readonly seed?: number;
  /** Default `['cn-hangzhou']`. */
  readonly regionIds?: readonly string[];
  /** VPN gateways. Default 5. */
  readonly gateways?: number;
  /** Default 5. */
  readonly connectionsPerGateway?: number;
  /** Connections on transit routers. Default 5. */
  readonly attachments?: number;
  /** Connections that hang on nothing. Default 1. */
  readonly unattached?: number;
  /** Share (0–1) of gateways and attachments with two tunnels per connection. Default 0. */
  readonly dualTunnelShare?: number;
  /** Shares (0–1, together at most 1) of tunnels whose peers do not simply follow. Default: all follow. */
  readonly peers?: PeerShares;
}

const KEY_ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const CREATED_FROM = 1_560_000_000_000;
const THREE_YEARS_MS = 3 * 365 * 86_400_000;
const SITES = [
  'hangzhou',
  'suzhou',
  'ningbo',
  'nanjing',
  'hefei',
  'wuhan',
  'xiamen',
  'chengdu',
] as const;

/** Algorithms as branches were set up years ago: an upgrade finds something to do everywhere. */
const OLD_ENCRYPTION = ['aes', 'aes', 'aes', '3des'] as const;
const OLD_AUTHENTICATION = ['sha1', 'sha1', 'md5'] as const;
const OLD_GROUPS = ['group2', 'group2', 'group5'] as const;

interface Maker {
  readonly random: Random;
  readonly regionId: string;
  readonly dualTunnelShare: number;
  /** How many sites were made so far; each has its own network. */
  sites: number;
  readonly customerGateways: CustomerGateway[];
}

/**
 * A fleet of branches, the same for the same options: ids, names, tags, networks, keys and old algorithms.
 * @throws SimulatorError `bad_options`.
 */
export function generateInventory(options: InventoryOptions = {}): Inventory {
  checkOptions(options);
  const regionIds = options.regionIds ?? ['cn-hangzhou'];
  const gateways: Gateway[] = [];
  const connections: Connection[] = [];
  const customerGateways: CustomerGateway[] = [];
  for (const [number, regionId] of regionIds.entries()) {
    const maker: Maker = {
      random: createRandom((options.seed ?? 1) * 1_000 + number),
      regionId,
      dualTunnelShare: options.dualTunnelShare ?? 0,
      sites: 0,
      customerGateways,
    };
    for (let count = 0; count < (options.gateways ?? 5); count += 1) {
      const gateway = aGateway(maker, count + 1);
      gateways.push(gateway);
      const isDual = gateway.disasterRecoveryInternetIp !== null;
      for (let index = 0; index < (options.connectionsPerGateway ?? 5); index += 1) {
        connections.push(aBranch(maker, { kind: 'VPNGW', gateway, isDual }));
      }
    }
    connections.push(...attachments(maker, options));
  }
  return {
    regions: regionIds.map((regionId) => ({ regionId, localName: regionId })),
    gateways,
    customerGateways,
    connections,
    ...(options.peers
      ? { adoptions: shareAdoptions(connections, options.peers, options.seed) }
      : {}),
  };
}

function checkOptions(options: InventoryOptions): void {
  for (const name of ['gateways', 'connectionsPerGateway', 'attachments', 'unattached'] as const) {
    const count = options[name] ?? 0;
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new SimulatorError('bad_options', `${name} is ${count}, use a whole number from 0`);
    }
  }
  const share = options.dualTunnelShare ?? 0;
  if (!(share >= 0 && share <= 1)) {
    throw new SimulatorError('bad_options', `dualTunnelShare is ${share}, use 0 to 1`);
  }
}

function attachments(maker: Maker, options: InventoryOptions): readonly Connection[] {
  const { random } = maker;
  const routers: [string, ...string[]] = [cloudId(random, 'tr'), cloudId(random, 'tr')];
  const made: Connection[] = [];
  for (let index = 0; index < (options.attachments ?? 5); index += 1) {
    const transitRouterId = random.pick(routers);
    const isDual = random.chance(maker.dualTunnelShare);
    made.push(aBranch(maker, { kind: 'CEN', transitRouterId, isDual }));
  }
  for (let index = 0; index < (options.unattached ?? 1); index += 1) {
    made.push(aBranch(maker, { kind: 'NO_ASSOCIATED', isDual: false }));
  }
  return made;
}

function publicAddress(random: Random, first: number): string {
  return `${first}.${random.integer(0, 255)}.${random.integer(0, 255)}.${random.integer(1, 254)}`;
}

function createTime(random: Random): number {
  return CREATED_FROM + random.integer(0, THREE_YEARS_MS);
}

function aGateway(maker: Maker, number: number): Gateway {
  const { random, regionId } = maker;
  const isDual = random.chance(maker.dualTunnelShare);
  const environment = random.chance(0.8) ? 'prod' : 'staging';
  return makeGateway({
    regionId,
    id: cloudId(random, 'vpn'),
    name: `hub-${environment}-${String(number).padStart(3, '0')}`,
    createTime: createTime(random),
    vpcId: cloudId(random, 'vpc'),
    vSwitchId: cloudId(random, 'vsw'),
    internetIp: publicAddress(random, 47),
    disasterRecoveryInternetIp: isDual ? publicAddress(random, 47) : null,
    disasterRecoveryVSwitchId: isDual ? cloudId(random, 'vsw') : null,
    tags: [{ Key: 'env', Value: environment }],
  });
}

function aCustomerGateway(maker: Maker, name: string, tags: readonly Tag[]): CustomerGateway {
  const { random, regionId } = maker;
  const gateway = makeCustomerGateway({
    regionId,
    id: cloudId(random, 'cgw'),
    name,
    createTime: createTime(random),
    ipAddress: publicAddress(random, 139),
    asn: 64_512 + (maker.sites % 1_000),
    tags,
  });
  maker.customerGateways.push(gateway);
  return gateway;
}

type Attachment =
  | { readonly kind: 'VPNGW'; readonly gateway: Gateway; readonly isDual: boolean }
  | { readonly kind: 'CEN'; readonly transitRouterId: string; readonly isDual: boolean }
  | { readonly kind: 'NO_ASSOCIATED'; readonly isDual: boolean };

function oldAlgorithms(random: Random): {
  readonly ike: Pick<
    Connection['ike'],
    'IkeVersion' | 'IkeMode' | 'IkeEncAlg' | 'IkeAuthAlg' | 'IkePfs' | 'IkeLifetime' | 'Psk'
  >;
  readonly ipsec: Connection['ipsec'];
} {
  const authentication = random.pick(OLD_AUTHENTICATION);
  const group = random.pick(OLD_GROUPS);
  const encryption = random.pick(OLD_ENCRYPTION);
  return {
    ike: {
      Psk: `k${random.text(KEY_ALPHABET, 23)}`,
      IkeVersion: 'ikev1',
      IkeMode: 'main',
      IkeEncAlg: encryption,
      IkeAuthAlg: authentication,
      IkePfs: group,
      IkeLifetime: 86_400,
    },
    ipsec: {
      IpsecEncAlg: encryption,
      IpsecAuthAlg: authentication,
      IpsecPfs: group,
      IpsecLifetime: 86_400,
    },
  };
}

/** 192.168.x.0/24 for the first 200 sites, then 10.x.y.0/24 above the cloud's own 10.0.0.0/9. */
function siteNetwork(number: number): string {
  return number < 200
    ? `192.168.${number}.0/24`
    : `10.${128 + (Math.floor(number / 256) % 128)}.${number % 256}.0/24`;
}

function aBranch(maker: Maker, attachment: Attachment): Connection {
  const { random, regionId } = maker;
  const number = maker.sites;
  maker.sites += 1;
  const site = `${random.pick(SITES)}-${String(number + 1).padStart(4, '0')}`;
  const environment = random.chance(0.8) ? 'prod' : 'staging';
  const tags: readonly Tag[] = [
    { Key: 'env', Value: environment },
    { Key: 'site', Value: site },
  ];
  const customer = aCustomerGateway(maker, `router-${site}`, tags);
  const gateway = attachment.kind === 'VPNGW' ? attachment.gateway : null;
  const internetIp = gateway?.internetIp ?? publicAddress(random, 8);
  const { ike, ipsec } = oldAlgorithms(random);
  return makeConnection({
    regionId,
    id: cloudId(random, 'vco'),
    attachType: attachment.kind,
    name: `branch-${site}`,
    createTime: createTime(random),
    vpnGatewayId: gateway?.id ?? null,
    customerGatewayId: customer.id,
    localSubnet: `10.${random.integer(0, 127)}.0.0/16`,
    remoteSubnet: siteNetwork(number),
    ike: { ...ike, LocalId: internetIp, RemoteId: customer.ipAddress },
    ipsec,
    tags,
    internetIp,
    zoneNo: `${regionId}-h`,
    transitRouterId: attachment.kind === 'CEN' ? attachment.transitRouterId : null,
    transitRouterName: attachment.kind === 'CEN' ? 'core' : null,
    tunnels: attachment.isDual ? twoTunnels(maker, customer, gateway) : [],
  });
}

/** The branch's router ends the first tunnel, and a second router beside it the other one. */
function twoTunnels(
  maker: Maker,
  router: CustomerGateway,
  gateway: Gateway | null,
): readonly Tunnel[] {
  const { random, regionId } = maker;
  return ([1, 2] as const).map((index) => {
    const customer =
      index === 1 ? router : aCustomerGateway(maker, `${router.name}-b`, router.tags);
    const ofGateway = index === 1 ? gateway?.internetIp : gateway?.disasterRecoveryInternetIp;
    const internetIp = ofGateway ?? publicAddress(random, 8);
    const { ike, ipsec } = oldAlgorithms(random);
    return makeTunnel({
      tunnelId: cloudId(random, 'tun'),
      index,
      customerGatewayId: customer.id,
      internetIp,
      zoneNo: `${regionId}-${index === 1 ? 'h' : 'i'}`,
      ike: { ...ike, LocalId: internetIp, RemoteId: customer.ipAddress },
      ipsec,
    });
  });
}
