/** A JSON object of an answer. */
export type Json = Readonly<Record<string, unknown>>;

/** How a connection hangs in the network (`AttachType`); decides its Modify action and its lock scope. */
type AttachType = 'VPNGW' | 'CEN' | 'NO_ASSOCIATED';

/** Negotiation state (`Status`) of a connection or tunnel, as opposed to its association state (`State`). */
export type NegotiationStatus =
  | 'ike_sa_not_established'
  | 'ike_sa_established'
  | 'ipsec_sa_not_established'
  | 'ipsec_sa_established';

/** Keys are those of the wire, so that an answer can be pasted into an inventory. Lifetimes are seconds. */
export interface IkeConfig {
  readonly Psk: string;
  readonly IkeVersion: string;
  readonly IkeMode: string;
  readonly IkeEncAlg: string;
  readonly IkeAuthAlg: string;
  readonly IkePfs: string;
  readonly IkeLifetime: number;
  readonly LocalId: string;
  readonly RemoteId: string;
}

export interface IpsecConfig {
  readonly IpsecEncAlg: string;
  readonly IpsecAuthAlg: string;
  readonly IpsecPfs: string;
  readonly IpsecLifetime: number;
}

/** BGP of one tunnel; the peer's side comes from its customer gateway. */
export interface TunnelBgpConfig {
  readonly LocalAsn: number;
  /** Empty = none. */
  readonly TunnelCidr: string;
  readonly LocalBgpIp: string;
}

/** BGP of a single-tunnel connection. Tunnels of a pair have no switch of their own. */
export interface BgpConfig extends TunnelBgpConfig {
  readonly EnableBgp: boolean;
}

/** Health check of a single-tunnel connection; the interval is in seconds. */
export interface HealthCheckConfig {
  readonly Enable: boolean;
  readonly Dip: string;
  readonly Sip: string;
  readonly Interval: number;
  readonly Retry: number;
  readonly Policy: string;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** One tunnel of a dual-tunnel connection. On a VPN gateway `index` 1 is the master, 2 the slave. */
export interface Tunnel {
  readonly tunnelId: string;
  readonly index: 1 | 2;
  readonly customerGatewayId: string;
  readonly internetIp: string;
  readonly zoneNo: string;
  readonly status: NegotiationStatus;
  readonly enableDpd: boolean;
  readonly enableNatTraversal: boolean;
  readonly ike: IkeConfig;
  readonly ipsec: IpsecConfig;
  readonly bgp: TunnelBgpConfig;
  /** Of the peer, on ShangMi gateways; empty = none. */
  readonly remoteCaCertificate: string;
}

/** A connection as it is when nothing is in flight on it. Dual tunnel means: `tunnels` is not empty. */
export interface Connection {
  readonly regionId: string;
  readonly id: string;
  readonly attachType: AttachType;
  readonly name: string;
  readonly description: string;
  /** Unix milliseconds. */
  readonly createTime: number;
  /** Present exactly when `attachType` is `VPNGW`. */
  readonly vpnGatewayId: string | null;
  /** Of the whole connection; tunnels have their own. */
  readonly customerGatewayId: string;
  /** Comma-separated CIDRs. */
  readonly localSubnet: string;
  readonly remoteSubnet: string;
  readonly effectImmediately: boolean;
  readonly autoConfigRoute: boolean;
  readonly enableDpd: boolean;
  readonly enableNatTraversal: boolean;
  readonly enableTunnelsBgp: boolean;
  readonly ike: IkeConfig;
  readonly ipsec: IpsecConfig;
  readonly bgp: BgpConfig;
  readonly healthCheck: HealthCheckConfig;
  /** Of the peer of a single tunnel, on ShangMi gateways; empty = none. */
  readonly remoteCaCertificate: string;
  readonly tunnels: readonly Tunnel[];
  readonly status: NegotiationStatus;
  readonly tags: readonly Tag[];
  readonly resourceGroupId: string;
  readonly networkType: 'public' | 'private';
  readonly internetIp: string;
  readonly zoneNo: string;
  /** Present exactly when `attachType` is `CEN`. */
  readonly transitRouterId: string | null;
  readonly transitRouterName: string | null;
  readonly financialLocked: boolean;
}

/** What a change may touch of one tunnel; never what was negotiated. */
export type TunnelPatch = Pick<Tunnel, 'tunnelId'> &
  Partial<Omit<Tunnel, 'tunnelId' | 'index' | 'status'>>;

/** What a change may touch; of the tunnels, those that it works on. Never what was negotiated. */
export type ConnectionPatch = Partial<
  Omit<Connection, 'regionId' | 'id' | 'attachType' | 'vpnGatewayId' | 'status' | 'tunnels'>
> & { readonly tunnels?: readonly TunnelPatch[] };

export interface Gateway {
  readonly regionId: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Unix milliseconds. */
  readonly createTime: number;
  readonly endTime: number;
  /** When nothing is in flight on it. */
  readonly status: 'init' | 'provisioning' | 'active' | 'deleting';
  readonly businessStatus: 'Normal' | 'FinancialLocked';
  readonly gatewayType: 'Traditional' | 'Enhanced.SiteToSite';
  /** `NationalStandard` is a ShangMi gateway, whose peers have certificates. */
  readonly vpnType: 'Normal' | 'NationalStandard';
  readonly networkType: 'public' | 'private';
  readonly enableBgp: boolean;
  readonly autoPropagate: boolean;
  readonly vpcId: string;
  readonly vSwitchId: string;
  readonly internetIp: string;
  /** Null where the gateway knows single-tunnel connections only. */
  readonly disasterRecoveryInternetIp: string | null;
  readonly disasterRecoveryVSwitchId: string | null;
  readonly resourceGroupId: string;
  readonly tags: readonly Tag[];
}

export interface CustomerGateway {
  readonly regionId: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Unix milliseconds. */
  readonly createTime: number;
  readonly ipAddress: string;
  /** 0 = none. */
  readonly asn: number;
  readonly authKey: string;
  readonly resourceGroupId: string;
  readonly tags: readonly Tag[];
}

export interface Region {
  readonly regionId: string;
  readonly localName: string;
}

/** When the device at the other end takes over what changed in the cloud. */
export type Adoption =
  /** At the moment at which the cloud's change takes effect. */
  | { readonly kind: 'follows' }
  /** When it is told, at once; never by itself. */
  | { readonly kind: 'onDelivery' }
  /** This long after the cloud's change took effect, or after it was told. */
  | { readonly kind: 'late'; readonly afterMs: number }
  | { readonly kind: 'never' }
  /** Like `follows`, and also when it is told, but with another key, unless it had the key before. */
  | { readonly kind: 'wrongly' };

/** Everything that stands in the simulated account, in the order in which lists return it. */
export interface Inventory {
  readonly regions: readonly Region[];
  readonly gateways: readonly Gateway[];
  readonly customerGateways: readonly CustomerGateway[];
  readonly connections: readonly Connection[];
  /** How peers behave that do not simply follow, by the id of the tunnel or of the single-tunnel connection. */
  readonly adoptions?: Readonly<Record<string, Adoption>>;
}
