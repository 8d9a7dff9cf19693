import { beforeEach, describe, expect, it } from 'vitest';
import { AuditList } from '../../../shared/auth/audit-routes.ts';
import { systemClock } from '../../../shared/platform/clock.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { aGate, bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables, useVirtualDatabaseClock } from '../../helpers/databases.ts';
import { anApiToken, aPlan } from '../../helpers/factories.ts';

const edge = { address: '192.0.2.7' };

describe.each(databaseKinds)('who may call, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(async () => {
    await emptyAllTables(database);
    // It stands still: what a minute allows is counted within one minute.
    await useVirtualDatabaseClock(database, systemClock);
  });

  function anApp(requestsPerMinute = 1_000) {
    const tokens = [
      anApiToken('ops', bearer.operator, ['operator']),
      anApiToken('eyes', bearer.viewer, ['viewer']),
      anApiToken('boss', bearer.admin, ['admin']),
    ];
    const { app, lines } = createTestApp(database, aGate(database, tokens, requestsPerMinute));
    const call = (
      token: string,
      path: string,
      init: { method?: string; body?: string; headers?: Record<string, string> } = {},
      from: { address: string | null } = edge,
    ) =>
      app.fetch(
        new Request(`http://lanekeeper.test${path}`, {
          ...init,
          headers: {
            ...init.headers,
            Authorization: `Bearer ${token}`,
            'Content-Type': 'application/json',
          },
        }),
        from,
      );
    const submit = (token: string) =>
      call(token, '/v1/jobs', { method: 'POST', body: JSON.stringify(aPlan()) });
    const audit = async (query = '') =>
      AuditList.parse(await (await call(bearer.admin, `/v1/audit${query}`)).json()).items;
    return { call, submit, audit, lines };
  }

  it('audits a verb with the job it made, and by whom from where', async () => {
    const { submit, audit } = anApp();
    const response = await submit(bearer.operator);
    const { id } = JobBody.parse(await response.json());

    expect(await audit()).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        actor: 'ops',
        address: '192.0.2.7',
        action: 'submit',
        operation: 'POST /v1/jobs',
        jobId: id,
        outcome: 'done',
        requestId: response.headers.get('X-Request-Id'),
      },
    ]);
  });

  it('audits refused attempts, known and unknown, and verbs that failed', async () => {
    const { call, submit, audit } = anApp();
    await submit(bearer.viewer);
    await submit('nobody');
    await call(bearer.operator, '/v1/audit');
    await call(bearer.operator, '/v1/jobs', { method: 'POST', body: '{' });

    const seen = (await audit()).map(({ actor, action, outcome }) => [actor, action, outcome]);

    expect(seen).toEqual([
      ['ops', 'submit', 'invalid_json'],
      ['ops', 'audit', 'forbidden'],
      [null, 'submit', 'unauthenticated'],
      ['eyes', 'submit', 'forbidden'],
    ]);
  });

  it('does not audit reads that are allowed', async () => {
    const { call, audit } = anApp();
    await call(bearer.viewer, '/v1/jobs');

    expect(await audit()).toEqual([]);
  });

  it('pages through the audit and filters it', async () => {
    const { call, submit, audit } = anApp();
    await submit(bearer.operator);
    await submit(bearer.viewer);
    await submit(bearer.operator);
    const first = AuditList.parse(await (await call(bearer.admin, '/v1/audit?limit=2')).json());

    expect(await audit(`?limit=2&cursor=${first.nextCursor}`)).toHaveLength(1);
    expect(await audit('?actor=eyes')).toHaveLength(1);
    expect(await audit('?from=2999-01-01T00:00:00Z')).toEqual([]);
  });

  it.each(['from=yesterday', 'limit=0', 'who=me'])('does not take %s', async (query) => {
    const response = await anApp().call(bearer.admin, `/v1/audit?${query}`);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ path: `/query/${query.split('=')[0]}` }],
    });
  });

  it('answers 429 and when to come again once a token asked too often, and audits it once', async () => {
    const { call } = anApp(3);
    const statuses: number[] = [];
    let last = new Response();
    for (let index = 0; index < 6; index += 1) {
      last = await call(bearer.viewer, '/v1/jobs');
      statuses.push(last.status);
    }

    expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
    expect(Number(last.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await last.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    const audited = await anApp().audit();
    expect(audited.map(({ outcome }) => outcome)).toEqual(['rate_limited']);
  });

  it('tells in the audit how many attempts were refused, in few entries', async () => {
    const { call } = anApp(3);
    for (let index = 0; index < 3 + 105; index += 1) await call(bearer.viewer, '/v1/jobs');

    const audited = await anApp().audit();
    const hundred = 'GET /v1/jobs (100 over the limit in this minute)';
    const ten = 'GET /v1/jobs (10 over the limit in this minute)';
    // Of the token and of its address, which passes its own limit a little later.
    expect(audited.map(({ operation }) => operation)).toEqual([
      ...[hundred, hundred],
      ...[ten, ten],
      ...['GET /v1/jobs', 'GET /v1/jobs'],
    ]);
  });

  it('tells in the audit that an address passed its limit with a token that was over already', async () => {
    const { call } = anApp(3);
    for (let index = 0; index < 3 + 5; index += 1) await call(bearer.viewer, '/v1/jobs');

    const audited = await anApp().audit();
    expect(audited.map(({ operation }) => operation)).toEqual(['GET /v1/jobs', 'GET /v1/jobs']);
  });

  it('counts tokens apart', async () => {
    const { call } = anApp(2);
    for (let index = 0; index < 3; index += 1) await call(bearer.viewer, '/v1/jobs');

    expect((await call(bearer.operator, '/v1/jobs')).status).toBe(200);
  });

  it('gives an address twice what a token has, whatever tokens it comes with', async () => {
    const { call } = anApp(3);
    const statuses: number[] = [];
    for (const token of [bearer.viewer, bearer.operator, bearer.admin]) {
      for (let index = 0; index < 3; index += 1)
        statuses.push((await call(token, '/v1/jobs')).status);
    }

    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429, 429]);
  });

  it.each([
    ['an address', edge],
    ['callers whose address nobody knows', { address: null }],
  ])('lets %s guess tokens only so often, and known tokens pass', async (_, from) => {
    const { call } = anApp();
    const statuses = new Set<number>();
    for (let index = 0; index < 61; index += 1) {
      statuses.add((await call(`guess-${index}`, '/v1/jobs', {}, from)).status);
    }

    expect([...statuses]).toEqual([401, 429]);
    expect((await call(bearer.viewer, '/v1/jobs', {}, from)).status).toBe(200);
  });

  it('takes no header that a caller sends for his address', async () => {
    const { call, audit } = anApp();
    const forged = { 'X-Forwarded-For': '198.51.100.1', 'X-Real-IP': '198.51.100.2' };
    await call('nobody', '/v1/jobs', { headers: forged });
    await call('nobody', '/v1/jobs', { headers: forged }, { address: null });

    expect((await audit()).map(({ address }) => address)).toEqual([null, '192.0.2.7']);
  });

  it('writes no token to the audit or the log', async () => {
    const { submit, audit, lines } = anApp();
    await submit('a-secret-token');
    await submit(bearer.operator);

    const everything = JSON.stringify(await audit()) + lines.join('');
    for (const token of ['a-secret-token', bearer.operator])
      expect(everything).not.toContain(token);
  });
});
