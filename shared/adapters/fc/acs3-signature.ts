import { createHash, createHmac } from 'node:crypto';

/** A request before it is signed. */
export interface UnsignedRequest {
  method: string;
  /** Percent-encoded. */
  path: string;
  query: Readonly<Record<string, string>>;
  /** By lower-case names. `host`, `content-type` and every `x-acs-…` are signed; others go along unsigned. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

const algorithm = 'ACS3-HMAC-SHA256';

/**
 * The headers that sign a request: `x-acs-content-sha256` and `authorization`.
 * Source: "V3 version request body and signature mechanism" of Alibaba Cloud's API documentation.
 */
export function acs3Headers(
  request: UnsignedRequest,
  key: { id: string; secret: string },
): Record<string, string> {
  const contentDigest = sha256(request.body);
  const headers: Record<string, string> = {
    ...request.headers,
    'x-acs-content-sha256': contentDigest,
  };
  const signed = Object.keys(headers).filter(isSigned).sort();
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    signed.map((name) => `${name}:${headers[name]?.trim()}\n`).join(''),
    signed.join(';'),
    contentDigest,
  ].join('\n');
  const signature = createHmac('sha256', key.secret)
    .update(`${algorithm}\n${sha256(canonical)}`)
    .digest('hex');
  const authorization = `${algorithm} Credential=${key.id},SignedHeaders=${signed.join(';')},Signature=${signature}`;
  return { 'x-acs-content-sha256': contentDigest, authorization };
}

function isSigned(name: string): boolean {
  return name === 'host' || name === 'content-type' || name.startsWith('x-acs-');
}

function canonicalQuery(query: UnsignedRequest['query']): string {
  const encoded = Object.entries(query).map(
    ([name, value]) => `${percent(name)}=${percent(value)}`,
  );
  return encoded.sort().join('&');
}

/** RFC 3986: everything but letters, digits and `- _ . ~`. */
function percent(text: string): string {
  const asHex = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, asHex);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
