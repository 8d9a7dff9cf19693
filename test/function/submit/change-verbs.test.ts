import { beforeEach, describe, expect, it } from 'vitest';
import { changeVerbs } from '../../../shared/job/change-verbs.ts';
import { ChangeBody, ChangeList } from '../../../shared/progress/change-body.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

const noJob = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';
const noChange = 'chg_01KAJ0Q2Z5B4T7E9V3X6M8N1PS';

describe.each(databaseKinds)('verbs on changes over HTTP, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  function anApp() {
    const { app, post, get, wakes } = createTestApp(database);
    const submit = async (): Promise<string> =>
      JobBody.parse(await (await post(aPlan())).json()).id;
    const order = (
      path: string,
      body: unknown = { reason: 'the peer was mended' },
      token = bearer.operator,
    ) =>
      app.fetch(
        new Request(`http://lanekeeper.test/v1/jobs/${path}`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        }),
      );
    const changesOf = async (jobId: string) =>
      ChangeList.parse(await (await get(`/v1/jobs/${jobId}/changes`)).json()).items;
    const audit = async (jobId: string): Promise<unknown> => {
      const headers = { Authorization: `Bearer ${bearer.admin}` };
      return (await get(`/v1/audit?jobId=${jobId}`, headers)).json();
    };
    return { submit, order, changesOf, audit, wakes };
  }

  it('skips a change and answers with it, and once more', async () => {
    const { submit, order, changesOf, audit, wakes } = anApp();
    const id = await submit();
    const [change] = await changesOf(id);
    // As it is once it was resolved and waits for its approval.
    await database.query(`UPDATE lanekeeper.job SET state = 'awaiting_approval' WHERE id = $1`, [
      id,
    ]);
    const before = wakes.length;
    const path = `${id}/changes/${change?.id}/skip`;
    const answers = [await order(path), await order(path)];
    const bodies = await Promise.all(
      answers.map(async (answer) => ChangeBody.parse(await answer.json())),
    );

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(bodies.map(({ state }) => state)).toEqual(['skipped', 'skipped']);
    expect(wakes.length - before).toBe(2);
    expect(await audit(id)).toMatchObject({
      items: [
        { actor: 'ops', action: 'steer', operation: `POST /v1/jobs/${path}`, outcome: 'done' },
        { actor: 'ops', action: 'steer', outcome: 'done' },
        { action: 'submit' },
      ],
    });
  });

  it.each(changeVerbs)('answers 409 with the reason where it does not fit to %s', async (verb) => {
    const { submit, order, changesOf } = anApp();
    const id = await submit();
    const [change] = await changesOf(id);
    await order(`${id}/cancel`);
    const answer = await order(`${id}/changes/${change?.id}/${verb}`);

    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      code: 'conflict',
      detail: expect.stringMatching(/^the change cannot be (retried: its job|skipped: it is)/),
    });
  });

  it.each([`${noJob}/changes/${noChange}`, `job_x/changes/${noChange}`, `${noJob}/changes/chg_x`])(
    'answers 404 for %s',
    async (path) => {
      const { order } = anApp();
      const statuses = await Promise.all(
        changeVerbs.map(async (verb) => (await order(`${path}/${verb}`)).status),
      );

      expect(statuses).toEqual([404, 404]);
    },
  );

  it.each(changeVerbs)('wants a reason and an operator to %s', async (verb) => {
    const { order } = anApp();
    const path = `${noJob}/changes/${noChange}/${verb}`;
    const unreasoned = await order(path, {});

    expect(unreasoned.status).toBe(400);
    expect(await unreasoned.json()).toMatchObject({ errors: [{ path: '/reason' }] });
    expect((await order(path, undefined, bearer.viewer)).status).toBe(403);
  });
});
