import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../shared/platform/clock.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { ScheduleBody, ScheduleList } from '../../../shared/schedule/schedule-body.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables, type TestDatabase } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

const minute = 60_000;

/** Requests to schedules, by an operator unless it says otherwise. */
function openSchedules(database: TestDatabase) {
  const test = createTestApp(database);
  const send = (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    test.app.fetch(
      new Request(`http://lanekeeper.test/v1/schedules${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${bearer.operator}`,
          'Content-Type': 'application/json',
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  const read = async (name: string): Promise<ScheduleBody> =>
    ScheduleBody.strict().parse(await (await send('GET', `/${name}`)).json());
  return { ...test, send, read };
}

function aSchedule(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return { cron: '30 2 * * 0', timeZone: 'Europe/Berlin', plan: aPlan(), ...overrides };
}

describe.each(databaseKinds)('schedules on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  afterEach(() => emptyAllTables(database));

  it('are created, read, replaced and deleted by name', async () => {
    const { send, read } = openSchedules(database);

    const created = await send('PUT', '/nightly', aSchedule({ minAge: 'P90D' }));
    const first = ScheduleBody.strict().parse(await created.json());
    const replaced = await send('PUT', '/nightly', aSchedule({ enabled: false }), {
      Authorization: `Bearer ${bearer.other}`,
    });
    const second = ScheduleBody.strict().parse(await replaced.json());
    const deleted = await send('DELETE', '/nightly');
    const gone = await send('GET', '/nightly');

    expect([created.status, replaced.status, deleted.status, gone.status]).toEqual([
      201, 200, 204, 404,
    ]);
    expect(created.headers.get('Location')).toBe('/v1/schedules/nightly');
    expect(first).toMatchObject({
      name: 'nightly',
      cron: '30 2 * * 0',
      timeZone: 'Europe/Berlin',
      enabled: true,
      overlap: 'skip',
      minAge: 'P90D',
      plan: { ...aPlan(), onFailure: 'stop' },
      updatedBy: 'ops',
      lastRun: null,
      lastJobId: null,
      links: { self: '/v1/schedules/nightly' },
    });
    expect(second).toMatchObject({
      enabled: false,
      minAge: null,
      nextRuns: [],
      updatedBy: 'others',
    });
    expect(second.createdAt).toBe(first.createdAt);
    await expect(read('nightly')).rejects.toThrow();
  });

  it('show their next five runs in UTC, strictly after now', async () => {
    const { send, read } = openSchedules(database);
    const now = systemClock.now();
    await send('PUT', '/often', aSchedule({ cron: '*/10 * * * *' }));

    const { nextRuns } = await read('often');

    const [first = 0, ...others] = nextRuns.map((run) => Date.parse(run));
    expect(nextRuns).toHaveLength(5);
    expect(nextRuns.every((run) => /^\d{4}-.*0:00\.000Z$/.test(run))).toBe(true);
    expect(first).toBeGreaterThan(now);
    expect(first).toBeLessThanOrEqual(now + 11 * minute);
    expect(others).toEqual([1, 2, 3, 4].map((turn) => first + turn * 10 * minute));
  });

  it('are listed in pages, in the order of their creation', async () => {
    const { send } = openSchedules(database);
    for (const name of ['c', 'a', 'b']) await send('PUT', `/${name}`, aSchedule());
    const page = async (query: string): Promise<ScheduleList> =>
      ScheduleList.parse(await (await send('GET', query)).json());

    const first = await page('?limit=2');
    const second = await page(`?limit=2&cursor=${first.nextCursor}`);

    expect([first, second].map(({ items }) => items.map(({ name }) => name))).toEqual([
      ['c', 'a'],
      ['b'],
    ]);
    expect(second.nextCursor).toBeNull();
    expect((await send('GET', '?limit=0&state=x')).status).toBe(400);
  });

  it('are run by hand: a job of theirs, whoever runs it', async () => {
    const { send, read, get, wakes } = openSchedules(database);
    await send('PUT', '/nightly', aSchedule({ enabled: false }));

    const response = await send('POST', '/nightly/run', undefined, {
      Authorization: `Bearer ${bearer.other}`,
    });
    const job = JobBody.strict().parse(await response.json());

    expect(response.status).toBe(202);
    expect(response.headers.get('Location')).toBe(`/v1/jobs/${job.id}`);
    expect(job).toMatchObject({ scheduleName: 'nightly', createdBy: 'ops', state: 'resolving' });
    expect(await (await get(`/v1/jobs/${job.id}`)).json()).toEqual(job);
    expect(wakes).toEqual([0]);
    expect(await read('nightly')).toMatchObject({
      lastJobId: job.id,
      lastJobState: 'resolving',
      lastRun: { plannedAt: null, outcome: 'submitted' },
    });
  });

  it('are not run by hand while a job of theirs is unfinished, unless jobs may queue', async () => {
    const { send } = openSchedules(database);
    await send('PUT', '/nightly', aSchedule());
    const first = JobBody.parse(await (await send('POST', '/nightly/run')).json());

    const second = await send('POST', '/nightly/run');
    await send('PUT', '/nightly', aSchedule({ overlap: 'queue' }));
    const third = await send('POST', '/nightly/run');

    expect([second.status, third.status]).toEqual([409, 202]);
    expect(await second.json()).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining(first.id),
    });
  });

  it('are run once for one key of one actor', async () => {
    const { send } = openSchedules(database);
    await send('PUT', '/nightly', aSchedule());
    await send('PUT', '/weekly', aSchedule({ overlap: 'queue' }));
    const key = { 'Idempotency-Key': 'k1' };

    const responses = await Promise.all(
      Array.from({ length: 6 }, () => send('POST', '/nightly/run', undefined, key)),
    );
    const ids = await Promise.all(
      responses.map(async (response) => JobBody.parse(await response.json()).id),
    );
    const elsewhere = await send('POST', '/weekly/run', undefined, key);
    const others = { ...key, Authorization: `Bearer ${bearer.other}` };
    const another = await send('POST', '/weekly/run', undefined, others);
    const bad = await send('POST', '/weekly/run', undefined, { 'Idempotency-Key': '' });

    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 202]);
    expect(new Set(ids).size).toBe(1);
    expect([elsewhere.status, another.status, bad.status]).toEqual([422, 202, 400]);
  });

  it('report everything that is wrong with them, and stay as they were', async () => {
    const { send, read } = openSchedules(database);
    await send('PUT', '/nightly', aSchedule());
    const before = await read('nightly');

    const response = await send('PUT', '/nightly', {
      cron: '0 25 * * *',
      timeZone: 'Mars/Phobos',
      minAge: '90 days',
      plan: aPlan({ title: 5 }),
    });
    const named = await send('PUT', '/night%20ly', aSchedule());

    expect([response.status, named.status]).toEqual([400, 400]);
    expect(await response.json()).toMatchObject({
      code: 'invalid_request',
      detail: 'the schedule has 4 faults',
      errors: ['/cron', '/timeZone', '/minAge', '/plan/title'].map((path) => ({ path })),
    });
    expect(await named.json()).toMatchObject({ errors: [{ path: '/path/name' }] });
    expect(await read('nightly')).toEqual(before);
  });

  it('take what is read of their settings back as it is', async () => {
    const { send, read } = openSchedules(database);
    await send('PUT', '/nightly', aSchedule({ overlap: 'queue', minAge: 'P1W' }));
    const { cron, timeZone, enabled, overlap, minAge, plan } = await read('nightly');

    const response = await send('PUT', '/nightly', {
      cron,
      timeZone,
      enabled,
      overlap,
      minAge,
      plan,
    });

    expect(await response.json()).toMatchObject({ cron, timeZone, enabled, overlap, minAge, plan });
  });

  it.each([
    ['GET', ''],
    ['GET', '/nightly'],
    ['PUT', '/nightly'],
    ['DELETE', '/nightly'],
    ['POST', '/nightly/run'],
  ])('let nobody %s %s without a token, and viewers read only', async (method, path) => {
    const { send } = openSchedules(database);
    await send('PUT', '/nightly', aSchedule());
    const body = method === 'PUT' ? aSchedule() : undefined;

    const nobody = await send(method, path, body, { Authorization: '' });
    const viewer = await send(method, path, body, { Authorization: `Bearer ${bearer.viewer}` });

    expect([nobody.status, viewer.status]).toEqual([401, method === 'GET' ? 200 : 403]);
  });

  it.each([
    ['GET', '/none'],
    ['DELETE', '/none'],
    ['POST', '/none/run'],
    ['GET', '/%00'],
    ['DELETE', '/%00'],
  ])('that are not there answer %s %s with 404', async (method, path) => {
    const response = await openSchedules(database).send(method, path);

    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_found' });
  });

  it('let no pre-shared key out: not in an answer, a log line or a stored column', async () => {
    const canary = 'C4nary-0f-the-m1ne';
    const { send, get, lines } = openSchedules(database);
    const set = { IkeConfig: { Psk: canary } };

    const answers = [
      await send('PUT', '/nightly', aSchedule({ plan: aPlan({ set }) })),
      await send('PUT', '/nightly', aSchedule({ plan: aPlan({ set, colour: canary }) })),
      await send('PUT', '/nightly', aSchedule({ plan: canary, cron: canary, [canary]: 1 })),
      await send('GET', '/nightly'),
      await send('GET', ''),
      await send('POST', '/nightly/run'),
      await get('/v1/jobs'),
    ];
    const texts = await Promise.all(answers.map((answer) => answer.text()));

    expect(texts[3]).toContain('"Psk":"***"');
    // The unknown key is the caller's own, told by its name; a key of a connection never stands there.
    texts.splice(2, 1);
    expect([...texts, ...lines].join('\n')).not.toContain(canary);
    const rows = await database.query(
      'SELECT s::text AS schedule, j::text AS job FROM lanekeeper.schedule s, lanekeeper.job j',
    );
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(canary);
  });
});
