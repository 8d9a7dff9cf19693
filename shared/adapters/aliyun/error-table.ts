import type { CloudError, CloudErrorClass } from '../../connection/vpn-api.ts';
import {
  credentialsCodes,
  lockedCodes,
  notFoundCodes,
  permissionCodes,
} from './error-codes-account.ts';
import { busyCodes, throttledCodes, unknownFateCodes } from './error-codes-passing.ts';
import { invalidCodes, quotaCodes } from './error-codes-refused.ts';
import type { CodeRow } from './error-row.ts';
import type { RpcAnswer, TransportCode } from './rpc-answer.ts';

/** Every code of the VPC API 2016-04-28 that is known by name. */
export const errorTable: readonly CodeRow[] = [
  ...busyCodes,
  ...throttledCodes,
  ...unknownFateCodes,
  ...invalidCodes,
  ...quotaCodes,
  ...lockedCodes,
  ...permissionCodes,
  ...credentialsCodes,
  ...notFoundCodes,
];

interface Verdict {
  class: CloudErrorClass;
  message: string;
}

const verdictByCode = new Map<string, Verdict>(errorTable.map((row) => [row.code, row]));

/**
 * Families that the documents and the Terraform provider name by pattern, tried in this order after the exact codes.
 * There is no `Invalid*`: it would swallow the codes of missing resources.
 */
const families: readonly (readonly [pattern: RegExp, verdict: Verdict])[] = [
  [/Throttling/, { class: 'throttled', message: 'Too many calls; slow down in this region.' }],
  [
    /^IncorrectStatus/,
    {
      class: 'busy',
      message: 'The resource is in a state that forbids the change; wait, then try again.',
    },
  ],
  [
    /^InvalidSecurityToken\./,
    {
      class: 'credentials',
      message: 'The temporary credentials are not accepted; new ones are needed.',
    },
  ],
  [
    /^Forbidden\./,
    { class: 'permission', message: 'The access key may not do this; check its RAM policy.' },
  ],
  [
    /^QuotaExceeded|\.QuotaFull$/,
    { class: 'quota', message: 'A quota of the account is used up; ask for a higher one.' },
  ],
  [
    /^(InvalidParameter|IllegalParam\.|Missing|Unsupported)/,
    { class: 'invalid', message: 'The cloud does not accept a parameter; check the plan.' },
  ],
  [
    /\.NotFound$/,
    {
      class: 'not_found',
      message: 'What the request names is not there; it may have been deleted.',
    },
  ],
];

const unknownRefusal: Verdict = {
  class: 'invalid',
  message: 'The cloud refused the request; look its code up in the API documents.',
};

const unknownFailure: Verdict = {
  class: 'unknown_fate',
  message: 'The cloud failed in an unknown way; the change may have been applied, so read it back.',
};

/**
 * The class of an error code and our sentence for it: exact code first, then its family; of the rest an HTTP 4xx is a
 * refusal for good, and anything else an unknown fate. The status decides nothing more, because throttling comes with
 * 400 and one and the same missing gateway with 400 or 404.
 */
export function classifyCode(code: string, httpStatus: number): Verdict {
  const known = verdictByCode.get(code) ?? families.find(([pattern]) => pattern.test(code))?.[1];
  if (known) return { class: known.class, message: known.message };
  return httpStatus >= 400 && httpStatus < 500 ? unknownRefusal : unknownFailure;
}

const transportMessages: Record<TransportCode, string> = {
  ConnectionFailed: 'The cloud could not be reached; nothing was sent.',
  CredentialsUnavailable: 'There were no credentials for the call; nothing was sent.',
  ClientClosed: 'The service is shutting down; nothing was sent.',
  Timeout: 'No answer in time; the change may have been applied, so read it back.',
  ConnectionReset: 'The connection broke; the change may have been applied, so read it back.',
  UnreadableAnswer:
    'The answer cannot be understood; the change may have been applied, so read it back.',
};

/** What went wrong with a call, in the port's words. Holds nothing that the cloud or the transport said. */
export function cloudErrorOf(answer: Exclude<RpcAnswer, { kind: 'ok' }>): CloudError {
  if (answer.kind === 'error') {
    const { code, requestId } = answer;
    return { ...classifyCode(code, answer.httpStatus), code, requestId };
  }
  return {
    class: answer.kind === 'not_sent' ? 'not_sent' : 'unknown_fate',
    code: answer.code,
    message: transportMessages[answer.code],
    requestId: answer.kind === 'not_sent' ? null : answer.requestId,
  };
}
