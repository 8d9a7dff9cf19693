import { z } from 'zod';
import type { Secret } from '../platform/secret.ts';
import * as rule from './rules.ts';

/** A value of a changeable field, as the cloud means it (never its string form of a boolean or number). */
export type FieldValue = string | number | boolean | Secret;

/** Where a field travels: alone, or inside one of the blocks that the API takes as JSON text. */
export type FieldBlock = 'IkeConfig' | 'IpsecConfig' | 'BgpConfig' | 'HealthCheckConfig';

/** One field that a Modify action can change on a single-tunnel connection. */
interface FieldSpec {
  schema: z.ZodType<FieldValue>;
  /** Which connections take it: those on a VPN gateway, attachments, or both. */
  for: 'both' | 'gateway' | 'attachment';
  /** A write-only field is in no answer: it cannot be compared and is sent only when a plan names it. */
  readable: boolean;
  /** Whether list answers hold it; if not, only a read of the one connection shows it. */
  listed: boolean;
  /** Whether both sides of a tunnel must agree on it. */
  agreed: boolean;
}

const own = (schema: z.ZodType<FieldValue>, more: Partial<FieldSpec> = {}): FieldSpec => ({
  schema,
  for: 'both',
  readable: true,
  listed: true,
  agreed: false,
  ...more,
});
const agreed = (schema: z.ZodType<FieldValue>): FieldSpec => own(schema, { agreed: true });

/**
 * Every single-tunnel field of ModifyVpnConnectionAttribute and ModifyVpnAttachmentAttribute, by its path in the cloud's
 * own spelling. The one list from which schema, request, comparison and documentation are made.
 */
export const fieldTable = {
  Name: own(rule.ConnectionName),
  LocalSubnet: agreed(rule.CidrList),
  RemoteSubnet: agreed(rule.CidrList),
  EffectImmediately: own(rule.CloudBoolean),
  AutoConfigRoute: own(rule.CloudBoolean, { readable: false, listed: false }),
  EnableDpd: own(rule.CloudBoolean),
  EnableNatTraversal: own(rule.CloudBoolean),
  CustomerGatewayId: own(rule.CustomerGatewayId, { for: 'attachment' }),
  RemoteCaCertificate: own(z.string().min(1).max(8_192)),
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
  'BgpConfig.EnableBgp': own(rule.CloudBoolean, { listed: false }),
  'BgpConfig.LocalAsn': own(rule.AutonomousSystemNumber),
  'BgpConfig.TunnelCidr': own(rule.TunnelCidr),
  'BgpConfig.LocalBgpIp': own(rule.Ipv4Address),
  'HealthCheckConfig.enable': own(rule.CloudBoolean),
  'HealthCheckConfig.dip': own(rule.Ipv4Address),
  'HealthCheckConfig.sip': own(rule.Ipv4Address),
  'HealthCheckConfig.interval': own(z.coerce.number().int().min(1).max(86_400)),
  'HealthCheckConfig.retry': own(z.coerce.number().int().min(1).max(100)),
  'HealthCheckConfig.Policy': own(z.enum(['revoke_route', 'reserve_route']), { for: 'attachment' }),
} as const satisfies Record<string, FieldSpec>;

export type FieldPath = keyof typeof fieldTable;

/** Values by field path. What is absent is unknown (when read) or left as it is (when wanted). */
export type FieldValues = Readonly<Partial<Record<FieldPath, FieldValue>>>;

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

/**
 * Whether a list answer is not enough to change these fields: one of them, or another field of a block that is sent whole
 * with it, is missing there.
 */
export function needsOwnRead(wanted: FieldValues): boolean {
  const blocks = new Set(entriesOf(wanted).map(([path]) => blockOf(path)?.block ?? path));
  return fieldPaths.some(
    (path) =>
      fieldTable[path].readable &&
      !fieldTable[path].listed &&
      blocks.has(blockOf(path)?.block ?? path),
  );
}

/** The fields present in `values`, with their values, in the table's order. */
export function entriesOf(values: FieldValues): readonly (readonly [FieldPath, FieldValue])[] {
  return fieldPaths.flatMap((path) => {
    const value = values[path];
    return value === undefined ? [] : [[path, value] as const];
  });
}

/** `base` with each value of `wanted` laid over it. */
export function overlay(base: FieldValues, wanted: FieldValues): FieldValues {
  return { ...base, ...wanted };
}

/** Whether a field exists for connections of this attach type. */
export function appliesTo(path: FieldPath, attachType: 'VPNGW' | 'CEN' | 'NO_ASSOCIATED'): boolean {
  const scope: FieldSpec['for'] = fieldTable[path].for;
  return scope === 'both' || (scope === 'gateway') === (attachType === 'VPNGW');
}
