import type { ActionContext } from './actions/context.ts';
import { BGP_OFF, HEALTH_CHECK_OFF, IKE_DEFAULTS, IPSEC_DEFAULTS } from './defaults.ts';
import { ApiFault } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { createRandom } from './random.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';
import {
  asnOf,
  type BlockRules,
  bgpRules,
  healthCheckRules,
  ikeRules,
  ipsecRules,
  isInTunnelNetwork,
  isTunnelNetwork,
} from './rules.ts';
import type { BgpConfig, Connection, HealthCheckConfig, IkeConfig, IpsecConfig } from './shapes.ts';

const KEY_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

type Block = ReadonlyMap<string, string>;

/** Reads a JSON block. Null and empty values count as missing: nothing can be cleared (assumption). */
function readBlock(
  params: Parameters,
  name: string,
  rules: BlockRules,
  keyOf: (key: string) => string = (key) => key,
): Block | undefined {
  const text = params.get(name);
  if (text === undefined || text === '') return undefined;
  const block = new Map<string, string>();
  for (const [key, value] of Object.entries(parseObject(name, text))) {
    if (value === null || value === '') continue;
    const known = keyOf(key);
    const rule = Object.hasOwn(rules, known) ? rules[known] : undefined;
    if (!rule) continue;
    if (typeof value === 'object' || !rule.accepts(String(value))) throw new ApiFault(rule.code);
    block.set(known, String(value));
  }
  return block;
}

function parseObject(name: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Answered below: a text that does not parse is as wrong as one that is no object.
  }
  throw new ApiFault('InvalidParameter', `The specified parameter ${name} is not valid.`);
}

function numberOf(block: Block, key: string, otherwise: number): number {
  const text = block.get(key);
  return text === undefined ? otherwise : Number(text);
}

/** `IkeConfig`: missing keys get their defaults, a missing `Psk` is made up (all documents say so). */
export function readIke(
  { params, semantics, state }: ActionContext,
  region: RegionState,
  entry: ConnectionEntry,
): IkeConfig | undefined {
  const block = readBlock(params, 'IkeConfig', ikeRules);
  if (!block) return undefined;
  const { current } = entry;
  const peer = region.customerGateways.get(current.customerGatewayId)?.ipAddress;
  const base =
    semantics.updateSemantics === 'merge'
      ? current.ike
      : {
          ...IKE_DEFAULTS,
          LocalId: entry.gateway?.current.internetIp ?? current.internetIp,
          RemoteId: peer ?? current.ike.RemoteId,
        };
  return {
    Psk: block.get('Psk') ?? (semantics.pskBehaviour === 'merge' ? current.ike.Psk : newKey()),
    IkeVersion: block.get('IkeVersion') ?? base.IkeVersion,
    IkeMode: block.get('IkeMode') ?? base.IkeMode,
    IkeEncAlg: block.get('IkeEncAlg') ?? base.IkeEncAlg,
    IkeAuthAlg: block.get('IkeAuthAlg') ?? base.IkeAuthAlg,
    IkePfs: block.get('IkePfs') ?? base.IkePfs,
    IkeLifetime: numberOf(block, 'IkeLifetime', base.IkeLifetime),
    LocalId: block.get('LocalId') ?? base.LocalId,
    RemoteId: block.get('RemoteId') ?? base.RemoteId,
  };

  function newKey(): string {
    const seed = Math.floor(state.rollFor(entry, 'psk') * 2 ** 32);
    return createRandom(seed).text(KEY_ALPHABET, 16);
  }
}

export function readIpsec(
  { params, semantics }: ActionContext,
  current: Connection,
): IpsecConfig | undefined {
  const block = readBlock(params, 'IpsecConfig', ipsecRules);
  if (!block) return undefined;
  const base = semantics.updateSemantics === 'merge' ? current.ipsec : IPSEC_DEFAULTS;
  return {
    IpsecEncAlg: block.get('IpsecEncAlg') ?? base.IpsecEncAlg,
    IpsecAuthAlg: block.get('IpsecAuthAlg') ?? base.IpsecAuthAlg,
    IpsecPfs: block.get('IpsecPfs') ?? base.IpsecPfs,
    IpsecLifetime: numberOf(block, 'IpsecLifetime', base.IpsecLifetime),
  };
}

/** `BgpConfig`: with BGP on, the tunnel network and the customer gateway's ASN are mandatory. */
export function readBgp(
  { params, semantics }: ActionContext,
  region: RegionState,
  entry: ConnectionEntry,
): BgpConfig | undefined {
  const block = readBlock(params, 'BgpConfig', bgpRules);
  if (!block) return undefined;
  const { current } = entry;
  const base = semantics.updateSemantics === 'merge' ? current.bgp : BGP_OFF;
  const enable = block.get('EnableBgp');
  const bgp: BgpConfig = {
    EnableBgp: enable === undefined ? base.EnableBgp : enable === 'true',
    LocalAsn: asnOf(block.get('LocalAsn') ?? '') ?? base.LocalAsn,
    TunnelCidr: block.get('TunnelCidr') ?? base.TunnelCidr,
    LocalBgpIp: block.get('LocalBgpIp') ?? base.LocalBgpIp,
  };
  checkBgpNetwork(bgp, entry);
  if (bgp.EnableBgp) checkBgpPossible(bgp, region, entry);
  return bgp;
}

function checkBgpNetwork(bgp: BgpConfig, entry: ConnectionEntry): void {
  if (bgp.TunnelCidr !== '') {
    const isTaken = entry.gateway?.connections.some(
      (other) => other !== entry && other.current.bgp.TunnelCidr === bgp.TunnelCidr,
    );
    if (isTaken || !isTunnelNetwork(bgp.TunnelCidr)) throw new ApiFault('IllegalParam.TunnelCidr');
  }
  if (bgp.LocalBgpIp !== '' && !isInTunnelNetwork(bgp.LocalBgpIp, bgp.TunnelCidr)) {
    throw new ApiFault('IllegalParam.LocalBgpIp');
  }
}

function checkBgpPossible(bgp: BgpConfig, region: RegionState, entry: ConnectionEntry): void {
  if (entry.gateway && !entry.gateway.current.enableBgp) {
    throw new ApiFault('OperationUnsupported.EnableBgp');
  }
  if (bgp.TunnelCidr === '') throw new ApiFault('MissingParameter.TunnelCidr');
  const asn = region.customerGateways.get(entry.current.customerGatewayId)?.asn ?? 0;
  if (asn === 0) throw new ApiFault('MissingParam.CustomerGatewayAsn');
}

/** Lower-case keys stand in the documents, capitalised ones are what the Terraform provider sends. */
function capitalised(key: string): string {
  return `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`;
}

export function readHealthCheck(
  { params, semantics }: ActionContext,
  current: Connection,
): HealthCheckConfig | undefined {
  const block = readBlock(params, 'HealthCheckConfig', healthCheckRules, capitalised);
  if (!block) return undefined;
  const base = semantics.updateSemantics === 'merge' ? current.healthCheck : HEALTH_CHECK_OFF;
  const enable = block.get('Enable');
  return {
    Enable: enable === undefined ? base.Enable : enable === 'true',
    Dip: block.get('Dip') ?? base.Dip,
    Sip: block.get('Sip') ?? base.Sip,
    Interval: numberOf(block, 'Interval', base.Interval),
    Retry: numberOf(block, 'Retry', base.Retry),
    Policy: block.get('Policy') ?? base.Policy,
  };
}
