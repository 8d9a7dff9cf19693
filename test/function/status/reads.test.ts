import { beforeAll, describe, expect, it } from 'vitest';
import { createStatusApp } from '../../../functions/status/handler.ts';
import type { Database } from '../../../shared/adapters/postgres/database.ts';
import { createPgJobStore } from '../../../shared/adapters/postgres/job-store.ts';
import { createPgJournalStore } from '../../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../../shared/adapters/postgres/keyring-store.ts';
import { createPgScheduleStore } from '../../../shared/adapters/postgres/schedule-store.ts';
import type { JobStore } from '../../../shared/job/job-store.ts';
import type { FleetStore } from '../../../shared/metrics/fleet-state.ts';
import { systemClock as clock } from '../../../shared/platform/clock.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { ChangeDetail, ChangeList } from '../../../shared/progress/change-body.ts';
import { JobBody, JobList } from '../../../shared/progress/job-body.ts';
import type { ScheduleStore } from '../../../shared/schedule/schedule-store.ts';
import { aGate, bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds } from '../../helpers/databases.ts';
import { anApiToken, aPlan } from '../../helpers/factories.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const noJob = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';
const noChange = 'chg_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';

const noFleet: FleetStore = {
  read: () => Promise.reject(new Error('nobody asks for numbers here')),
};

function aStatusApp(
  database: Database,
  stores: { jobs: JobStore; schedules: ScheduleStore } = {
    jobs: createPgJobStore(database),
    schedules: createPgScheduleStore(database),
  },
) {
  const { logger, lines } = createRecordingLogger();
  const gate = aGate(database, [
    anApiToken('eyes', bearer.viewer, ['viewer']),
    anApiToken('approver', 'token-approver', ['approver']),
  ]);
  const app = createStatusApp({
    clock,
    fleet: noFleet,
    ...gate,
    ...stores,
    journal: createPgJournalStore(database),
    keyring: createPgKeyringStore(database),
    logger,
    openApi: { openapi: '3.1.0' },
    random,
  });
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.fetch(
      new Request(`http://lanekeeper.test${path}`, {
        method,
        headers: { Authorization: `Bearer ${bearer.viewer}`, ...headers },
      }),
    );
  return { get, lines };
}

