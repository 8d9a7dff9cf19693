import { createHash, createHmac } from 'node:crypto';
import type { KeyRing } from './access-keys.ts';
import type { SimulatorRequest } from './answers.ts';
import { ApiFault } from './errors.ts';
import { missing } from './parameters.ts';
import { canonicalForm, checkTimestamp, isSame, mismatch } from './signing.ts';

const ALGORITHM = 'ACS3-HMAC-SHA256';

/** What the `Authorization` header says. */
interface Authorization {
  readonly algorithm: string;
  readonly keyId: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Whether a request is signed in its headers (help page "V3 request body and signature mechanism"). */
export function isAcs3(request: SimulatorRequest): boolean {
  return request.headers.authorization?.startsWith('ACS3-') ?? false;
}

/**
 * Checks an ACS3 signature: over the method, the query, the signed headers and the body.
 * @throws ApiFault with the code of the first thing that is wrong.
 */
export function verifyAcs3(keys: KeyRing, request: SimulatorRequest, now: number): void {
  const { algorithm, keyId, signedHeaders, signature } = authorizationOf(request);
  if (algorithm !== ALGORITHM) throw new ApiFault('InvalidSignatureMethod');
  const timestamp = checkTimestamp(requiredHeader(request, 'x-acs-date'), now);
  const nonce = requiredHeader(request, 'x-acs-signature-nonce');
  requiredHeader(request, 'x-acs-content-sha256');
  const key = keys.find(keyId, request.headers['x-acs-security-token'], now);
  if (unsigned(request, signedHeaders).length > 0) throw new ApiFault('IncompleteSignature');
  const canonical = canonicalRequest(request, signedHeaders);
  const text = `${ALGORITHM}\n${sha256(canonical)}`;
  const expected = createHmac('sha256', key.secret).update(text).digest('hex');
  if (!isSame(signature, expected)) throw mismatch(canonical);
  keys.useNonce(keyId, nonce, timestamp, now);
}

/** @throws ApiFault `IncompleteSignature`. */
function authorizationOf({ headers }: SimulatorRequest): Authorization {
  const [algorithm = '', ...rest] = (headers.authorization ?? '').split(' ');
  const parts = new Map(
    rest
      .join('')
      .split(',')
      .map((part) => {
        const [name = '', ...value] = part.split('=');
        return [name, value.join('=')];
      }),
  );
  const keyId = parts.get('Credential');
  const signedHeaders = parts.get('SignedHeaders');
  const signature = parts.get('Signature');
  if (!keyId || !signedHeaders || !signature) throw new ApiFault('IncompleteSignature');
  return { algorithm, keyId, signedHeaders: signedHeaders.split(';'), signature };
}

function requiredHeader({ headers }: SimulatorRequest, name: string): string {
  const value = headers[name];
  if (value) return value;
  throw missing(name);
}

/** Headers that have to be signed and are not: `host`, `content-type` and all of the cloud's own. */
function unsigned({ headers }: SimulatorRequest, signed: readonly string[]): readonly string[] {
  return Object.keys(headers).filter(
    (name) =>
      (name === 'host' || name === 'content-type' || name.startsWith('x-acs-')) &&
      !signed.includes(name),
  );
}

function canonicalRequest(request: SimulatorRequest, signedHeaders: readonly string[]): string {
  const [path = '/', ...query] = request.path.split('?');
  const headers = signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim()}\n`);
  return [
    request.method,
    path,
    canonicalForm(new URLSearchParams(query.join('?'))),
    headers.join(''),
    signedHeaders.join(';'),
    // Of the body as it came, whatever `x-acs-content-sha256` says that it is.
    sha256(request.body),
  ].join('\n');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
