import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { Secret } from '../secret.ts';

/*
 * Where new values are delivered: `SINKS` is a JSON object from a sink's name, which plans use, to its type and settings.
 */

const RegionName = z.string('must be a text').regex(/^[a-z0-9-]{1,64}$/, 'must be a region id');

/** Secrets Manager of KMS: one secret for each tunnel. */
const KmsSink = z.strictObject({
  type: z.literal('kms'),
  /** Default: the connection's own region. */
  regionId: RegionName.optional(),
  /** The key with which new secrets are encrypted, and the instance of KMS that holds both. Default: KMS chooses. */
  encryptionKeyId: z.string('must be a text').min(1, 'must name a key in KMS').optional(),
  instanceId: z.string('must be a text').min(1, 'must name an instance of KMS').optional(),
});

const HostName = z
  .string('must be a text')
  .regex(/^[a-z0-9.:-]{1,253}$/, 'must be a host as it stands in the URL, in lower case');

/** The public key of a receiver as a JWK (RFC 7517): RSA of at least 2,048 bits, an elliptic curve, or X25519. */
const ReceiverKey = z
  .looseObject(
    { kty: z.enum(['RSA', 'EC', 'OKP'], 'must be RSA, EC or OKP') },
    'must be a public key as a JWK',
  )
  .refine(
    (jwk) => !('d' in jwk) && !('k' in jwk),
    'must be the public key alone: it has a private part',
  )
  .refine((jwk) => jwk.kty !== 'RSA' || bitsOf(jwk.n) >= 2048, 'must be RSA of at least 2048 bits')
  .refine(
    (jwk) => jwk.kty !== 'EC' || ['P-256', 'P-384', 'P-521'].includes(String(jwk.crv)),
    'must be on P-256, P-384 or P-521',
  )
  .refine((jwk) => jwk.kty !== 'OKP' || jwk.crv === 'X25519', 'must be on X25519');

/** What every receiver over HTTPS is known by. */
export const receiverShape = {
  url: z
    .string('must be a text')
    .refine(
      isWebhookUrl,
      'must be an https URL without user, password or #; http only for an allowed loopback host',
    ),
  /** Shared with the receiver; signs every request. */
  signingSecret: z
    .string('must be a text')
    .min(32, 'must be at least 32 characters')
    .transform((text) => new Secret(text)),
  /** Hosts that may have private, link-local or loopback addresses. */
  allowedPrivateHosts: z.array(HostName, 'must be a list of hosts').default([]),
  timeoutMs: z
    .int('must be a whole number of milliseconds')
    .min(100, 'must be 100 to 60000')
    .max(60_000, 'must be 100 to 60000')
    .default(10_000),
};

/** A fault for a receiver whose URL names a host that must be allowed and is not. */
export function checkReceiverHost(
  { url, allowedPrivateHosts }: { url: string; allowedPrivateHosts: readonly string[] },
  context: z.RefinementCtx,
): void {
  if (!URL.canParse(url)) return;
  const host = hostOf(new URL(url));
  if (allowedPrivateHosts.includes(host)) return;
  const isHttp = url.startsWith('http:');
  if (!isHttp && (!ipaddr.isValid(host) || isPublicAddress(host))) return;
  const message = `${isHttp ? 'is not https' : 'has a private address'}: allowedPrivateHosts must name its host`;
  context.addIssue({ code: 'custom', path: ['url'], message });
}

/** A receiver over HTTPS. */
const WebhookSink = z
  .strictObject({ type: z.literal('webhook'), encryptionKey: ReceiverKey, ...receiverShape })
  .superRefine(checkReceiverHost);

/** Files of this machine, for trying things out. */
const FileSink = z.strictObject({
  type: z.literal('file'),
  directory: z.string('must be a text').min(1, 'must name a directory'),
});

const Sink = z.discriminatedUnion('type', [KmsSink, WebhookSink, FileSink], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? 'must be kms, webhook or file'
      : 'must be an object with a type',
});

/** Settings of one sink by its type. */
export type SinkSettings = z.infer<typeof Sink>;
export type KmsSinkSettings = z.infer<typeof KmsSink>;
export type WebhookSinkSettings = z.infer<typeof WebhookSink>;
export type FileSinkSettings = z.infer<typeof FileSink>;

/** The value of `SINKS`. */
export const Sinks = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be named by lower-case letters, digits and -'),
  Sink,
  'must be a JSON object from names to sinks',
);
export type Sinks = z.infer<typeof Sinks>;

/** The host of a URL as names and addresses are written elsewhere: IPv6 without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Whether an address is one of the public internet. Everything that is set aside for something else is not: private,
 * loopback, link-local, shared (100.64.0.0/10, where the metadata service of ECS lives), multicast, documentation, and
 * IPv6 forms that hold an IPv4 address. Source: IANA's registries of special-purpose addresses.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isBare = `${url.username}${url.password}${url.hash}` === '';
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback));
}

function bitsOf(modulus: unknown): number {
  return typeof modulus === 'string' ? Buffer.from(modulus, 'base64url').length * 8 : 0;
}