describe.each(databaseKinds)('the status function on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  const ids: string[] = [];
  let get: ReturnType<typeof aStatusApp>['get'];

  beforeAll(async () => {
    const { post } = createTestApp(database);
    for (const size of [3, 2, 5]) {
      const response = await post(aPlan({ title: `of ${size}` }, size));
      ids.push(JobBody.parse(await response.json()).id);
    }
    await database.query(
      `UPDATE lanekeeper.change SET state = 'succeeded' WHERE job_id = $1 AND seq IN (1, 3)`,
      [ids[2]],
    );
    get = aStatusApp(database).get;
  });

  it('knows no previews, which read the cloud', async () => {
    expect((await get('/v1/previews/prv_01KAJ0Q2Z5B4T7E9V3X6M8N1PR')).status).toBe(404);
  });

  const listJobs = async (query = '') =>
    JobList.parse(await (await get(`/v1/jobs${query}`)).json());
  const listChanges = async (query = '') =>
    ChangeList.parse(await (await get(`/v1/jobs/${ids[2]}/changes${query}`)).json());

  it('lists jobs, the newest first', async () => {
    expect((await listJobs()).items.map(({ title }) => title)).toEqual(['of 5', 'of 2', 'of 3']);
  });

  it('pages through jobs', async () => {
    const first = await listJobs('?limit=2');
    const second = await listJobs(`?limit=2&cursor=${first.nextCursor}`);

    expect(first.items.map(({ title }) => title)).toEqual(['of 5', 'of 2']);
    expect(second).toMatchObject({ items: [{ title: 'of 3' }], nextCursor: null });
  });

  it('ends a list that fills its page exactly', async () => {
    expect(await listJobs('?limit=3')).toMatchObject({ nextCursor: null });
  });

  it('lists jobs of some states alone', async () => {
    expect((await listJobs('?state=resolving,running')).items).toHaveLength(3);
    expect(await listJobs('?state=failed')).toEqual({ items: [], nextCursor: null });
  });

  it('answers 304 while nothing happens', async () => {
    const first = await get(`/v1/jobs/${ids[0]}`);
    const tag = first.headers.get('ETag') ?? '';

    for (const given of [tag, tag.replace('W/', ''), `"x", ${tag}`, '*']) {
      const again = await get(`/v1/jobs/${ids[0]}`, { 'If-None-Match': given });
      expect([again.status, await again.text()]).toEqual([304, '']);
      expect(again.headers.get('ETag')).toBe(tag);
    }
    expect((await get(`/v1/jobs/${ids[0]}`, { 'If-None-Match': '"x"' })).status).toBe(200);
  });

  it('answers 200 with another tag once something has happened', async () => {
    const before = await get(`/v1/jobs/${ids[1]}`);
    await database.query(`UPDATE lanekeeper.job SET state = 'running' WHERE id = $1`, [ids[1]]);

    const after = await get(`/v1/jobs/${ids[1]}`, {
      'If-None-Match': before.headers.get('ETag') ?? '',
    });

    expect(await after.json()).toMatchObject({ state: 'running' });
    await database.query(`UPDATE lanekeeper.job SET state = 'resolving' WHERE id = $1`, [ids[1]]);
  });

  it('lists the changes of a job in plan order', async () => {
    const { items } = await listChanges();

    expect(items.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
    expect(items[0]).toMatchObject({
      jobId: ids[2],
      vpnConnectionId: 'vco-00000',
      laneKey: null,
      waitingFor: expect.stringContaining('resolved'),
      verdict: null,
      tunnels: null,
      attempts: 0,
    });
    expect(items[1]).toMatchObject({ state: 'succeeded', waitingFor: null });
  });

  it('pages through changes, by state too', async () => {
    const first = await listChanges('?limit=2');
    const second = await listChanges(`?limit=2&cursor=${first.nextCursor}`);
    const done = await listChanges('?state=succeeded');

    expect(first.items.map(({ seq }) => seq)).toEqual([0, 1]);
    expect(second.items.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(done.items.map(({ seq }) => seq)).toEqual([1, 3]);
  });

  it('gives one change with its steps', async () => {
    const { items } = await listChanges();
    const change = items[0];
    await database.query(
      `INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       VALUES ($1, 1, $2, lanekeeper.now(), 'started', '{"lane":"gateway:x/y"}')`,
      [change?.id, ids[2]],
    );

    const response = await get(`/v1/jobs/${ids[2]}/changes/${change?.id}`);

    expect(ChangeDetail.strict().parse(await response.json())).toEqual({
      ...change,
      steps: [
        {
          number: 1,
          at: expect.stringMatching(/Z$/),
          kind: 'started',
          data: { lane: 'gateway:x/y' },
        },
      ],
    });
  });

  it('finds a change under its own job alone', async () => {
    const { items } = await listChanges();

    const response = await get(`/v1/jobs/${ids[0]}/changes/${items[0]?.id}`);

    expect(response.status).toBe(404);
  });

  it.each([
    `/v1/jobs/${noJob}`,
    `/v1/jobs/${noJob}/changes`,
    `/v1/jobs/${noJob}/changes/${noChange}`,
    '/v1/jobs/x',
    '/v1/jobs/%00',
    `/v1/jobs/${noJob}%00`,
    `/v1/jobs/${noJob.toLowerCase()}`,
    `/v1/jobs/${noJob}/changes/%27`,
    `/v1/jobs/${noJob}/`,
    '/v1/jobs/%E0%A4%A',
    `/v1/jobs/${noJob}/journal`,
    '/v1/previews',
    '/',
    '/V1/JOBS',
  ])('answers 404 at %s', async (path) => {
    const response = await get(path);

    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_found' });
  });

  it.each(['?limit=0', '?cursor=x', '?state=queued', '?sort=asc'])(
    'answers 400 to %s',
    async (query) => {
      const response = await get(`/v1/jobs${query}`);

      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'invalid_request',
        errors: [{ path: expect.stringMatching(/^\/query\//) }],
      });
    },
  );

  it.each([
    '/v1/jobs',
    `/v1/jobs/${noJob}`,
    `/v1/jobs/${noJob}/changes`,
    `/v1/jobs/${noJob}/changes/${noChange}`,
  ])('asks for a token at %s', async (path) => {
    expect((await get(path, { Authorization: '' })).status).toBe(401);
    expect((await get(path, { Authorization: 'Bearer token-approver' })).status).not.toBe(401);
  });

  it('takes no plans', async () => {
    const response = await get('/v1/jobs', {}, 'POST');

    expect(response.status).toBe(405);
    expect(response.headers.get('Allow')).toBe('GET, HEAD');
  });

  it('is healthy, and shows its document, to anybody', async () => {
    const health = await get('/healthz', { Authorization: '' });
    const document = await get('/v1/openapi.json', { Authorization: '' });

    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect(await document.json()).toEqual({ openapi: '3.1.0' });
  });
});

describe('the status function without its database', () => {
  const away = () => Promise.reject(new AppError('unavailable', 'the database cannot be reached'));
  const noDatabase: Database = {
    kind: 'postgres',
    query: away,
    transaction: away,
    script: away,
    close: () => Promise.resolve(),
  };
  const jobs: JobStore = {
    accept: away,
    acceptedBefore: away,
    get: away,
    settings: away,
    retryable: away,
    restorable: away,
    list: away,
    listChanges: away,
    getChange: away,
    listEvents: away,
    ping: away,
  };
  const schedules: ScheduleStore = {
    put: away,
    get: away,
    list: away,
    remove: away,
    due: away,
    run: away,
  };

  it.each(['/healthz', '/v1/jobs', `/v1/jobs/${noJob}`, '/v1/schedules', '/v1/schedules/nightly'])(
    'answers 503 at %s',
    async (path) => {
      const { get, lines } = aStatusApp(noDatabase, { jobs, schedules });

      const response = await get(path);

      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: 'unavailable' });
      expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ level: 'error', code: 'unavailable' });
    },
  );
});
