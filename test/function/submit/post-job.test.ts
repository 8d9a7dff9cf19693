import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/platform/errors.ts';
import { reveal } from '../../../shared/platform/secret-reveal.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { intentKeyContext } from '../../../shared/secret/seal-context.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables, type TestDatabase } from '../../helpers/databases.ts';
import { aPlan, aTarget } from '../../helpers/factories.ts';

async function countRows(database: TestDatabase, table: string): Promise<number> {
  const [row] = await database.query(`SELECT count(*)::int AS n FROM lanekeeper.${table}`);
  return Number(row?.n);
}

/** Everything that is stored, as one text. */
async function storedText(database: TestDatabase): Promise<string> {
  const tables = await database.query(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'lanekeeper'`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query(`SELECT t::text AS row FROM lanekeeper.${name} t`);
    texts.push(...rows.map(({ row }) => `${name}: ${row}`));
  }
  return texts.join('\n');
}

const idOf = async (response: Response): Promise<string> => JobBody.parse(await response.json()).id;

describe.each(databaseKinds)('POST /v1/jobs on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  afterEach(() => emptyAllTables(database));

  it('stores the job with its changes and answers 202 with its place', async () => {
    const { post, get, wakes } = createTestApp(database);

    const response = await post(aPlan());
    const job = JobBody.strict().parse(await response.json());

    expect(response.status).toBe(202);
    expect(response.headers.get('Location')).toBe(`/v1/jobs/${job.id}`);
    expect(job).toMatchObject({
      title: 'stronger algorithms',
      state: 'resolving',
      createdBy: 'ops',
      total: 2,
      counts: { queued: 2, succeeded: 0 },
      progress: 0,
      startedAt: null,
      planDigest: null,
    });
    expect(wakes).toEqual([0]);
    expect(await (await get(`/v1/jobs/${job.id}`)).json()).toEqual(job);
  });

  it('has every change of a large plan readable when it answers', async () => {
    const { post, get } = createTestApp(database);

    const id = await idOf(await post(aPlan({}, 2500)));

    const seen: string[] = [];
    let cursor = '';
    do {
      const response = await get(`/v1/jobs/${id}/changes?limit=1000${cursor}`);
      const page: {
        items: { vpnConnectionId: string; state: string }[];
        nextCursor: string | null;
      } = JSON.parse(await response.text());
      seen.push(...page.items.map(({ vpnConnectionId }) => vpnConnectionId));
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(connectionsOf(2500));
  });

  it('answers without a total while selectors are to be resolved', async () => {
    const { post, get } = createTestApp(database);
    const targets = [aTarget(0), { regionId: 'cn-hangzhou', select: { name: 'branch-*' } }];

    const response = await post(aPlan({ targets, rollout: { concurrency: '100%' } }));
    const id = await idOf(response.clone());
    const changes = await get(`/v1/jobs/${id}/changes`);

    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      total: null,
      progress: 0,
      counts: { queued: 1 },
    });
    expect(await changes.json()).toMatchObject({ items: [{ vpnConnectionId: 'vco-00000' }] });
  });

  it('stores what a plan means: policy, limits, intents and sealed keys', async () => {
    const { post, sealer } = createTestApp(database);
    const set = { IkeConfig: { Psk: 'n3wK3y', IkeVersion: 'ikev2' } };
    const targets = [aTarget(0), aTarget(1), aTarget(2, { set: { Name: 'branch-2' } }), aTarget(0)];
    const rollout = { concurrency: '30%', maxErrors: '30%' };

    const id = await idOf(await post(aPlan({ set, targets, rollout, onFailure: 'continue' })));

    const [job] = await database.query(
      `SELECT on_failure, max_errors, max_in_flight FROM lanekeeper.job`,
    );
    expect(job).toEqual({ on_failure: 'continue', max_errors: 1, max_in_flight: 2 });
    const intents = await database.query(
      `SELECT number, fields, sealed_keys, key_digests FROM lanekeeper.intent ORDER BY number`,
    );
    expect(intents).toEqual([
      {
        number: 0,
        fields: { 'IkeConfig.IkeVersion': 'ikev2' },
        sealed_keys: { 'IkeConfig.Psk': expect.stringMatching(/^v2\./) },
        key_digests: { 'IkeConfig.Psk': expect.stringMatching(/^hmac:/) },
      },
      { number: 1, fields: { Name: 'branch-2' }, sealed_keys: {}, key_digests: {} },
    ]);
    const sealed = Object(intents[0]?.sealed_keys)['IkeConfig.Psk'];
    const context = intentKeyContext(id, 0, 'IkeConfig.Psk');
    expect(reveal(sealer.open(String(sealed), context))).toBe('n3wK3y');
    const changes = await database.query(
      `SELECT vpn_connection_id AS id, intent_number AS intent FROM lanekeeper.change ORDER BY seq`,
    );
    expect(changes.map(({ id: connection, intent }) => [connection, intent])).toEqual([
      ['vco-00000', 0],
      ['vco-00001', 0],
      ['vco-00002', 1],
      ['vco-00000', 0],
    ]);
  });

  it('finds the same job for the same key and plan, however it is spelled', async () => {
    const { post } = createTestApp(database);
    const key = { 'Idempotency-Key': 'k1' };

    const first = await post(aPlan(), key);
    const second = await post(aPlan({ onFailure: 'stop', acceptOutage: false }), key);

    expect([first.status, second.status]).toEqual([202, 200]);
    expect(await idOf(second)).toBe(await idOf(first));
    expect(await countRows(database, 'job')).toBe(1);
  });

  it('refuses the same key with another plan, even if only a pre-shared key differs', async () => {
    const { post } = createTestApp(database);
    const key = { 'Idempotency-Key': 'k1' };
    await post(aPlan({ set: { IkeConfig: { Psk: 'one' } } }), key);

    const response = await post(aPlan({ set: { IkeConfig: { Psk: 'two' } } }), key);

    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: 'idempotency_key_reused' });
    expect(await countRows(database, 'job')).toBe(1);
  });

  it('keeps the keys of different actors apart', async () => {
    const { post } = createTestApp(database);
    const key = { 'Idempotency-Key': 'k1' };

    const mine = await post(aPlan(), key);
    const theirs = await post(aPlan(), { ...key, Authorization: `Bearer ${bearer.other}` });

    expect([mine.status, theirs.status]).toEqual([202, 202]);
    expect(await countRows(database, 'job')).toBe(2);
  });

  it('makes one job of twenty requests with one key at once', async () => {
    const { post } = createTestApp(database);

    const responses = await Promise.all(
      Array.from({ length: 20 }, () => post(aPlan(), { 'Idempotency-Key': 'k1' })),
    );

    expect(responses.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 202]);
    expect(new Set(await Promise.all(responses.map(idOf))).size).toBe(1);
    expect(await countRows(database, 'job')).toBe(1);
    expect(await countRows(database, 'change')).toBe(2);
  });

  it('makes one job of requests with one key over two servers at once', async () => {
    const [here, there] = [createTestApp(database), createTestApp(await database.another())];

    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, turn) =>
        (turn % 2 === 0 ? here : there).post(aPlan(), { 'Idempotency-Key': 'k1' }),
      ),
    );

    expect(new Set(await Promise.all(responses.map(idOf))).size).toBe(1);
    expect(await countRows(database, 'keyring')).toBe(1);
  });

  it('accepts the job even if the worker cannot be woken', async () => {
    const wake = () => Promise.reject(new AppError('unavailable', 'no worker'));
    const { post, lines } = createTestApp(database, { waker: { wake } });

    const response = await post(aPlan());

    expect(response.status).toBe(202);
    expect(lines.join('\n')).toContain('worker not woken');
  });

  const tooLong = 'x'.repeat(129);
  it.each<[string, number, string, unknown, Record<string, string>]>([
    ['invalid JSON', 400, 'invalid_json', '{"title":', {}],
    ['an empty body', 400, 'invalid_json', '', {}],
    ['a wrong type', 400, 'invalid_plan', aPlan({ title: 1 }), {}],
    ['an unknown key', 400, 'invalid_plan', aPlan({ x: 1 }), {}],
    ['empty targets', 400, 'invalid_plan', aPlan({ targets: [] }), {}],
    ['too many targets', 400, 'invalid_plan', aPlan({}, 20_001), {}],
    ['an empty idempotency key', 400, 'invalid_request', aPlan(), { 'Idempotency-Key': '' }],
    ['a long idempotency key', 400, 'invalid_request', aPlan(), { 'Idempotency-Key': tooLong }],
    ['no token', 401, 'unauthenticated', aPlan(), { Authorization: '' }],
    ['a wrong token', 401, 'unauthenticated', aPlan(), { Authorization: 'Bearer nobody' }],
    ['a viewer', 403, 'forbidden', aPlan(), { Authorization: `Bearer ${bearer.viewer}` }],
    ['a body that is too large', 413, 'too_large', ' '.repeat(16 * 1024 * 1024 + 1), {}],
    [
      'another content type',
      415,
      'unsupported_media_type',
      aPlan(),
      { 'Content-Type': 'text/yaml' },
    ],
  ])(
    'refuses %s with %i %s, stores nothing and goes on',
    async (_, status, code, body, headers) => {
      const { post, wakes } = createTestApp(database);

      const response = await post(body, headers);

      expect(response.status).toBe(status);
      expect(response.headers.get('Content-Type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ code, status });
      expect(await countRows(database, 'job')).toBe(0);
      expect(await countRows(database, 'change')).toBe(0);
      expect(wakes).toEqual([]);
      expect((await post(aPlan())).status).toBe(202);
    },
  );

  it('lists every fault of a plan', async () => {
    const { post } = createTestApp(database);

    const response = await post({ targets: [aTarget(0), {}], set: { IkeConfig: { IkePfs: 'x' } } });

    expect(await response.json()).toMatchObject({
      errors: [
        { path: '/title', message: 'is required' },
        { path: '/targets/1/regionId', message: 'is required' },
        { path: '/targets/1', message: 'needs a vpnConnectionId or a select' },
        { path: '/set/IkeConfig/IkePfs', message: expect.stringContaining('group14') },
      ],
    });
  });

  it('lets no pre-shared key out: not in an answer, a log line or a stored column', async () => {
    const canary = 'C4nary-0f-the-m1ne';
    const { post, get, lines } = createTestApp(database);
    const set = { IkeConfig: { Psk: canary } };
    const bodies: unknown[] = [
      aPlan({ set }),
      aPlan({ targets: [aTarget(0, { set }), aTarget(1)] }),
      aPlan({ set, colour: canary }),
      aPlan({ set: { IkeConfig: { Psk: `${canary} ${canary}` } } }),
      aPlan({ set: { IkeConfig: { psk: canary }, Psk: canary } }),
      aPlan({ set: { TunnelOptionsSpecification: [{ TunnelIkeConfig: { Psk: canary } }] } }),
      aPlan({ rotatePsk: canary, handover: canary }),
      aPlan({ set: canary }),
      `{"title":"x","set":{"IkeConfig":{"Psk":"${canary}"`,
      `"${canary}"`,
    ];

    const answers: string[] = [];
    for (const [turn, body] of bodies.entries()) {
      const response = await post(body, { 'Idempotency-Key': `k${turn}` });
      answers.push(JSON.stringify(Object.fromEntries(response.headers)), await response.text());
    }
    const reused = await post(aPlan({ set, title: 'another' }), { 'Idempotency-Key': 'k0' });
    answers.push(await reused.text());
    const list: { items: { id: string }[] } = JSON.parse(await (await get('/v1/jobs')).text());
    for (const { id } of list.items) {
      answers.push(await (await get(`/v1/jobs/${id}`)).text());
      answers.push(await (await get(`/v1/jobs/${id}/changes`)).text());
    }

    expect(list.items).toHaveLength(2);
    expect(answers.join('\n')).not.toContain(canary);
    expect(lines.join('\n')).not.toContain(canary);
    const stored = await storedText(database);
    expect(stored).toContain('vco-00000');
    expect(stored).not.toContain(canary);
    expect(stored).not.toContain(Buffer.from(canary).toString('base64').replaceAll('=', ''));
  });
});

function connectionsOf(size: number): unknown[] {
  return Array.from({ length: size }, (_, index) => aTarget(index).vpnConnectionId);
}
