import { beforeEach, describe, expect, it } from 'vitest';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { bearer } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { aPlan, aTarget } from '../../helpers/factories.ts';
import { anAppOfJobs } from './app-of-jobs.ts';

const noJob = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';

describe.each(databaseKinds)('retrying a job over HTTP, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  const anApp = () => anAppOfJobs(database);

  it('submits what did not succeed as a new job of whoever asks', async () => {
    const { call, ended, changesOf, get, wakes } = anApp();
    const id = await ended();
    const before = wakes.length;
    const answer = await call(`${id}/retry`, {
      token: bearer.other,
      body: { reason: 'the site is back' },
    });
    const job = JobBody.parse(await answer.json());
    const audit = await get(`/v1/audit?jobId=${id}`, { Authorization: `Bearer ${bearer.admin}` });

    expect(answer.status).toBe(202);
    expect(answer.headers.get('Location')).toBe(`/v1/jobs/${job.id}`);
    expect(job).toMatchObject({
      state: 'resolving',
      createdBy: 'others',
      retryOf: id,
      total: 2,
      counts: { queued: 2 },
    });
    const [first, second] = await changesOf(job.id);
    const old = await changesOf(id);
    expect([first, second]).toMatchObject([
      { seq: 0, vpnConnectionId: old[1]?.vpnConnectionId },
      { seq: 1, vpnConnectionId: old[2]?.vpnConnectionId },
    ]);
    expect(wakes.length - before).toBe(1);
    const story = await (await get(`/v1/jobs/${job.id}/journal`)).text();
    expect(story).toContain('"kind":"retries"');
    expect(story).toContain('"reason":"the site is back"');
    expect(await audit.json()).toMatchObject({
      items: [{ actor: 'others', operation: `POST /v1/jobs/${id}/retry`, outcome: 'done' }, {}, {}],
    });
  });

  it('needs no body, and makes one job for one key', async () => {
    const { call, ended } = anApp();
    const id = await ended();
    const headers = { 'Idempotency-Key': 'again-1' };
    const answers = [
      await call(`${id}/retry`, { headers }),
      await call(`${id}/retry`, { headers }),
    ];
    const ids = await Promise.all(answers.map(async (each) => JobBody.parse(await each.json()).id));
    const other = await ended();
    const reused = await call(`${other}/retry`, { headers });

    expect(answers.map(({ status }) => status)).toEqual([202, 200]);
    expect(ids[0]).toBe(ids[1]);
    expect(reused.status).toBe(422);
  });

  it('retries a retry, and counts its rollout anew', async () => {
    const { call, ended, changesOf } = anApp();
    const rollout = { concurrency: '50%', batches: [1, '50%', '100%'] };
    const id = await ended(
      aPlan({ targets: Array.from({ length: 9 }, (_, n) => aTarget(n)), rollout }),
    );
    const first = JobBody.parse(await (await call(`${id}/retry`)).json());
    await call(`${first.id}/cancel`, { body: { reason: 'no' } });
    const second = JobBody.parse(await (await call(`${first.id}/retry`)).json());
    const [row] = await database.query(
      'SELECT batches, max_in_flight FROM lanekeeper.job WHERE id = $1',
      [second.id],
    );

    expect(second).toMatchObject({ retryOf: first.id, total: 8 });
    expect(await changesOf(second.id)).toHaveLength(8);
    expect(row).toMatchObject({ batches: [1, 4, 8], max_in_flight: 4 });
  });

  it('looks again at what a selector was to take', async () => {
    const { call, submit, changesOf } = anApp();
    const select = { regionId: 'cn-hangzhou', select: { name: 'branch-*' } };
    const id = await submit(aPlan({ targets: [aTarget(0), select] }));
    await call(`${id}/cancel`, { body: { reason: 'no' } });
    const job = JobBody.parse(await (await call(`${id}/retry`)).json());
    const rows = await database.query(
      'SELECT place, criteria FROM lanekeeper.job_selector WHERE job_id = $1',
      [job.id],
    );

    expect(job.total).toBeNull();
    expect(await changesOf(job.id)).toHaveLength(1);
    expect(rows).toEqual([{ place: 1, criteria: { name: 'branch-*' } }]);
  });

  it('waits for the end of the job', async () => {
    const { call, submit } = anApp();
    const answer = await call(`${await submit()}/retry`);

    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('resolving') });
  });

  it('finds nothing to retry where everything succeeded', async () => {
    const { call, submit } = anApp();
    const id = await submit();
    await database.query(`UPDATE lanekeeper.change SET state = 'succeeded' WHERE job_id = $1`, [
      id,
    ]);
    await database.query(`UPDATE lanekeeper.job SET state = 'succeeded' WHERE id = $1`, [id]);

    expect((await call(`${id}/retry`)).status).toBe(409);
  });

  it('does not retry into a window that is over', async () => {
    const { call, ended } = anApp();
    const id = await ended(aPlan({ window: { notAfter: '2999-12-01T00:00:00Z' } }));
    await database.query(
      `UPDATE lanekeeper.job SET not_after = lanekeeper.now() - interval '1 day' WHERE id = $1`,
      [id],
    );
    const answer = await call(`${id}/retry`);

    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('window') });
  });

  it('gives who asks once more the job that he was given, though its window is over by then', async () => {
    const { call, ended } = anApp();
    const id = await ended(aPlan({ window: { notAfter: '2999-12-01T00:00:00Z' } }));
    const headers = { 'Idempotency-Key': 'again-1' };
    const first = await call(`${id}/retry`, { headers });
    await database.query(
      `UPDATE lanekeeper.job SET not_after = lanekeeper.now() - interval '1 day' WHERE id = $1`,
      [id],
    );
    const again = await call(`${id}/retry`, { headers });

    expect([first.status, again.status]).toEqual([202, 200]);
    expect(JobBody.parse(await again.json()).id).toBe(JobBody.parse(await first.json()).id);
  });

  it('is for operators, with a body that is right or none', async () => {
    const { call, ended } = anApp();
    const id = await ended();

    expect((await call(`${id}/retry`, { token: bearer.viewer })).status).toBe(403);
    expect((await call(`${noJob}/retry`)).status).toBe(404);
    expect((await call('job_nope/retry')).status).toBe(404);
    const bad = await call(`${id}/retry`, { body: { reason: '' } });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ errors: [{ path: '/reason' }] });
  });
});
