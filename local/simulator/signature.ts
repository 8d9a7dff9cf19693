import { createHmac } from 'node:crypto';
import { type AccessKey, KeyRing } from './access-keys.ts';
import type { SimulatorRequest } from './answers.ts';
import { ApiFault } from './errors.ts';
import { type Parameters, requiredText } from './parameters.ts';
import { isAcs3, verifyAcs3 } from './signature-acs3.ts';
import { canonicalForm, checkTimestamp, isSame, mismatch, percentEncode } from './signing.ts';

/** Checks a request's signature, replays included; `params` are those of its query and body. */
export interface SignatureCheck {
  /** @throws ApiFault with the code of the first thing that is wrong. */
  verify(request: SimulatorRequest, params: Parameters, now: number): void;
}

/** Checks both kinds of signature: version 1.0 in the parameters, and ACS3 in the headers. */
export function createSignatureCheck(
  accessKeys: Readonly<Record<string, string | AccessKey>>,
): SignatureCheck {
  const keys = new KeyRing(accessKeys);
  return {
    verify(request, params, now) {
      if (isAcs3(request)) verifyAcs3(keys, request, now);
      else verifyRpc(keys, request.method, params, now);
    },
  };
}

/** Version 1.0 with HMAC-SHA1 (help page "Request signatures", RPC style). */
function verifyRpc(keys: KeyRing, method: string, params: Parameters, now: number): void {
  const keyId = requiredText(params, 'AccessKeyId');
  if (requiredText(params, 'SignatureMethod') !== 'HMAC-SHA1') {
    throw new ApiFault('InvalidSignatureMethod');
  }
  if (requiredText(params, 'SignatureVersion') !== '1.0') throw new ApiFault('IncompleteSignature');
  const timestamp = checkTimestamp(requiredText(params, 'Timestamp'), now);
  const nonce = requiredText(params, 'SignatureNonce');
  const key = keys.find(keyId, params.get('SecurityToken'), now);
  const given = params.get('Signature');
  if (!given) throw new ApiFault('IncompleteSignature');
  const text = stringToSign(method, params);
  const expected = createHmac('sha1', `${key.secret}&`).update(text).digest('base64');
  // The real server quotes every parameter here, values URL-encoded twice (issue aliyun/openapi-core-ruby-sdk#32).
  if (!isSame(given, expected)) throw mismatch(text);
  keys.useNonce(keyId, nonce, timestamp, now);
}

function stringToSign(method: string, params: Parameters): string {
  const signed = [...params].filter(([name]) => name !== 'Signature');
  return `${method}&%2F&${percentEncode(canonicalForm(signed))}`;
}
