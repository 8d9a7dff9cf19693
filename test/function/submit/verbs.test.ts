import { beforeEach, describe, expect, it } from 'vitest';
import { verbs } from '../../../shared/job/job-verbs.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

const noJob = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';

describe.each(databaseKinds)('verbs over HTTP, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  function anApp() {
    const { app, post, get, wakes } = createTestApp(database);
    const submit = async (): Promise<string> =>
      JobBody.parse(await (await post(aPlan())).json()).id;
    const order = (
      path: string,
      body: unknown = { reason: 'maintenance at the site' },
      token = bearer.operator,
    ) =>
      app.fetch(
        new Request(`http://lanekeeper.test/v1/jobs/${path}`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        }),
      );
    return { submit, order, get, wakes };
  }

  it('pauses, resumes and cancels, and answers with the job', async () => {
    const { submit, order, get, wakes } = anApp();
    const id = await submit();
    const before = wakes.length;
    const paused = await order(`${id}/pause`);
    const resumed = await order(`${id}/resume`);
    const cancelled = await order(`${id}/cancel`);

    expect([paused.status, resumed.status, cancelled.status]).toEqual([200, 200, 200]);
    expect(await paused.json()).toMatchObject({
      id,
      state: 'resolving',
      reason: 'paused by ops: maintenance at the site',
    });
    expect(await resumed.json()).toMatchObject({ reason: null });
    expect(await cancelled.json()).toMatchObject({ state: 'cancelled' });
    expect(cancelled.headers.get('ETag')).toBe((await get(`/v1/jobs/${id}`)).headers.get('ETag'));
    expect(wakes.length - before).toBe(2);
  });

  it.each(verbs)('answers 409 when it comes too late to %s', async (verb) => {
    const { submit, order } = anApp();
    const id = await submit();
    await order(`${id}/cancel`);
    const response = await order(`${id}/${verb}`);

    expect(response.status).toBe(verb === 'cancel' ? 200 : 409);
    if (verb !== 'cancel') expect(await response.json()).toMatchObject({ code: 'conflict' });
  });

  it.each([noJob, 'job_nope', "job_' OR 1=1"])('answers 404 for %s', async (id) => {
    expect((await anApp().order(`${encodeURIComponent(id)}/pause`)).status).toBe(404);
  });

  it.each([
    [{}, '/reason'],
    [{ reason: '' }, '/reason'],
    [{ reason: 'x'.repeat(501) }, '/reason'],
    [{ reason: 7 }, '/reason'],
    [{ reason: 'two\nlines' }, '/reason'],
    [{ reason: 'why', force: true }, '/force'],
    [[], ''],
  ])('does not take %j', async (body, path) => {
    const response = await anApp().order(`${noJob}/pause`, body);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', errors: [{ path }] });
  });

  it.each(verbs)('lets no viewer %s', async (verb) => {
    expect((await anApp().order(`${noJob}/${verb}`, undefined, bearer.viewer)).status).toBe(403);
  });
});
