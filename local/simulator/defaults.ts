import type {
  BgpConfig,
  Connection,
  CustomerGateway,
  Gateway,
  HealthCheckConfig,
  IkeConfig,
  IpsecConfig,
  Tunnel,
  TunnelBgpConfig,
} from './shapes.ts';

/** What stands in `VpnGatewayId` of a connection without a VPN gateway (Terraform provider tests). */
export const NO_GATEWAY = 'vpn-not-exist';

/** Values of keys that an IKE block leaves out (API document ModifyVpnConnectionAttribute). */
export const IKE_DEFAULTS: Omit<IkeConfig, 'Psk' | 'LocalId' | 'RemoteId'> = {
  IkeVersion: 'ikev1',
  IkeMode: 'main',
  IkeEncAlg: 'aes',
  IkeAuthAlg: 'sha1',
  IkePfs: 'group2',
  IkeLifetime: 86_400,
};

/** The same for a tunnel of a pair (API documents, defaults of dual-tunnel attachments). */
export const TUNNEL_IKE_DEFAULTS: typeof IKE_DEFAULTS = { ...IKE_DEFAULTS, IkeVersion: 'ikev2' };

/** Values of keys that an IPsec block leaves out (same document). */
export const IPSEC_DEFAULTS: IpsecConfig = {
  IpsecEncAlg: 'aes',
  IpsecAuthAlg: 'sha1',
  IpsecPfs: 'group2',
  IpsecLifetime: 86_400,
};

/** A tunnel without BGP; 45104 is the documented default ASN of the cloud's side. */
export const TUNNEL_BGP_DEFAULTS: TunnelBgpConfig = {
  LocalAsn: 45_104,
  TunnelCidr: '',
  LocalBgpIp: '',
};

export const BGP_OFF: BgpConfig = { EnableBgp: false, ...TUNNEL_BGP_DEFAULTS };

export const HEALTH_CHECK_OFF: HealthCheckConfig = {
  Enable: false,
  Dip: '',
  Sip: '',
  Interval: 3,
  Retry: 3,
  Policy: 'revoke_route',
};

const CREATED_AT = 1_658_201_810_000;
const RESOURCE_GROUP = 'rg-acfmzssisocf6pq';

/** A complete gateway for a hand-written inventory: active, single and dual tunnel, BGP capable. */
export function makeGateway(given: Pick<Gateway, 'regionId' | 'id'> & Partial<Gateway>): Gateway {
  return {
    name: given.id,
    description: '',
    createTime: CREATED_AT,
    endTime: CREATED_AT + 10 * 365 * 86_400_000,
    status: 'active',
    businessStatus: 'Normal',
    gatewayType: 'Traditional',
    vpnType: 'Normal',
    networkType: 'public',
    enableBgp: true,
    autoPropagate: true,
    vpcId: 'vpc-bp1simulated000000000',
    vSwitchId: 'vsw-bp1simulated000000000',
    internetIp: '47.98.0.1',
    disasterRecoveryInternetIp: '47.98.0.2',
    disasterRecoveryVSwitchId: 'vsw-bp1simulated000000001',
    resourceGroupId: RESOURCE_GROUP,
    tags: [],
    ...given,
  };
}

/** A complete customer gateway for a hand-written inventory. */
export function makeCustomerGateway(
  given: Pick<CustomerGateway, 'regionId' | 'id'> & Partial<CustomerGateway>,
): CustomerGateway {
  return {
    name: given.id,
    description: '',
    createTime: CREATED_AT,
    ipAddress: '139.196.32.167',
    asn: 65_001,
    authKey: '',
    resourceGroupId: RESOURCE_GROUP,
    tags: [],
    ...given,
  };
}

/** A complete tunnel for a hand-written inventory, with the defaults of a dual-tunnel attachment. */
export function makeTunnel(
  given: Pick<Tunnel, 'tunnelId' | 'index' | 'customerGatewayId'> & Partial<Tunnel>,
): Tunnel {
  const internetIp = given.internetIp ?? `47.98.1.${given.index}`;
  return {
    internetIp,
    zoneNo: given.index === 1 ? 'cn-hangzhou-h' : 'cn-hangzhou-i',
    status: 'ipsec_sa_established',
    enableDpd: true,
    enableNatTraversal: true,
    ike: {
      ...TUNNEL_IKE_DEFAULTS,
      Psk: `simulatedKey0${given.index}`,
      LocalId: internetIp,
      RemoteId: '139.196.32.167',
    },
    ipsec: IPSEC_DEFAULTS,
    bgp: TUNNEL_BGP_DEFAULTS,
    remoteCaCertificate: '',
    ...given,
  };
}

/**
 * A complete connection for a hand-written inventory: on a VPN gateway when `vpnGatewayId` is given, on a transit
 * router when `transitRouterId` is, else unattached; dual tunnel when `tunnels` are given.
 */
export function makeConnection(
  given: Pick<Connection, 'regionId' | 'id' | 'customerGatewayId'> & Partial<Connection>,
): Connection {
  const attached = given.transitRouterId ? 'CEN' : 'NO_ASSOCIATED';
  return {
    attachType: given.vpnGatewayId ? 'VPNGW' : attached,
    name: given.id,
    description: '',
    createTime: CREATED_AT,
    vpnGatewayId: null,
    localSubnet: '10.0.0.0/16',
    remoteSubnet: '192.168.0.0/24',
    effectImmediately: false,
    autoConfigRoute: true,
    enableDpd: true,
    enableNatTraversal: true,
    enableTunnelsBgp: false,
    ike: {
      ...IKE_DEFAULTS,
      Psk: 'simulatedKey00',
      LocalId: '47.98.0.1',
      RemoteId: '139.196.32.167',
    },
    ipsec: IPSEC_DEFAULTS,
    bgp: BGP_OFF,
    healthCheck: HEALTH_CHECK_OFF,
    remoteCaCertificate: '',
    tunnels: [],
    status: 'ipsec_sa_established',
    tags: [],
    resourceGroupId: RESOURCE_GROUP,
    networkType: 'public',
    internetIp: '47.98.0.1',
    zoneNo: 'cn-hangzhou-h',
    transitRouterId: null,
    transitRouterName: null,
    financialLocked: false,
    ...given,
  };
}
