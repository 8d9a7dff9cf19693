import { blockOf, entriesOf, type FieldValues, fieldTable, overlay } from '../connection/fields.ts';
import { type MaskedValues, maskFields } from '../connection/mask.ts';
import type { AttachType, ConnectionRef } from '../connection/model.ts';
import type { ModifyRequest } from '../connection/vpn-api.ts';
import { canonicalJson, digestOf, keyedDigest } from '../platform/canonical.ts';

/**
 * What a Modify call has to carry so that only the wanted fields change, whether the cloud replaces blocks or merges them:
 * both subnets and the whole IKE block with its key always (an IKE block without a key may get a random one; an update
 * without subnets was refused, Terraform provider PR #5078), every other block whole when any of it is wanted, and the
 * wanted top-level fields. Write-only fields go only when wanted.
 */
export function fieldsToSend(base: FieldValues, wanted: FieldValues): FieldValues {
  const touched = new Set<string>(['LocalSubnet', 'RemoteSubnet', 'IkeConfig']);
  for (const [path] of entriesOf(wanted)) touched.add(blockOf(path)?.block ?? path);
  const sent = entriesOf(overlay(base, wanted)).filter(
    ([path]) =>
      touched.has(blockOf(path)?.block ?? path) && (fieldTable[path].readable || path in wanted),
  );
  return Object.fromEntries(sent);
}

/** The digest under which a request is remembered before it is first sent; keys enter it only as keyed digests. */
export function requestDigestOf(
  request: ConnectionRef & { attachType: AttachType; fields: FieldValues },
  hmacKey: Buffer,
): string {
  const { regionId, vpnConnectionId, attachType } = request;
  const fields: MaskedValues = maskFields(request.fields, hmacKey);
  return keyedDigest(hmacKey, canonicalJson({ regionId, vpnConnectionId, attachType, fields }));
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
  ref: ConnectionRef & { attachType: AttachType },
  fields: FieldValues,
  clientToken: string,
): ModifyRequest {
  const { regionId, vpnConnectionId, attachType } = ref;
  return { regionId, vpnConnectionId, attachType, clientToken, fields };
}
