import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type Caller, callerOf, jsonBody, startHostProcess } from '../helpers/host.ts';

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const tokens = { operator: 'operator-token-of-the-test', viewer: 'viewer-token-of-the-test' };
const target = { regionId: 'cn-hangzhou', vpnConnectionId: 'vco-bp1aaaaaaaaaaaaaaaaaa' };
const plan = { title: 'fine', targets: [target], set: { EnableDpd: true } };

let url = '';
let operator: Caller;

beforeAll(async () => {
  const known = (['operator', 'viewer'] as const).map((role) => ({
    name: role,
    sha256: createHash('sha256').update(tokens[role]).digest('hex'),
    roles: [role],
  }));
  const host = await startHostProcess({
    DATA_DIR: ':memory:',
    API_TOKENS: JSON.stringify(known),
  });
  url = host.url;
  operator = callerOf(url, tokens.operator);
});

/** One request after which nothing is stored and the service still answers. */
async function refusal(
  init: RequestInit,
  token: string | null = tokens.operator,
): Promise<{ status: number; type: string | null; problem: unknown; text: string }> {
  const response = await callerOf(url, token).send('/v1/jobs', init);
  const text = await response.text();
  const jobs = await (await operator.send('/v1/jobs')).json();
  expect(jobs).toEqual({ items: [], nextCursor: null });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const type = response.headers.get('content-type');
  return { status: response.status, type, problem: JSON.parse(text), text };
}

describe('a plan with faults', () => {
  it.each([
    ['a wrong type', { ...plan, title: 7 }, ['/title']],
    ['an unknown key', { ...plan, targts: [] }, ['/targts']],
    ['no targets', { ...plan, targets: [] }, ['/targets']],
    [
      'too many targets',
      { ...plan, targets: Array.from({ length: 20_001 }, () => target) },
      ['/targets'],
    ],
    [
      'many faults at once',
      {
        title: '',
        targets: [target, { regionId: 5, vpnConnectionId: 'x' }],
        set: { IkeConfig: { IkePfs: 'group99', ikeVersion: 'ikev2' } },
        rollout: { concurrency: -1 },
        rotatePsk: true,
      },
      [
        '/title',
        '/targets/1/regionId',
        '/targets/1/vpnConnectionId',
        '/set/IkeConfig/IkePfs',
        '/set/IkeConfig/ikeVersion',
        '/rollout/concurrency',
        '/handover/deliverTo',
      ],
    ],
    ['a list instead of a plan', [], ['']],
  ])('is refused with every fault by JSON pointer: %s', async (_, body, paths) => {
    const { status, type, problem } = await refusal(jsonBody(body));

    expect(status).toBe(400);
    expect(type).toContain('application/problem+json');
    expect(problem).toMatchObject({
      status: 400,
      code: 'invalid_plan',
      errors: expect.arrayContaining(
        paths.map((path) => ({ path, message: expect.stringMatching(/./) })),
      ),
    });
  });

  it('is refused without its keys being repeated', async () => {
    const Psk = 'not for anybody\u0001';

    const { status, text } = await refusal(jsonBody({ ...plan, set: { IkeConfig: { Psk } } }));

    expect(status).toBe(400);
    expect(text).not.toContain('not for anybody');
  });
});

describe('a request with faults', () => {
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify(plan);

  it.each([
    ['invalid JSON', { headers: json, body: '{"title":' }, 400, 'invalid_json'],
    ['an empty body', { headers: json, body: '' }, 400, 'invalid_json'],
    ['no content type', { body: Buffer.from(body) }, 415, 'unsupported_media_type'],
    [
      'another content type',
      { headers: { 'content-type': 'text/plain' }, body },
      415,
      'unsupported_media_type',
    ],
    ['17 MiB', { headers: json, body: Buffer.alloc(17 * 2 ** 20, ' ') }, 413, 'too_large'],
    [
      'an empty Idempotency-Key',
      { headers: { ...json, 'idempotency-key': '' }, body },
      400,
      'invalid_request',
    ],
  ])('is refused: %s', async (_, init, status, code) => {
    const refused = await refusal({ method: 'POST', ...init });

    expect(refused).toMatchObject({ status, problem: { status, code } });
    expect(refused.type).toContain('application/problem+json');
  });

  it.each([
    ['no token', null, 401, 'unauthenticated'],
    ['an unknown token', 'guessed', 401, 'unauthenticated'],
    ["a viewer's token", tokens.viewer, 403, 'forbidden'],
  ])('is refused before its body is looked at: %s', async (_, token, status, code) => {
    const refused = await refusal({ method: 'POST', headers: json, body: 'not even JSON' }, token);

    expect(refused).toMatchObject({ status, problem: { status, code } });
  });
});
