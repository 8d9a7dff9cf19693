import { lookup } from 'node:dns/promises';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Clock } from '../../platform/clock.ts';
import { hostOf, isPublicAddress } from '../../platform/config/sinks.ts';
import { AppError } from '../../platform/errors.ts';

/** An address of a host. */
export interface HostAddress {
  address: string;
  family: number;
}

/** All addresses of a host name. Rejects when there are none. */
export type ResolveHost = (host: string) => Promise<readonly HostAddress[]>;

export interface PostRequest {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** From the look-up of the name to the last byte of the answer. */
  timeoutMs: number;
  /** Whether this host may have other than public addresses. */
  mayBePrivate: boolean;
}

/** What came of one POST. Not allowed: an address of the host is not a public one; nothing was sent. */
export type PostAnswer =
  | { kind: 'answered'; status: number; body: string }
  | { kind: 'not_allowed' }
  | { kind: 'unreachable' };

/** One POST; never repeated, and never redirected. */
export type CheckedPost = (request: PostRequest) => Promise<PostAnswer>;

const maxAnswerBytes = 65_536;

/** The system's resolver. */
const systemResolve: ResolveHost = (host) => lookup(host, { all: true });

/**
 * POSTs to addresses that were checked, and to no others: the name is looked up once, every address must be a public one,
 * and the connection is made to one of those. A name that changes its addresses in between (DNS rebinding) gains nothing,
 * and TLS still checks the name.
 */
export function createCheckedPost(clock: Clock, resolve: ResolveHost = systemResolve): CheckedPost {
  return async (request) => {
    const deadline = new AbortController();
    const done = new AbortController();
    const timer = clock.sleep(request.timeoutMs, done.signal).then(() => deadline.abort());
    try {
      const addresses = await Promise.race([
        addressesOf(hostOf(request.url), resolve),
        aborted(deadline.signal),
      ]);
      const isAllowed = addresses.every(({ address }) => isPublicAddress(address));
      if (!isAllowed && !request.mayBePrivate) return { kind: 'not_allowed' };
      return await post(request, addresses, deadline.signal);
    } catch {
      return { kind: 'unreachable' };
    } finally {
      done.abort();
      await timer;
    }
  };
}

/** Rejects when the signal aborts; a look-up cannot be stopped otherwise. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new AppError('unavailable', 'it took too long')));
  });
}

async function addressesOf(host: string, resolve: ResolveHost): Promise<readonly HostAddress[]> {
  if (!ipaddr.isValid(host)) return resolve(host);
  return [{ address: host, family: ipaddr.parse(host).kind() === 'ipv6' ? 6 : 4 }];
}

function post(
  { url, headers, body }: PostRequest,
  addresses: readonly HostAddress[],
  signal: AbortSignal,
): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const length = Buffer.byteLength(body);
    const request: ClientRequest = open(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': length },
      agent: false,
      lookup: answerWith(addresses),
      signal,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      readAnswer(response).then(
        (text) => resolve({ kind: 'answered', status: response.statusCode ?? 0, body: text }),
        reject,
      );
    });
    request.end(body);
  });
}

/** What Node asks when it connects; it gets what was checked. */
function answerWith(addresses: readonly HostAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

/** The body as text; an answer that is too long counts as one without a body. */
async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxAnswerBytes) {
      response.destroy();
      return '';
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
