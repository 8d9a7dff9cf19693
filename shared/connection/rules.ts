import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { Secret } from '../platform/secret.ts';

/*
 * One schema for each kind of value, with the cloud's own rule and where it is written down.
 * The plan's schema, the generated documentation and the checks all stand on these.
 */

/** A boolean as the cloud's requests and answers spell it: `true` or `"true"`. */
export const CloudBoolean = z
  .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
  .describe('true or false; the texts "true" and "false" of the cloud\'s answers are taken too');

/** 2 to 100 characters by the stricter of the documented rules. Source: ModifyVpnConnectionAttribute, `Name`. */
export const ConnectionName = z
  .string()
  .regex(
    /^[\p{L}][\p{L}\p{N}._-]{1,99}$/u,
    'must be 2 to 100 characters: first a letter, then letters, digits, ".", "_" or "-"',
  )
  .refine((name) => !/^https?:/i.test(name), 'must not start with http:// or https://');

const maxCidrs = 10;

function isCidr(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(text) && ipaddr.IPv4.isValidCIDR(text);
}

/** Up to ten IPv4 CIDR blocks, separated by commas. Source: ModifyVpnConnectionAttribute, `LocalSubnet`; the limit is the Terraform provider's. */
export const CidrList = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((parts) => parts.length <= maxCidrs, `must hold at most ${maxCidrs} CIDR blocks`)
  .refine(
    (parts) => parts.every(isCidr),
    'must be IPv4 CIDR blocks separated by commas, such as 10.0.0.0/16,10.1.0.0/16',
  )
  .transform((parts) => parts.join(','));

const pskCharacters = /^[A-Za-z0-9~!`@#$%^&*()_\-+={}[\]|;:,.<>/?]{1,100}$/;

/**
 * A pre-shared key, wrapped at once. Accepted is what every document agrees on: 1 to 100 characters, no spaces,
 * quotes or backslashes. Sources: ModifyVpnAttachmentAttribute (April 2024) and the SDK models 6.11 and 7.3.
 */
export const PreSharedKey = z
  .string()
  .regex(
    pskCharacters,
    'must be 1 to 100 letters, digits or ~!`@#$%^&*()_-+={}[]|;:,.<>/? without spaces, quotes or backslashes',
  )
  .transform((value) => new Secret(value));

/** Seconds an SA may live. Source: `IkeLifetime`, `IpsecLifetime`. */
export const LifetimeSeconds = z.coerce
  .number('must be a number of seconds')
  .int('must be a whole number of seconds')
  .min(0, 'must be 0 to 86400 seconds')
  .max(86_400, 'must be 0 to 86400 seconds');

/** An id in the negotiation: IP address or FQDN. Source: `LocalId`, `RemoteId`. */
export const PeerId = z.string().regex(/^\S{1,100}$/, 'must be 1 to 100 characters without spaces');

export const EncryptionAlgorithm = z.enum(['aes', 'aes192', 'aes256', 'des', '3des', 'sm4']);
export const AuthenticationAlgorithm = z.enum(['md5', 'sha1', 'sha256', 'sha384', 'sha512', 'sm3']);
export const IkePfs = z.enum(['group1', 'group2', 'group5', 'group14', 'group24']);
export const IpsecPfs = z.enum(['disabled', 'group1', 'group2', 'group5', 'group14', 'group24']);

const asnMessage = 'must be 1 to 4294967295, or X.Y with two 16-bit numbers';
const maxAsn = 4_294_967_295;

function asnOf(text: string): number {
  const dotted = /^(\d{1,5})\.(\d{1,5})$/.exec(text);
  if (!dotted) return /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  const [high, low] = [Number(dotted[1]), Number(dotted[2])];
  return high <= 65_535 && low <= 65_535 ? high * 65_536 + low : Number.NaN;
}

/** An autonomous system number, plain or as `X.Y` = X·65536+Y. Source: `BgpConfig.LocalAsn`. */
export const AutonomousSystemNumber = z
  .union([z.number(), z.string().transform(asnOf)], asnMessage)
  .refine((asn) => Number.isInteger(asn) && asn >= 1 && asn <= maxAsn, asnMessage);

const linkLocal = ipaddr.IPv4.parseCIDR('169.254.0.0/16');
const reservedTunnelCidrs = new Set([
  ...[0, 1, 2, 3, 4, 5, 6].map((third) => `169.254.${third}.0/30`),
  '169.254.169.252/30',
]);

function isTunnelCidr(text: string): boolean {
  if (!isCidr(text) || !text.endsWith('/30') || reservedTunnelCidrs.has(text)) return false;
  const [address] = ipaddr.IPv4.parseCIDR(text);
  return (
    address.match(linkLocal) &&
    ipaddr.IPv4.networkAddressFromCIDR(text).toString() === address.toString()
  );
}

/** The network of the BGP peering. Source: `BgpConfig.TunnelCidr` with its list of reserved blocks. */
export const TunnelCidr = z
  .string()
  .refine(
    isTunnelCidr,
    'must be a /30 network inside 169.254.0.0/16, not 169.254.0.0/30 to 169.254.6.0/30 and not 169.254.169.252/30',
  );

export const Ipv4Address = z
  .string()
  .refine((text) => ipaddr.IPv4.isValidFourPartDecimal(text), 'must be an IPv4 address');

const longestCertificate = 8_192;

/** The peer's CA certificate, for gateways of the SM algorithms. Source: `RemoteCaCertificate`, `RemoteCaCert`. */
export const CaCertificate = z
  .string()
  .min(1, 'must be a certificate as PEM text')
  .max(longestCertificate, `must be at most ${longestCertificate} characters`);

/** A customer gateway's id. Source: ModifyVpnAttachmentAttribute, `CustomerGatewayId`. */
export const CustomerGatewayId = z
  .string()
  .regex(/^cgw-[a-z0-9]{1,60}$/, 'must be an id such as cgw-bp1pvpl9r9adju6l5');

export const RegionId = z
  .string()
  .max(64)
  .regex(/^[a-z]{2,}(-[a-z0-9]+)+$/, 'must be a region id such as cn-hangzhou');

/** A tunnel's id, as DescribeVpnConnection shows it. */
export const TunnelId = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*-[a-z0-9][a-z0-9-]*$/, 'must be an id such as tun-opsqc4d97wni270abc');

/** Which tunnel of an attachment, as a number or its text. Source: ModifyVpnAttachmentAttribute, `TunnelIndex`. */
export const TunnelIndex = z.union(
  [z.literal([1, 2]), z.enum(['1', '2']).transform(Number)],
  'must be 1 or 2',
);

export const VpnConnectionId = z
  .string()
  .max(64)
  .regex(/^vco-[a-z0-9][a-z0-9-]*$/, 'must be an id such as vco-bp1bbi27hojx80nck9k1i');

/** Source: DescribeVpnConnections, `VpnGatewayId`. */
export const VpnGatewayId = z
  .string()
  .max(64)
  .regex(/^vpn-[a-z0-9][a-z0-9-]*$/, 'must be an id such as vpn-bp1q8bgx4xnkm2ogj7k1i');
