import { isIPv4 } from 'node:net';

/** What a value of a JSON block may be, and the code of the answer when it is not. */
interface ValueRule {
  readonly accepts: (value: string) => boolean;
  readonly code: string;
}

/** Rules by key; keys without a rule are ignored, as the cloud ignores what it does not know (assumption). */
export type BlockRules = Readonly<Record<string, ValueRule>>;

const ENCRYPTION = ['aes', 'aes192', 'aes256', 'des', '3des'];
const AUTHENTICATION = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'];
const GROUPS = ['group1', 'group2', 'group5', 'group14'];

/** The intersection of the published character sets: no quotes, backslash or space. */
const PSK = /^[A-Za-z0-9~!`@#$%^&*()_\-+={}[\]|;:,.<>/?]{1,100}$/;

function rule(key: string, accepts: (value: string) => boolean, code?: string): ValueRule {
  return { accepts, code: code ?? `IllegalParam.${key}` };
}

function oneOf(key: string, values: readonly string[], code?: string): ValueRule {
  return rule(key, (value) => values.includes(value), code);
}

function seconds(key: string): ValueRule {
  return rule(key, (value) => /^\d{1,5}$/.test(value) && Number(value) <= 86_400);
}

function identity(key: string): ValueRule {
  return rule(key, (value) => value.length <= 100 && !/\s/.test(value));
}

/** SDK model of ModifyVpnConnectionAttribute, `IkeConfig`. */
export const ikeRules: BlockRules = {
  Psk: rule('Psk', (value) => PSK.test(value)),
  IkeVersion: oneOf('IkeVersion', ['ikev1', 'ikev2']),
  IkeMode: oneOf('IkeMode', ['main', 'aggressive']),
  IkeEncAlg: oneOf('IkeEncAlg', ENCRYPTION),
  IkeAuthAlg: oneOf('IkeAuthAlg', AUTHENTICATION),
  IkePfs: oneOf('IkePfs', GROUPS),
  IkeLifetime: seconds('IkeLifetime'),
  LocalId: identity('LocalId'),
  RemoteId: identity('RemoteId'),
};

/** The same, `IpsecConfig`; two keys have codes of their own in the document of the attachment action. */
export const ipsecRules: BlockRules = {
  IpsecEncAlg: oneOf('IpsecEncAlg', ENCRYPTION),
  IpsecAuthAlg: oneOf(
    'IpsecAuthAlg',
    AUTHENTICATION,
    'NotSupportVpnConnectionParameter.IpsecAuthAlg',
  ),
  IpsecPfs: oneOf('IpsecPfs', ['disabled', ...GROUPS], 'NotSupportVpnConnectionParameter.IpsecPfs'),
  IpsecLifetime: seconds('IpsecLifetime'),
};

/** The same, `BgpConfig`; what the network must be is checked when BGP is on. */
export const bgpRules: BlockRules = {
  EnableBgp: oneOf('EnableBgp', ['true', 'false'], 'IllegalParam.BgpConfig'),
  LocalAsn: rule('LocalAsn', (value) => asnOf(value) !== null),
  TunnelCidr: rule(
    'TunnelCidr',
    (value) => value === '' || isCidr(value),
    'InvalidTunnelCidr.Malformed',
  ),
  LocalBgpIp: rule(
    'LocalBgpIp',
    (value) => value === '' || isIPv4(value),
    'InvalidLocalBgpIp.Malformed',
  ),
};

function wholeNumber(key: string): ValueRule {
  return rule(key, (value) => /^\d{1,6}$/.test(value), 'IllegalParam.HealthCheckConfig');
}

function address(key: string): ValueRule {
  return rule(key, (value) => value === '' || isIPv4(value), 'IllegalParam.HealthCheckConfig');
}

/** The same, `HealthCheckConfig`; `Policy` exists for attachments alone. */
export const healthCheckRules: BlockRules = {
  Enable: oneOf('Enable', ['true', 'false'], 'IllegalParam.HealthCheckConfig'),
  Dip: address('Dip'),
  Sip: address('Sip'),
  Interval: wholeNumber('Interval'),
  Retry: wholeNumber('Retry'),
  Policy: oneOf('Policy', ['revoke_route', 'reserve_route'], 'IllegalParam.HealthCheckConfig'),
};

/** 1–4294967295, also as two 16-bit parts `X.Y`; null when it is neither. */
export function asnOf(text: string): number | null {
  const parts = /^(\d{1,5})\.(\d{1,5})$/.exec(text);
  if (parts) {
    const [high, low] = [Number(parts[1]), Number(parts[2])];
    return high <= 65_535 && low <= 65_535 && high + low > 0 ? high * 65_536 + low : null;
  }
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= 4_294_967_295 ? value : null;
}

function isCidr(text: string): boolean {
  const [host = '', length, ...rest] = text.split('/');
  return (
    rest.length === 0 && isIPv4(host) && /^\d{1,2}$/.test(length ?? '') && Number(length) <= 32
  );
}

/** One to ten comma-separated CIDRs (ten: the Terraform provider's limit). */
export function areSubnets(text: string): boolean {
  const subnets = text.split(',');
  return subnets.length <= 10 && subnets.every(isCidr);
}

/** 1–100 characters, no URL (SDK model of ModifyVpnConnectionAttribute). */
export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= 100 && !/^https?:\/\//i.test(text);
}

/** /30 networks of 169.254.0.0/16 that the cloud keeps for itself. */
const RESERVED_TUNNELS: ReadonlySet<string> = new Set([
  ...[0, 1, 2, 3, 4, 5, 6].map((third) => `169.254.${third}.0/30`),
  '169.254.169.252/30',
]);

/** A /30 network inside 169.254.0.0/16 that is not reserved. */
export function isTunnelNetwork(cidr: string): boolean {
  const last = /^169\.254\.\d{1,3}\.(\d{1,3})\/30$/.exec(cidr)?.[1];
  return last !== undefined && Number(last) % 4 === 0 && !RESERVED_TUNNELS.has(cidr);
}

/** Whether an address is one of the two usable ones of a /30. */
export function isInTunnelNetwork(ip: string, cidr: string): boolean {
  const network = (cidr.split('/')[0] ?? '').split('.').map(Number);
  const host = ip.split('.').map(Number);
  const offset = (host[3] ?? 0) - (network[3] ?? 0);
  return [0, 1, 2].every((part) => host[part] === network[part]) && (offset === 1 || offset === 2);
}
