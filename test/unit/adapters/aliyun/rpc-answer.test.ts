import { describe, expect, it } from 'vitest';
import { readRejection } from '../../../../shared/adapters/aliyun/rpc-answer.ts';

/** What Node throws for a failed system call or a refused certificate. */
function aSystemError(code: string, syscall?: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, ...(syscall ? { syscall } : {}) });
}

const notSent = { kind: 'not_sent', code: 'ConnectionFailed' };
const broken = { kind: 'maybe_sent', code: 'ConnectionReset', requestId: null };
const unreadable = { kind: 'maybe_sent', code: 'UnreadableAnswer', requestId: null };

describe('readRejection', () => {
  it.each([
    ['ECONNREFUSED', 'connect'],
    ['EHOSTUNREACH', 'connect'],
    ['ENETUNREACH', 'connect'],
    ['ETIMEDOUT', 'connect'],
    ['ECONNRESET', 'connect'],
    ['ENOTFOUND', 'getaddrinfo'],
    ['EAI_AGAIN', 'getaddrinfo'],
  ])('knows that %s of %s comes before sending', (code, syscall) => {
    expect(readRejection(aSystemError(code, syscall), [])).toEqual(notSent);
  });

  it.each([
    ['EHOSTUNREACH', 'read'],
    ['ENETUNREACH', 'write'],
    ['ETIMEDOUT', 'read'],
    ['ECONNRESET', 'read'],
    ['EPIPE', 'write'],
    ['EPROTO', 'write'],
    ['ECONNRESET', undefined],
    ['ECONNREFUSED', undefined],
  ])('takes %s of %s for a broken connection', (code, syscall) => {
    expect(readRejection(aSystemError(code, syscall), [])).toEqual(broken);
  });

  it.each([
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('knows that nothing is sent after %s', (code) => {
    expect(readRejection(aSystemError(code), [])).toEqual(notSent);
  });

  it('looks at every address that was tried', () => {
    const refused = aSystemError('ECONNREFUSED', 'connect');
    const timedOut = aSystemError('ETIMEDOUT', 'connect');
    const reset = aSystemError('ECONNRESET', 'read');

    expect(readRejection(new AggregateError([refused, timedOut]), [])).toEqual(notSent);
    expect(readRejection(new AggregateError([refused, reset]), [])).not.toEqual(notSent);
    expect(readRejection(new AggregateError([]), [])).not.toEqual(notSent);
  });

  it.each([
    'ConnectTimeout: Connect https://x failed.',
    'ReadTimeout(15000). POST https://x failed.',
  ])('takes no timeout for certainly not sent: %s', (message) => {
    const thrown = Object.assign(new Error(message), { name: 'RequestTimeoutError' });

    expect(readRejection(thrown, [])).toEqual({
      kind: 'maybe_sent',
      code: 'Timeout',
      requestId: null,
    });
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'planted'],
    ['a type error', new TypeError('planted')],
    ['what the JSON parser throws', { name: 'SyntaxError', message: 'x', at: 0, text: 'planted' }],
    ['a code without data', { code: 'VpnGateway.Configuring' }],
  ])('keeps nothing of %s', (_what, thrown) => {
    expect(readRejection(thrown, [])).toEqual(unreadable);
  });
});
