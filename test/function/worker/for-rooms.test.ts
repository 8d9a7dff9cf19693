import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPgApprovalStore } from '../../../shared/adapters/postgres/approval-store.ts';
import { createPgChatStore } from '../../../shared/adapters/postgres/chat-store.ts';
import { aCardOf } from '../../../shared/chat/card.ts';
import { storedPlanOf } from '../../../shared/schedule/stored-plan.ts';
import {
  type FakePlatform,
  type FakeReceiver,
  followInSlack,
  noticesIn,
  webhookTo,
} from '../../helpers/chat-platforms.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { answer } from '../../helpers/scripted-http-server.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { planOf } from './fleet.ts';
import { type NotifiedWorld, names, openNotified } from './notified.ts';

describe('what a worker does for rooms', () => {
  const database = withPostgres();
  let there: NotifiedWorld;
  let world: VirtualWorld;
  let slack: FakePlatform;
  let receiver: FakeReceiver;

  beforeEach(async () => {
    there = await openNotified(database);
    ({ world, slack, receiver } = there);
  });
  afterEach(() => there.close());

  const left = () => there.left();
  const kinds = () => there.kinds();

  it('approves what was approved in a room, after it was compared with the cloud, and tells the room', async () => {
    const { sendNotice } = await noticesIn(world, database, {
      notify: { ops: webhookTo(receiver, { events: ['awaiting_approval', 'finished'] }) },
      slack,
    });
    const chats = createPgChatStore(database);
    const job = await world.submit(planOf(names, { approval: { required: 1 } }));
    await followInSlack(database, job);
    const worker = world.worker({ sendNotice });
    await world.drain(worker);
    const waiting = await world.jobs.get(job.id);
    const card = [...slack.messages.values()].at(-1);
    const errand = {
      kind: 'approve',
      room: { platform: 'slack', id: 'C1' },
      user: 'U1',
      jobId: job.id,
      reason: 'looks good',
      operation: 'slack approve',
      address: '203.0.113.9',
      requestId: 'req_1',
    } as const;
    await chats.leave({ ...errand, actor: 'tester', digest: waiting?.planDigest ?? '' });
    await chats.leave({ ...errand, actor: 'li', digest: waiting?.planDigest ?? '' });
    await world.drain(worker);

    expect(card?.text).toContain(`approve ${job.id} digest=${waiting?.planDigest}`);
    expect(await world.jobs.get(job.id)).toMatchObject({ state: 'succeeded' });
    const told = slack.calls().map(({ body }) => JSON.stringify(body));
    expect(told.some((text) => text.includes(`li approved ${job.id}`))).toBe(true);
    expect(
      told.some((text) => text.includes('who submitted a job is never one of its approvers')),
    ).toBe(true);
    expect(kinds()).toEqual(['awaiting_approval', 'finished']);
    expect(
      await database.query(
        "SELECT actor, outcome, address FROM lanekeeper.audit WHERE operation = 'slack approve' ORDER BY actor",
      ),
    ).toEqual([
      { actor: 'li', outcome: 'done', address: '203.0.113.9' },
      { actor: 'tester', outcome: 'forbidden', address: '203.0.113.9' },
    ]);
    expect(await left()).toEqual([]);
  });

  it('posts the card anew when somebody is called: to approve, after errors, or because of what was refuted later', async () => {
    const { sendNotice } = await noticesIn(world, database, { slack });
    const plan = { approval: { required: 1 }, rollout: { concurrency: 10, maxErrors: 0 } };
    const job = await world.submit(planOf([...names, 'bad'], plan));
    await followInSlack(database, job);
    const worker = world.worker({ sendNotice });
    await world.drain(worker);
    const whenWaiting = [...slack.messages.values()];
    const digest = (await world.jobs.get(job.id))?.planDigest ?? '';
    await createPgApprovalStore(database).approve(job.id, { actor: 'li', digest, reason: 'x' });
    await world.drain(worker);
    const whenStopped = [...slack.messages.values()];
    const to = (verdict: string) =>
      database.query(
        "UPDATE lanekeeper.change SET verdict = $2 WHERE job_id = $1 AND state = 'succeeded'",
        [job.id, verdict],
      );
    const refuted = (
      await database.query("SELECT FROM lanekeeper.change WHERE state = 'succeeded'")
    ).length;
    await to('latent');
    await to('refuted');
    await world.drain(worker);

    expect(whenWaiting.at(-1)).toMatchObject({ text: expect.stringContaining('approve job_') });
    expect(whenWaiting.at(-1)?.text).toMatch(/Warning tunnel_outage \(4×, first vco-\w+\)/);
    expect(whenStopped.length).toBe(whenWaiting.length + 1);
    expect(whenStopped.at(-1)?.text).toContain('1 failed');
    expect(slack.messages.size).toBe(whenStopped.length + refuted);
    expect([...slack.messages.values()].at(-1)?.text).toMatch(
      /The other side of vco-\w+ turned out not to have the new values/,
    );
    expect(await left()).toEqual([]);
  });

  it.each([[true], [false]])(
    'answers once at the address that came with a button, be there a bot token (%s) or not',
    async (isBot) => {
      const { sendNotice } = await noticesIn(world, database, { slack, isBot });
      const answerUrl =
        'https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209';
      const room = { platform: 'slack', id: 'C1' } as const;
      const leave = (title: string) =>
        createPgChatStore(database).leave({
          kind: 'reply',
          room,
          user: 'U1',
          card: aCardOf({ title }),
          answerUrl,
        });
      await leave('first');
      await world.drain(world.worker({ sendNotice }));
      slack.instead.push(answer(404, { ok: false, error: 'expired_url' }));
      await leave('late');
      await world.drain(world.worker({ sendNotice }));

      const path = 'POST /actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209';
      expect(slack.calls()).toMatchObject([
        {
          path,
          body: { response_type: 'ephemeral', replace_original: false, text: 'first' },
        },
        { path },
        ...(isBot ? [{ path: 'POST /api/chat.postEphemeral', body: { user: 'U1' } }] : []),
      ]);
      expect(slack.calls()[0]?.headers.authorization).toBeUndefined();
      expect(await left()).toEqual([]);
    },
  );

  it('works out a preview that a room asked for', async () => {
    const { sendNotice } = await noticesIn(world, database, { slack });
    const chats = createPgChatStore(database);
    const { schedules, sealer } = world.scheduling;
    const { window: _, ...plan } = planOf(names);
    await schedules.put(
      {
        name: 'nightly',
        cron: '0 3 * * *',
        timeZone: 'UTC',
        enabled: false,
        overlap: 'skip',
        minAge: null,
        updatedBy: 'ops',
        plan: storedPlanOf(sealer, 'nightly', plan),
      },
      () => null,
    );
    const room = { platform: 'slack', id: 'C1' } as const;
    await chats.leave({ kind: 'preview', room, schedule: 'nightly', previewId: null });
    await chats.leave({ kind: 'preview', room, schedule: 'gone', previewId: null });
    await world.drain(world.worker({ sendNotice }));

    const texts = [...slack.messages.values()].map(({ text }) => text).toSorted();
    expect(texts).toHaveLength(2);
    expect(texts.join()).toContain('3: 3 to modify, 0 unchanged, 0 refused');
    expect(texts.join()).toContain('there is no such schedule');
    expect(await left()).toEqual([]);
  });
});
