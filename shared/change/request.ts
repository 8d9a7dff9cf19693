import { blockOf, type FieldPath, fieldTable } from '../connection/fields.ts';
import { type MaskedValues, maskFields } from '../connection/mask.ts';
import type { TunnelIdentity } from '../connection/model.ts';
import { entriesOf, type FieldValues, overlay, type PathParts } from '../connection/values.ts';
import {
  connectionPart,
  type ModifyRequest,
  type ModifyTarget,
  modifyActionFor,
} from '../connection/vpn-api.ts';
import { canonicalJson, digestOf, keyedDigest } from '../platform/canonical.ts';
import type { PartOfChange } from './parts.ts';

/**
 * What a Modify call has to carry so that only the wanted fields change, whether the cloud replaces blocks or merges them:
 * both subnets wherever the action takes them (an update without was refused, Terraform provider PR #5078), the whole IKE
 * block with its key of whatever is named (a block without a key may get a random one), a tunnel's whole IPsec block,
 * every other block whole when any of it is wanted, and the wanted top-level fields. Write-only fields go only when wanted.
 */
export function fieldsToSend(
  base: FieldValues,
  { part, wanted, tunnels }: PartOfChange,
  target: { attachType: ModifyTarget['attachType']; isDual: boolean },
): FieldValues {
  const touched = new Set<string>();
  if (modifyActionFor({ ...target, part }) !== 'ModifyTunnelAttribute') {
    touched.add(groupOf({ tunnel: null, field: 'LocalSubnet' }));
    touched.add(groupOf({ tunnel: null, field: 'RemoteSubnet' }));
  }
  if (part === connectionPart && !target.isDual) {
    touched.add(groupOf({ tunnel: null, field: 'IkeConfig.Psk' }));
  }
  for (const { tunnelId } of tunnels) {
    touched.add(groupOf({ tunnel: tunnelId, field: 'IkeConfig.Psk' }));
    touched.add(groupOf({ tunnel: tunnelId, field: 'IpsecConfig.IpsecEncAlg' }));
    if (part === connectionPart) {
      touched.add(groupOf({ tunnel: tunnelId, field: 'BgpConfig.TunnelCidr' }));
    }
  }
  for (const entry of entriesOf(wanted)) touched.add(groupOf(entry));
  const sent = entriesOf(overlay(base, wanted)).filter(
    (entry) => touched.has(groupOf(entry)) && (isReadable(entry.field) || entry.path in wanted),
  );
  return Object.fromEntries(sent.map(({ path, value }) => [path, value]));
}

/** What travels together: a block of the connection or of a tunnel, or a top-level field alone. */
function groupOf({ tunnel, field }: PathParts): string {
  return `${tunnel ?? ''}/${blockOf(field)?.block ?? field}`;
}

function isReadable(field: FieldPath): boolean {
  return fieldTable[field].readable;
}

/** The digest under which a request is remembered before it is first sent; keys enter it only as keyed digests. */
export function requestDigestOf(
  request: ModifyTarget & { fields: FieldValues },
  hmacKey: Buffer,
): string {
  const { regionId, vpnConnectionId, attachType, part } = request;
  const tunnels = request.tunnels.map(identityOf);
  const fields: MaskedValues = maskFields(request.fields, hmacKey);
  // Left out where there is one tunnel: its requests are stored under this digest since before there were parts.
  const dual = part === connectionPart && tunnels.length === 0 ? {} : { part, tunnels };
  return keyedDigest(
    hmacKey,
    canonicalJson({ regionId, vpnConnectionId, attachType, ...dual, fields }),
  );
}

/**
 * The token that makes repeats of a request one request: a function of the change, the request and how often it was
 * definitely refused, so that a crash between sending and recording repeats the same token.
 * Source: VPC idempotence page; ASCII, at most 64 characters.
 */
export function clientTokenFor(intent: {
  changeId: string;
  requestDigest: string;
  refusals: number;
}): string {
  return `lk-${digestOf(intent).slice(0, 48)}`;
}

/** A request ready to be sent. */
export function composeRequest(
  target: ModifyTarget,
  fields: FieldValues,
  clientToken: string,
): ModifyRequest {
  const { regionId, vpnConnectionId, attachType, part } = target;
  const tunnels = target.tunnels.map(identityOf);
  return { regionId, vpnConnectionId, attachType, part, tunnels, clientToken, fields };
}

function identityOf({ tunnelId, role, index }: TunnelIdentity): TunnelIdentity {
  return { tunnelId, role, index };
}
