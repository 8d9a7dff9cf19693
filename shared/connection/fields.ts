import { z } from 'zod';
import type { Secret } from '../platform/secret.ts';
import * as rule from './rules.ts';

/** A value of a changeable field, as the cloud means it (never its string form of a boolean or number). */
export type FieldValue = string | number | boolean | Secret;

/** Where a field travels: alone, or inside one of the blocks that the API takes as JSON text. */
export type FieldBlock = 'IkeConfig' | 'IpsecConfig' | 'BgpConfig' | 'HealthCheckConfig';

/** Which connections take a field at a place: those on a VPN gateway, attachments, both, or none. */
type Takers = 'both' | 'gateway' | 'attachment' | 'none';

/** Where a field can live: on a single-tunnel connection, on a dual-tunnel connection itself, or in each of its tunnels. */
export type FieldPlace = 'single' | 'dual' | 'tunnel';

/** One field that a Modify action can change. */
interface FieldSpec {
  schema: z.ZodType<FieldValue>;
  /** Who takes it at each place. Source: API documents of the three Modify actions, parameters by tunnel mode. */
  takers: Readonly<Record<FieldPlace, Takers>>;
  /** A write-only field is in no answer: it cannot be compared and is sent only when a plan names it. */
  readable: boolean;
  /** Whether list answers hold it; if not, only a read of the one connection shows it. */
  listed: boolean;
  /** Whether both sides of a tunnel must agree on it. */
  agreed: boolean;
}

type More = Partial<Omit<FieldSpec, 'takers'>> & { takers?: Partial<FieldSpec['takers']> };

function field(
  schema: z.ZodType<FieldValue>,
  takers: FieldSpec['takers'],
  { takers: others = {}, ...more }: More,
): FieldSpec {
  return {
    schema,
    readable: true,
    listed: true,
    agreed: false,
    ...more,
    takers: { ...takers, ...others },
  };
}

/** A field of the connection, however many tunnels it has. */
const ofConnection = (schema: z.ZodType<FieldValue>, more: More = {}): FieldSpec =>
  field(schema, { single: 'both', dual: 'both', tunnel: 'none' }, more);
/** A field of the connection when it has one tunnel, and of each tunnel when it has two. */
const ofTunnel = (schema: z.ZodType<FieldValue>, more: More = {}): FieldSpec =>
  field(schema, { single: 'both', dual: 'none', tunnel: 'both' }, more);
/** The same, and both sides of the tunnel must have it. */
const agreed = (schema: z.ZodType<FieldValue>): FieldSpec => ofTunnel(schema, { agreed: true });
/** A field that only single-tunnel connections have. */
const ofSingle = (schema: z.ZodType<FieldValue>, more: More = {}): FieldSpec =>
  field(schema, { single: 'both', dual: 'none', tunnel: 'none' }, more);

/**
 * Every field of ModifyVpnConnectionAttribute, ModifyVpnAttachmentAttribute and ModifyTunnelAttribute, by its path in the
 * cloud's own spelling on single-tunnel connections. The one list from which schema, request, comparison and
 * documentation are made.
 */
