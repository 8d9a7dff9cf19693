import { beforeEach, describe, expect, it } from 'vitest';
import type { ChangeDelivery } from '../../../shared/change/handover.ts';
import { nothingHandedOver } from '../../../shared/change/handover.ts';
import { ChangeDetail } from '../../../shared/progress/change-body.ts';
import { bearer } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { anAppOfJobs } from './app-of-jobs.ts';

const anOpenDelivery: ChangeDelivery = {
  part: 'tun-2',
  direction: 'forth',
  stage: 'open',
  deliveredTo: ['devices'],
  isAcknowledged: false,
  isApplied: false,
  since: '2026-11-24T10:00:00.000Z',
  acknowledgeUntil: '2026-11-25T10:00:00.000Z',
  failures: 0,
};

describe.each(databaseKinds)('acknowledging over HTTP, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  /** The API, and a change that waits for the other side's word of `tun-2`. */
  async function aWaitingChange(deliveries: readonly ChangeDelivery[] = [anOpenDelivery]) {
    const app = anAppOfJobs(database);
    const jobId = await app.submit();
    const [change] = await app.changesOf(jobId);
    const id = change?.id ?? '';
    await database.query(
      `UPDATE lanekeeper.change SET state = 'delivering', step = 'deliver', handover = $2 WHERE id = $1`,
      [id, JSON.stringify({ ...nothingHandedOver, deliveries })],
    );
    const path = `${jobId}/changes/${id}/acknowledge`;
    const detail = async () =>
      ChangeDetail.parse(await (await app.get(`/v1/jobs/${jobId}/changes/${id}`)).json());
    return { ...app, jobId, id, path, detail };
  }

  it.each<[string, { tunnelId: string } | undefined]>([
    ['of the tunnel that it names', { tunnelId: 'tun-2' }],
    ['of the tunnel that waits, without a body', undefined],
  ])('takes the word %s, wakes a worker, and says whose it was', async (_, body) => {
    const { call, path, detail, wakes } = await aWaitingChange();
    const before = wakes.length;
    const answer = await call(path, { body });

    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ state: 'delivering' });
    expect(wakes.length - before).toBe(1);
    const { steps } = await detail();
    expect(steps.map(({ kind, data }) => [kind, data])).toEqual([
      ['acknowledged', { part: 'tun-2', direction: 'forth', by: 'ops' }],
    ]);
  });

  it('takes it twice as once', async () => {
    const { call, path, detail } = await aWaitingChange();
    const answers = [await call(path), await call(path, { body: { tunnelId: 'tun-2' } })];

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await detail()).steps).toHaveLength(1);
  });

  it.each<[string, readonly ChangeDelivery[], string]>([
    ['another tunnel is waited for', [anOpenDelivery], 'it waits for tun-2, not for tun-1'],
    ['nothing is waited for', [], 'it does not wait for an acknowledgement'],
  ])('answers 409 where %s', async (_, deliveries, reason) => {
    const { call, path, detail } = await aWaitingChange(deliveries);
    const answer = await call(path, { body: { tunnelId: 'tun-1' } });

    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      code: 'conflict',
      detail: `the change cannot be acknowledged: ${reason}`,
    });
    expect((await detail()).steps).toEqual([]);
  });

  it('is for operators, of changes that are there, with a body that is right', async () => {
    const { call, path, jobId } = await aWaitingChange();
    const noChange = `${jobId}/changes/chg_01KAJ0Q2Z5B4T7E9V3X6M8N1PS/acknowledge`;

    expect((await call(path, { token: bearer.viewer })).status).toBe(403);
    expect((await call(noChange)).status).toBe(404);
    expect((await call(`${jobId}/changes/nope/acknowledge`)).status).toBe(404);
    const bad = await call(path, { body: { tunnel: 'tun-2' } });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ errors: [{ path: '/tunnel' }] });
  });
});
