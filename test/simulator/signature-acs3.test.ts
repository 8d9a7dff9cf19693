import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SimulatorRequest } from '../../local/simulator/answers.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
  type SimulatorOptions,
} from '../../local/simulator/simulator.ts';
import { aSmallInventory, FakeClock, REGION, type Reply, replyOf, stamp } from './cloud.ts';

const MINUTE_MS = 60_000;

interface Acs3 {
  readonly clock: FakeClock;
  readonly simulator: Simulator;
  /** Signs a request, lets the caller spoil it, and sends it. */
  readonly call: (
    given?: Partial<Signed>,
    spoil?: (request: SimulatorRequest) => SimulatorRequest,
  ) => Promise<Reply>;
}

interface Signed {
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly keyId: string;
  readonly secret: string;
  readonly algorithm: string;
  readonly isUnsigned: (header: string) => boolean;
}

function anAcs3(options: SimulatorOptions = {}): Acs3 {
  const clock = new FakeClock();
  const simulator = createSimulator({ clock, inventory: aSmallInventory(), ...options });
  let nonce = 0;
  return {
    clock,
    simulator,
    call: async (given = {}, spoil = (request) => request) => {
      nonce += 1;
      const request = signed({
        query: { RegionId: REGION },
        body: '',
        keyId: DEMO_ACCESS_KEY.accessKeyId,
        secret: DEMO_ACCESS_KEY.accessKeySecret,
        algorithm: 'ACS3-HMAC-SHA256',
        isUnsigned: () => false,
        ...given,
        headers: {
          host: '127.0.0.1:1',
          'x-acs-action': 'DescribeVpnConnections',
          'x-acs-version': '2016-04-28',
          'x-acs-date': stamp(clock.now()),
          'x-acs-signature-nonce': `nonce-${nonce}`,
          ...given.headers,
        },
      });
      return replyOf(await simulator.handle(spoil(request)));
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Signs on its own, so that the simulator's signature check is not checked against itself. */
function signed({ query, body, secret, keyId, algorithm, isUnsigned, ...rest }: Signed) {
  const headers: Record<string, string> = { ...rest.headers, 'x-acs-content-sha256': sha256(body) };
  const form = Object.keys(query)
    .sort()
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(query[name] ?? '')}`)
    .join('&');
  const names = Object.keys(headers)
    .filter((name) => !isUnsigned(name))
    .sort();
  const canonical = [
    'POST',
    '/',
    form,
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const signature = createHmac('sha256', secret)
    .update(`${algorithm}\n${sha256(canonical)}`)
    .digest('hex');
  headers.authorization = `${algorithm} Credential=${keyId},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return { method: 'POST', path: `/?${form}`, headers, body };
}

function withHeader(name: string, value: string | undefined) {
  return (request: SimulatorRequest): SimulatorRequest => ({
    ...request,
    headers: { ...request.headers, [name]: value },
  });
}

describe('signatures in headers (BEHAVIOUR.md "Signatures")', () => {
  it('let a well signed request in, with parameters in the query and in the body', async () => {
    const { call } = anAcs3();

    const { status, body } = await call({
      query: { RegionId: REGION, VpnGatewayId: 'vpn-1' },
      body: 'PageSize=2&Tag.1.Key=x%20y',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

    expect({ status, body }).toMatchObject({ status: 200, body: { PageSize: 2, TotalCount: 0 } });
  });

  it.each([
    ['a wrong secret', { secret: 'wrong' }, 400, 'SignatureDoesNotMatch'],
    ['an unknown key', { keyId: 'LTAIother' }, 404, 'InvalidAccessKeyId.NotFound'],
    ['another algorithm', { algorithm: 'ACS3-HMAC-SM3' }, 400, 'InvalidSignatureMethod'],
    ['a malformed date', { headers: { 'x-acs-date': 'today' } }, 400, 'InvalidTimeStamp.Format'],
    ['no date', { headers: { 'x-acs-date': '' } }, 400, 'MissingParameter'],
    ['no nonce', { headers: { 'x-acs-signature-nonce': '' } }, 400, 'MissingParameter'],
    ['no action', { headers: { 'x-acs-action': '' } }, 400, 'MissingParameter'],
    ['an unknown action', { headers: { 'x-acs-action': 'Nonsense' } }, 404, 'InvalidApi.NotFound'],
    ['another version', { headers: { 'x-acs-version': '2014-05-26' } }, 404, 'InvalidApi.NotFound'],
    [
      'an uncalled-for token',
      { headers: { 'x-acs-security-token': 'x' } },
      400,
      'InvalidSecurityToken.Malformed',
    ],
    [
      'a header of the cloud that is not signed',
      { isUnsigned: (header: string) => header === 'x-acs-action' },
      400,
      'IncompleteSignature',
    ],
    [
      'a host that is not signed',
      { isUnsigned: (header: string) => header === 'host' },
      400,
      'IncompleteSignature',
    ],
  ])('refuse %s', async (_what, given, status, code) => {
    const { call } = anAcs3();

    expect(await call(given)).toMatchObject({ status, body: { Code: code } });
  });

  it.each<[string, (request: SimulatorRequest) => SimulatorRequest]>([
    ['another body', (request) => ({ ...request, body: 'PageSize=50' })],
    ['one more parameter', (request) => ({ ...request, path: `${request.path}&PageSize=50` })],
    ['another value', (request) => ({ ...request, path: '/?RegionId=eu-central-1' })],
    ['another path', (request) => ({ ...request, path: request.path.replace('/?', '/x?') })],
    ['another method', (request) => ({ ...request, method: 'GET' })],
    ['another action', withHeader('x-acs-action', 'DescribeVpnGateways')],
    ['another nonce', withHeader('x-acs-signature-nonce', 'other')],
    ['another date', withHeader('x-acs-date', '2026-01-02T03:04:06Z')],
    ['another digest', withHeader('x-acs-content-sha256', '0'.repeat(64))],
  ])('refuse what was signed with %s', async (_what, spoil) => {
    const { call } = anAcs3();

    const reply = await call({}, spoil);

    expect(reply).toMatchObject({ status: 400, body: { Code: 'SignatureDoesNotMatch' } });
  });

  it.each([
    'ACS3-HMAC-SHA256',
    'ACS3-HMAC-SHA256 ',
    'ACS3-HMAC-SHA256 Credential=LTAIsimulator,SignedHeaders=host',
    'ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=x',
  ])('refuse the header %j as incomplete', async (header) => {
    const { call } = anAcs3();

    const reply = await call({}, withHeader('authorization', header));

    expect(reply.body.Code).toBe('IncompleteSignature');
  });

  it.each([
    [14 * MINUTE_MS, undefined],
    [16 * MINUTE_MS, 'InvalidTimeStamp.Expired'],
    [-14 * MINUTE_MS, undefined],
    [-16 * MINUTE_MS, 'InvalidTimeStamp.Expired'],
  ])('take a date that is %d ms off with %s', async (offMs, code) => {
    const { call, clock } = anAcs3();

    const reply = await call({ headers: { 'x-acs-date': stamp(clock.now() + offMs) } });

    expect(reply.body.Code).toBe(code);
  });

  it('use up their nonce, but only when they are right', async () => {
    const { call } = anAcs3();
    const headers = { 'x-acs-signature-nonce': 'same' };

    const codes = [
      (await call({ headers, secret: 'wrong' })).body.Code,
      (await call({ headers })).body.Code,
      (await call({ headers })).body.Code,
    ];

    expect(codes).toEqual(['SignatureDoesNotMatch', undefined, 'SignatureNonceUsed']);
  });

  it('come with the security token of a temporary key', async () => {
    const accessKeys = { 'STS.x': { secret: 's', securityToken: 'token' } };
    const { call } = anAcs3({ accessKeys });
    const sts = { keyId: 'STS.x', secret: 's' };

    const withToken = await call({ ...sts, headers: { 'x-acs-security-token': 'token' } });
    const without = await call(sts);

    expect(withToken.status).toBe(200);
    expect(without.body.Code).toBe('InvalidSecurityToken.Malformed');
  });

  it('do not count when requests are told apart by their client token', async () => {
    const { call, simulator } = anAcs3();
    const change = {
      query: { RegionId: REGION, VpnConnectionId: 'vco-a', Name: 'new', ClientToken: 't' },
      headers: { 'x-acs-action': 'ModifyVpnConnectionAttribute' },
    };

    const first = await call(change);
    const again = await call(change);

    expect([first.status, again.status]).toEqual([200, 200]);
    expect(simulator.record.writes().map((write) => write.outcome)).toEqual([
      'accepted',
      'repeated',
    ]);
  });
});