export const fieldTable = {
  Name: ofConnection(rule.ConnectionName),
  LocalSubnet: ofConnection(rule.CidrList, { agreed: true }),
  RemoteSubnet: ofConnection(rule.CidrList, { agreed: true }),
  EffectImmediately: ofConnection(rule.CloudBoolean),
  AutoConfigRoute: ofConnection(rule.CloudBoolean, { readable: false, listed: false }),
  // Source: the API documents name it for dual-tunnel connections only; single ones have `BgpConfig.EnableBgp`.
  EnableTunnelsBgp: ofConnection(rule.CloudBoolean, { takers: { single: 'none' } }),
  EnableDpd: ofTunnel(rule.CloudBoolean),
  EnableNatTraversal: ofTunnel(rule.CloudBoolean),
  CustomerGatewayId: ofTunnel(rule.CustomerGatewayId, { takers: { single: 'attachment' } }),
  // Source: the tunnels of ModifyVpnAttachmentAttribute have no certificate.
  RemoteCaCertificate: ofTunnel(rule.CaCertificate, { takers: { tunnel: 'gateway' } }),
  'IkeConfig.Psk': agreed(rule.PreSharedKey),
  'IkeConfig.IkeVersion': agreed(z.enum(['ikev1', 'ikev2'])),
  'IkeConfig.IkeMode': agreed(z.enum(['main', 'aggressive'])),
  'IkeConfig.IkeEncAlg': agreed(rule.EncryptionAlgorithm),
  'IkeConfig.IkeAuthAlg': agreed(rule.AuthenticationAlgorithm),
  'IkeConfig.IkePfs': agreed(rule.IkePfs),
  'IkeConfig.IkeLifetime': agreed(rule.LifetimeSeconds),
  'IkeConfig.LocalId': agreed(rule.PeerId),
  'IkeConfig.RemoteId': agreed(rule.PeerId),
  'IpsecConfig.IpsecEncAlg': agreed(rule.EncryptionAlgorithm),
  'IpsecConfig.IpsecAuthAlg': agreed(rule.AuthenticationAlgorithm),
  'IpsecConfig.IpsecPfs': agreed(rule.IpsecPfs),
  'IpsecConfig.IpsecLifetime': agreed(rule.LifetimeSeconds),
  // Source: the answers of DescribeVpnConnection and DescribeVpnConnections differ in it.
  'BgpConfig.EnableBgp': ofSingle(rule.CloudBoolean, { listed: false }),
  'BgpConfig.LocalAsn': ofTunnel(rule.AutonomousSystemNumber),
  'BgpConfig.TunnelCidr': ofTunnel(rule.TunnelCidr),
  'BgpConfig.LocalBgpIp': ofTunnel(rule.Ipv4Address),
  'HealthCheckConfig.enable': ofSingle(rule.CloudBoolean),
  'HealthCheckConfig.dip': ofSingle(rule.Ipv4Address),
  'HealthCheckConfig.sip': ofSingle(rule.Ipv4Address),
  'HealthCheckConfig.interval': ofSingle(z.coerce.number().int().min(1).max(86_400)),
  'HealthCheckConfig.retry': ofSingle(z.coerce.number().int().min(1).max(100)),
  'HealthCheckConfig.Policy': ofSingle(z.enum(['revoke_route', 'reserve_route']), {
    takers: { single: 'attachment' },
  }),
} as const satisfies Record<string, FieldSpec>;

export type FieldPath = keyof typeof fieldTable;

/** Every field path, in the table's order. */
export const fieldPaths: readonly FieldPath[] = Object.keys(fieldTable).filter(isFieldPath);

export function isFieldPath(text: string): text is FieldPath {
  return Object.hasOwn(fieldTable, text);
}

/** The block a field travels in, and its key there; null for a top-level parameter. */
export function blockOf(path: FieldPath): { block: FieldBlock; key: string } | null {
  const dot = path.indexOf('.');
  if (dot < 0) return null;
  const block = path.slice(0, dot);
  return isBlock(block) ? { block, key: path.slice(dot + 1) } : null;
}

function isBlock(text: string): text is FieldBlock {
  return ['IkeConfig', 'IpsecConfig', 'BgpConfig', 'HealthCheckConfig'].includes(text);
}

/** Whether a field exists at a place of connections of this attach type. */
export function appliesTo(
  path: FieldPath,
  place: FieldPlace,
  attachType: 'VPNGW' | 'CEN' | 'NO_ASSOCIATED',
): boolean {
  const takers: Takers = fieldTable[path].takers[place];
  if (takers === 'none') return false;
  return takers === 'both' || (takers === 'gateway') === (attachType === 'VPNGW');
}

/** The key of a connection or tunnel, the one secret among the fields. */
export const keyField = 'IkeConfig.Psk' satisfies FieldPath;

/**
 * Other names that the documents give to a field. Sources: ModifyVpnAttachmentAttribute, `RemoteCaCert`; both documents
 * of the Modify actions, `IkeConfig.LocalIdIPsec`, which requests and answers call `LocalId`.
 */
export const otherSpellings: Readonly<Record<string, FieldPath>> = {
  RemoteCaCert: 'RemoteCaCertificate',
  'IkeConfig.LocalIdIPsec': 'IkeConfig.LocalId',
};
