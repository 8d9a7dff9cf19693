import type { CloudError } from '../../connection/vpn-api.ts';
import { unreachable } from '../../platform/errors.ts';
import {
  credentialsCodes,
  lockedCodes,
  notFoundCodes,
  permissionCodes,
} from './error-codes-account.ts';
import { busyCodes, throttledCodes, unknownFateCodes } from './error-codes-passing.ts';
import { invalidCodes, quotaCodes } from './error-codes-refused.ts';
import type { CodeRow } from './error-row.ts';
import type { MaybeSentCode, NotSentCode, RpcAnswer } from './rpc-answer.ts';

/**
 * Every code of the VPC API 2016-04-28 that a public document, issue or tool names, and the families that they name by
 * pattern. Families stand in the order in which they are tried: what passes by itself before what does not.
 */
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

type Verdict = Pick<CodeRow, 'class' | 'message'>;

const isFamily = ({ code }: CodeRow): boolean => code.includes('*');

const rowByCode = new Map(
  errorTable.filter((row) => !isFamily(row)).map((row) => [row.code, row] as const),
);

const families = errorTable
  .filter(isFamily)
  .map((row) => ({ row, pattern: new RegExp(`^${row.code.split('*').map(quoted).join('.*')}$`) }));

function quoted(text: string): string {
  return text.replaceAll('.', '\\.');
}

/** A 4xx whose code nobody names: the request is wrong in a way that trying again cannot cure. */
export const unknownRefusal: Verdict = {
  class: 'invalid',
  message: 'The cloud refused the request; look its code up in the API documents.',
};

/** A failure that says nothing of what was done. */
export const unknownFailure: Verdict = {
  class: 'unknown_fate',
  message:
    'The cloud failed in an unknown way; nothing to do, the connection is read back before anything is repeated.',
};

/**
 * The class of an error code and our sentence for it. A code in the table is taken as it stands there, whatever status
 * it comes with, because throttling comes with 400 and one and the same missing gateway with 400 or 404. A code that
 * only a family covers is a guess from its name, which may explain an HTTP 4xx but never turn another status into a
 * refusal; flow control alone, documented with 400 and 503, is believed with any. Of the rest a 4xx is a refusal for
 * good, and anything else an unknown fate.
 */
export function classifyCode(code: string, httpStatus: number): Verdict {
  const isRefusal = httpStatus >= 400 && httpStatus < 500;
  const known = rowByCode.get(code) ?? familyOf(code, isRefusal);
  if (known) return { class: known.class, message: known.message };
  return isRefusal ? unknownRefusal : unknownFailure;
}

function familyOf(code: string, isRefusal: boolean): CodeRow | undefined {
  const row = families.find(({ pattern }) => pattern.test(code))?.row;
  return isRefusal || row?.class === 'throttled' ? row : undefined;
}

/** Our sentences for requests that never left. */
export const notSentMessages: Record<NotSentCode, string> = {
  ConnectionFailed:
    'The cloud could not be reached; check the network and VPC_ENDPOINT if it stays so.',
  CredentialsUnavailable:
    'There were no credentials for the call; check the role or the access key if it stays so.',
  ClientClosed: 'The service is shutting down; nothing to do, another worker goes on.',
};

/** Our sentences for requests that may have arrived. */
export const maybeSentMessages: Record<MaybeSentCode, string> = {
  Timeout:
    'No answer came in time; nothing to do, the connection is read back before anything is repeated.',
  ConnectionReset:
    'The link to the cloud broke; nothing to do, the connection is read back before anything is repeated.',
  UnreadableAnswer:
    'The answer cannot be understood; nothing to do, the connection is read back before anything is repeated.',
};

/** What went wrong with a call, in the port's words. Holds nothing that the cloud or the transport said. */
export function cloudErrorOf(answer: Exclude<RpcAnswer, { kind: 'ok' }>): CloudError {
  switch (answer.kind) {
    case 'error': {
      const { code, httpStatus, requestId } = answer;
      return { ...classifyCode(code, httpStatus), code, requestId };
    }
    case 'not_sent': {
      const { code } = answer;
      return { class: 'not_sent', code, message: notSentMessages[code], requestId: null };
    }
    case 'maybe_sent': {
      const { code, requestId } = answer;
      return { class: 'unknown_fate', code, message: maybeSentMessages[code], requestId };
    }
    default:
      return unreachable(answer);
  }
}
