import { beforeEach, describe, expect, it } from 'vitest';
import type { CloudError } from '../../../shared/connection/vpn-api.ts';
import type { InventoryApi } from '../../../shared/preview/scan-deps.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

const noJob = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';
const digest = 'a'.repeat(64);
const throttled: CloudError = {
  class: 'throttled',
  code: 'BudgetExhausted',
  message: 'spent',
  requestId: null,
  retryInMs: 41_200,
};
const forbidden: CloudError = { ...throttled, class: 'permission', code: 'Forbidden.RAM' };

function cloudThat(error: CloudError): InventoryApi {
  const failed = async () => ({ kind: 'failed', error }) as const;
  return {
    listConnections: failed,
    listGateways: failed,
    listCustomerGateways: failed,
    describeConnection: failed,
  };
}

describe.each(databaseKinds)('approvals over HTTP, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  function anApp(inventoryApi?: InventoryApi) {
    const { app, post, get } = createTestApp(database, inventoryApi ? { inventoryApi } : {});
    const call = (path: string, body: unknown, token: string): Promise<Response> =>
      app.fetch(
        new Request(`http://lanekeeper.test/v1/jobs/${path}`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        }),
      );
    const say = (path: string, token = bearer.approver, some: object = {}) =>
      call(path, { digest, reason: 'looks good', ...some }, token);
    /** A job that waits for its approvers, as one is left by its resolving; nothing of the cloud is to be compared. */
    const waiting = async (token: string = bearer.operator, compared = false): Promise<string> => {
      const headers = { Authorization: `Bearer ${token}` };
      const answer = await post(aPlan({ approval: { required: 1 } }), headers);
      const { id } = JobBody.parse(await answer.json());
      await database.query(
        `UPDATE lanekeeper.job SET state = 'awaiting_approval', plan_digest = $2, approve_by = lanekeeper.now() + interval '1 day'
          WHERE id = $1`,
        [id, digest],
      );
      if (!compared) {
        await database.query(`UPDATE lanekeeper.change SET state = 'skipped' WHERE job_id = $1`, [
          id,
        ]);
      }
      return id;
    };
    const audit = async (jobId: string): Promise<unknown> =>
      (await get(`/v1/audit?jobId=${jobId}`, { Authorization: `Bearer ${bearer.admin}` })).json();
    return { app, get, say, call, waiting, audit };
  }

  it('are shown with the job', async () => {
    const { get, waiting } = anApp();
    const id = await waiting();
    const job = JobBody.parse(await (await get(`/v1/jobs/${id}`)).json());

    expect(job.state).toBe('awaiting_approval');
    expect(job.reason).toMatch(/^waits for 1 approval until 20.*, 0 given$/);
  });

  it('refuse another digest, and tell the one that the job has', async () => {
    const { say, waiting, audit } = anApp();
    const id = await waiting();
    const other = 'b'.repeat(64);
    for (const verb of ['approve', 'reject']) {
      const answer = await say(`${id}/${verb}`, bearer.approver, { digest: other });

      expect(answer.status).toBe(409);
      expect(await answer.json()).toMatchObject({ code: 'conflict', planDigest: digest });
    }
    expect(await audit(id)).toMatchObject({
      items: [
        { actor: 'ann', action: 'approve', outcome: 'conflict' },
        { actor: 'ann', action: 'approve', outcome: 'conflict' },
        { action: 'submit' },
      ],
    });
  });

  it('are never of whoever submitted the job, whatever else he may do', async () => {
    const { say, waiting } = anApp();
    const id = await waiting(bearer.second);
    const answers = [
      await say(`${id}/approve`, bearer.second),
      await say(`${id}/reject`, bearer.second),
    ];

    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(await answers[0]?.json()).toMatchObject({ code: 'forbidden' });
  });

  it.each([bearer.viewer, bearer.operator])('are of approvers alone (%s)', async (token) => {
    const { say } = anApp();

    expect((await say(`${noJob}/approve`, token)).status).toBe(403);
    expect((await say(`${noJob}/reject`, token)).status).toBe(403);
  });

  it('end a job that is refused', async () => {
    const { say, waiting, audit } = anApp();
    const id = await waiting(bearer.operator, true);
    const answers = [await say(`${id}/reject`), await say(`${id}/reject`)];

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await answers[0]?.json()).toMatchObject({
      state: 'cancelled',
      reason: 'rejected by ann: looks good',
    });
    expect(await audit(id)).toMatchObject({
      items: [{ actor: 'ann', operation: `POST /v1/jobs/${id}/reject`, outcome: 'done' }, {}, {}],
    });
  });

  it('are to be sent again where comparing the base takes longer', async () => {
    const { say, waiting, audit } = anApp(cloudThat(throttled));
    const id = await waiting(bearer.operator, true);
    const answer = await say(`${id}/approve`);

    expect(answer.status).toBe(202);
    expect(answer.headers.get('Retry-After')).toBe('42');
    expect(await answer.json()).toMatchObject({ id, state: 'awaiting_approval' });
    expect(await audit(id)).toMatchObject({ items: [{ actor: 'ann', outcome: 'pending' }, {}] });
  });

  it('are not taken where the cloud cannot be read', async () => {
    const { say, waiting } = anApp(cloudThat(forbidden));
    const id = await waiting(bearer.operator, true);
    const answer = await say(`${id}/approve`);

    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      code: 'unavailable',
      detail: expect.stringContaining('Forbidden.RAM'),
    });
  });

  it.each([noJob, 'job_nope'])('answer 404 for %s', async (id) => {
    const { say } = anApp();

    expect((await say(`${id}/approve`)).status).toBe(404);
    expect((await say(`${id}/reject`)).status).toBe(404);
  });

  it.each<[object, string]>([
    [{ digest }, '/reason'],
    [{ digest: 'abc', reason: 'why' }, '/digest'],
    [{ digest: digest.toUpperCase(), reason: 'why' }, '/digest'],
    [{ reason: 'why' }, '/digest'],
    [{ digest, reason: 'why', force: true }, '/force'],
  ])('do not take %j', async (body, path) => {
    const { call } = anApp();
    const answer = await call(`${noJob}/approve`, body, bearer.approver);

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ path }] });
  });
});
