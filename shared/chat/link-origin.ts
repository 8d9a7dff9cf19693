import { isUnknownHost } from '../platform/http/unknown-host.ts';
import type { ChatTransport } from './transport.ts';

/** Addresses that Function Compute itself gives to functions: people do not reach the API there. */
const givenByPlatform = /\.(fcapp\.run|fc\.aliyuncs\.com)\.?$/;

/**
 * The address under which people reach the API, when the request tells: it is kept, and others are sent there. Where the
 * platform does not vouch for what is said, it does not vouch for the address either.
 */
export function linkOriginOf(
  { origin, hostname }: URL,
  { signsBody }: Pick<ChatTransport, 'signsBody'>,
): string | null {
  if (!signsBody || isUnknownHost(hostname) || givenByPlatform.test(hostname)) return null;
  return origin;
}
