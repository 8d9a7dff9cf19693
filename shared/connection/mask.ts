import ipaddr from 'ipaddr.js';
import {
  canonicalJson,
  digestOf,
  equalInConstantTime,
  keyedDigest,
} from '../platform/canonical.ts';
import { Secret } from '../platform/secret.ts';
import { reveal } from '../platform/secret-reveal.ts';
import { type FieldPath, type FieldValue, fieldTable } from './fields.ts';
import { entriesOf, type FieldValues, partsOf } from './values.ts';

/** Values by path, each key replaced by its keyed digest: safe to store, compare and hash. */
export type MaskedValues = Readonly<Record<string, string | number | boolean>>;

/** The keyed digest of a pre-shared key, as `hmac:` and hex. Equal keys give equal digests under one `hmacKey`. */
export function maskKey(key: Secret, hmacKey: Buffer): string {
  return `hmac:${keyedDigest(hmacKey, reveal(key))}`;
}

/** The fields with each key as its keyed digest. */
export function maskFields(values: FieldValues, hmacKey: Buffer): MaskedValues {
  return Object.fromEntries(
    entriesOf(values).map(({ path, value }) => [
      path,
      value instanceof Secret ? maskKey(value, hmacKey) : value,
    ]),
  );
}

/**
 * SHA-256 over the masked fields that every read shows; the same for the same meaning, however CIDR lists are ordered or
 * spelled, and whether a list or the connection itself was read.
 */
export function fingerprintOf(masked: MaskedValues): string {
  return digestOf(
    Object.fromEntries(
      Object.entries(masked)
        .filter(([path]) => isListed(path))
        .map(([path, value]) => [path, comparableValue(path, value)]),
    ),
  );
}

/** Stands where a fingerprint would, of a connection on which values of somebody else stand beside ours: none is like it. */
export const notOursAlone = 'not ours alone';

function isListed(path: string): boolean {
  const parts = partsOf(path);
  return parts !== null && fieldTable[parts.field].listed;
}

/** Whether two values of a field mean the same. Keys are compared by what they hold. */
export function meansSame(path: string, a: FieldValue, b: FieldValue): boolean {
  if (a instanceof Secret || b instanceof Secret) {
    if (!(a instanceof Secret && b instanceof Secret)) return false;
    return equalInConstantTime(reveal(a), reveal(b));
  }
  return comparableValue(path, a) === comparableValue(path, b);
}

const cidrLists: ReadonlySet<FieldPath> = new Set(['LocalSubnet', 'RemoteSubnet']);

/**
 * A value in the form in which two of the same field can be compared by `===`: CIDR lists as sorted sets of networks,
 * all else as text, since the cloud spells numbers and booleans both ways.
 */
export function comparableValue(path: string, value: string | number | boolean): string {
  const parts = partsOf(path);
  if (parts !== null && cidrLists.has(parts.field)) {
    const networks = String(value)
      .split(',')
      .map((cidr) => networkOf(cidr.trim()));
    return canonicalJson([...new Set(networks)].sort());
  }
  return String(value);
}

/** `10.0.0.7/8` and `10.0.0.0/8` are one network. What is no CIDR block stays as it is. */
function networkOf(cidr: string): string {
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return cidr;
  const [, bits] = ipaddr.IPv4.parseCIDR(cidr);
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}/${bits}`;
}
