import { beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../shared/platform/secret.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { previousKeyContext } from '../../../shared/secret/seal-context.ts';
import { bearer } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { aPlan, aTarget } from '../../helpers/factories.ts';
import { anAppOfJobs } from './app-of-jobs.ts';

const noJob = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';
const oldKey = 'theOldKeyOfBefore1234';
const set = { Name: 'after', IkeConfig: { Psk: 'theNewKeyOfAfter1234' } };

describe.each(databaseKinds)('taking a job back over HTTP, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  /** The API, and a job whose two changes succeeded after they had replaced a name and a key. */
  async function aJobThatEnded() {
    const app = anAppOfJobs(database);
    const approval = { required: 2 };
    const window = { notAfter: '2999-12-01T00:00:00Z' };
    const targets = [aTarget(0), aTarget(1)];
    const id = await app.submit(aPlan({ targets, set, approval, window }));
    const changes = await app.changesOf(id);
    for (const change of changes) {
      const context = previousKeyContext(id, change.id, 'IkeConfig.Psk');
      await database.query(
        `UPDATE lanekeeper.change
            SET state = 'succeeded', finished_at = lanekeeper.now(), attach_type = 'VPNGW', sealed_previous_keys = $2,
                handover = jsonb_set(handover, '{previous}', '{"Name":"before","IkeConfig.Psk":"hmac:1"}')
          WHERE id = $1`,
        [
          change.id,
          JSON.stringify({ 'IkeConfig.Psk': app.sealer.seal(new Secret(oldKey), context) }),
        ],
      );
    }
    await database.query(
      `UPDATE lanekeeper.job SET state = 'succeeded', queued = 0, succeeded = 2, finished_at = lanekeeper.now() WHERE id = $1`,
      [id],
    );
    return { ...app, id, changes };
  }

  it('submits what was replaced as a new job of whoever asks, the last change first', async () => {
    const { call, id, changes, changesOf, get, wakes } = await aJobThatEnded();
    const before = wakes.length;
    const answer = await call(`${id}/rollback`, {
      token: bearer.other,
      body: { reason: 'the peers were not ready' },
    });
    const job = JobBody.parse(await answer.json());

    expect(answer.status).toBe(202);
    expect(answer.headers.get('Location')).toBe(`/v1/jobs/${job.id}`);
    expect(job).toMatchObject({
      state: 'resolving',
      createdBy: 'others',
      rollbackOf: id,
      retryOf: null,
      total: 2,
    });
    const order = changes.map(({ vpnConnectionId }) => vpnConnectionId).reverse();
    expect((await changesOf(job.id)).map(({ vpnConnectionId }) => vpnConnectionId)).toEqual(order);
    expect(wakes.length - before).toBe(1);
    const story = await (await get(`/v1/jobs/${job.id}/journal`)).text();
    expect(story).toContain('"kind":"rolls_back"');
    expect(story).toContain('"reason":"the peers were not ready"');
  });

  it('asks for neither approval nor window, and stores no key in clear', async () => {
    const { call, id } = await aJobThatEnded();
    const { id: jobId } = JobBody.parse(await (await call(`${id}/rollback`)).json());
    const [job] = await database.query(
      'SELECT plan, approvals_required, not_after, title FROM lanekeeper.job WHERE id = $1',
      [jobId],
    );
    const [intent] = await database.query(
      'SELECT fields, expected, sealed_keys FROM lanekeeper.intent WHERE job_id = $1 AND number = 0',
      [jobId],
    );

    expect(job).toMatchObject({
      approvals_required: 0,
      not_after: null,
      plan: {
        targets: [
          { set: { Name: 'before', IkeConfig: { Psk: '***' } } },
          { set: { Name: 'before', IkeConfig: { Psk: '***' } } },
        ],
      },
    });
    expect(String(job?.title)).toMatch(/^Rollback of /);
    expect(intent).toMatchObject({
      fields: { Name: 'before' },
      expected: { Name: 'after', 'IkeConfig.Psk': expect.stringMatching(/^hmac:/) },
    });
    expect(JSON.stringify([job, intent])).not.toMatch(/theOldKey|theNewKey/);
  });

  it('makes one job for one key, and one without until that has ended', async () => {
    const { call, id } = await aJobThatEnded();
    const headers = { 'Idempotency-Key': 'back-1' };
    const answers = [
      await call(`${id}/rollback`, { headers }),
      await call(`${id}/rollback`, { headers }),
      await call(`${id}/rollback`),
      await call(`${id}/rollback`),
    ];
    const ids = await Promise.all(answers.map(async (each) => JobBody.parse(await each.json()).id));

    await database.query('UPDATE lanekeeper.job SET finished_at = lanekeeper.now() WHERE id = $1', [
      ids[2],
    ]);
    const later = await call(`${id}/rollback`);

    expect(answers.map(({ status }) => status)).toEqual([202, 200, 202, 200]);
    expect(new Set(ids).size).toBe(2);
    expect(later.status).toBe(202);
    expect((await call(`${id}/retry`, { headers })).status).not.toBe(202);
  });

  const erase = (id: string, seqs: readonly number[]): Promise<unknown> =>
    database.query(
      `UPDATE lanekeeper.change SET sealed_previous_keys = '{}', sealed_made_keys = '{}' WHERE job_id = $1 AND seq = ANY ($2)`,
      [id, seqs],
    );

  it('says so when no key of before is kept any more', async () => {
    const { call, id } = await aJobThatEnded();
    await erase(id, [0, 1]);
    const answer = await call(`${id}/rollback`);

    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'rollback_expired' });
  });

  it('takes along, to say so there, changes whose key of before is kept no longer', async () => {
    const { call, id } = await aJobThatEnded();
    await erase(id, [1]);
    const answer = await call(`${id}/rollback`);
    const job = JobBody.parse(await answer.json());
    const intents = await database.query(
      'SELECT sealed_keys, expected FROM lanekeeper.intent WHERE job_id = $1 ORDER BY number',
      [job.id],
    );

    expect(answer.status).toBe(202);
    expect(job.total).toBe(2);
    expect(intents).toMatchObject([
      { expected: { 'IkeConfig.Psk': expect.any(String) } },
      { sealed_keys: { 'IkeConfig.Psk': expect.any(String) } },
    ]);
    expect(intents[0]).toHaveProperty('sealed_keys', {});
  });

  it('gives who asks once more the job that he was given, whatever is kept by then', async () => {
    const { call, id } = await aJobThatEnded();
    const headers = { 'Idempotency-Key': 'back-1' };
    const first = await call(`${id}/rollback`, { headers });
    await erase(id, [0, 1]);
    const again = await call(`${id}/rollback`, { headers });
    const unnamed = await call(`${id}/rollback`);
    const other = await call(`${id}/rollback`, { headers: { 'Idempotency-Key': 'back-2' } });
    const others = await call(`${id}/rollback`, { headers, token: bearer.other });

    expect([first, again, unnamed, other, others].map(({ status }) => status)).toEqual([
      202, 200, 409, 409, 409,
    ]);
    expect(JobBody.parse(await again.json()).id).toBe(JobBody.parse(await first.json()).id);
  });

  it('keeps, when it is retried, that it takes a job back', async () => {
    const { call, id } = await aJobThatEnded();
    const back = JobBody.parse(await (await call(`${id}/rollback`)).json());
    await call(`${back.id}/cancel`, { body: { reason: 'not yet' } });
    const again = JobBody.parse(await (await call(`${back.id}/retry`)).json());
    const rows = await database.query(
      'SELECT expected FROM lanekeeper.intent WHERE job_id = $1 AND expected IS NOT NULL',
      [again.id],
    );

    expect(again).toMatchObject({ retryOf: back.id, rollbackOf: id, total: 2 });
    expect(rows).toHaveLength(2);
  });

  it('waits for the end of the job, and needs something to restore', async () => {
    const { call, submit } = anAppOfJobs(database);
    const id = await submit();
    const early = await call(`${id}/rollback`);
    await call(`${id}/cancel`, { body: { reason: 'no' } });
    const empty = await call(`${id}/rollback`);

    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('resolving'),
    });
    expect(await empty.json()).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('no change of the job succeeded'),
    });
  });

  it('is for operators, with a body that is right or none', async () => {
    const { call, id } = await aJobThatEnded();

    expect((await call(`${id}/rollback`, { token: bearer.viewer })).status).toBe(403);
    expect((await call(`${noJob}/rollback`)).status).toBe(404);
    expect((await call('job_nope/rollback')).status).toBe(404);
    const bad = await call(`${id}/rollback`, { body: { reason: '' } });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ errors: [{ path: '/reason' }] });
  });
});
