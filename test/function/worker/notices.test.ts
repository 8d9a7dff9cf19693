import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPgChatStore } from '../../../shared/adapters/postgres/chat-store.ts';
import { createPgJobVerbs } from '../../../shared/adapters/postgres/job-verbs.ts';
import { aCardOf } from '../../../shared/chat/card.ts';
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

describe('what a worker tells', () => {
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

  it('is nothing, and nothing is written for it, where nobody listens', async () => {
    const written: string[] = [];
    await world.submit(planOf(names));
    await world.drain(
      world.worker({ sendNotice: async ({ laneKey }) => void written.push(laneKey) }),
    );

    expect(written).toEqual([]);
    expect(await left()).toEqual([]);
  });

  it('are a job’s turns, to receivers, signed, each once', async () => {
    const notify = {
      ops: webhookTo(receiver),
      late: webhookTo(receiver, { events: ['finished'] }),
    };
    const { sendNotice } = await noticesIn(world, database, { notify });
    const job = await world.submit(planOf(names));
    await world.drain(world.worker({ sendNotice }));

    expect(kinds().toSorted()).toEqual(['finished', 'finished', 'started']);
    expect(receiver.refused).toBe(0);
    expect(receiver.notices.find(({ kind }) => kind === 'finished')).toMatchObject({
      id: expect.stringMatching(/^ntc_\d+$/),
      at: expect.stringMatching(/^2026-11-22T/),
      job: { id: job.id, state: 'succeeded', counts: { succeeded: 3 } },
      detail: { state: 'succeeded' },
    });
    expect(await left()).toEqual([]);
  });

  it('are only those that somebody wants', async () => {
    const notify = { ops: webhookTo(receiver, { events: ['stopped'] }) };
    const { sendNotice } = await noticesIn(world, database, { notify });
    await world.submit(planOf(names));
    await world.drain(world.worker({ sendNotice }));

    expect(kinds()).toEqual([]);
    expect(await left()).toEqual([]);
  });

  it('shows a job’s card in the room that asked, and keeps it up to date there', async () => {
    const { sendNotice } = await noticesIn(world, database, { slack });
    const job = await world.submit(planOf(names));
    await followInSlack(database, job);
    await world.drain(world.worker({ sendNotice }));

    const [message, second] = [...slack.messages.values()];
    expect(second).toBeUndefined();
    expect(message?.room).toBe('C1');
    expect(message?.updates).toBeGreaterThan(0);
    expect(message?.text).toContain('3: 3 succeeded');
    expect(message?.text).toContain(`https://lanes.example.com/#/jobs/${job.id}`);
    expect(slack.calls()[0]?.headers.authorization).toBe('Bearer xoxb-token');
    expect(await left()).toEqual([]);
  });

  it('shows on the card how a job starts, opens each batch and ends, with counts and a link', async () => {
    const { sendNotice } = await noticesIn(world, database, { slack });
    const job = await world.submit(planOf(names, { rollout: { batches: [1, 2, '100%'] } }));
    await followInSlack(database, job);
    await world.drain(world.worker({ sendNotice }));

    const shown = slack.calls().map(({ body }) => JSON.stringify(body.blocks));
    const factOf = (name: string, text: string) =>
      new RegExp(`\\*${name}\\*\\\\n([^"]+)`).exec(text)?.[1];
    const courses = shown.map((text) => `${factOf('State', text)}, ${factOf('Changes', text)}`);
    expect(courses).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^running, 3(: 1 in flight)?$/),
        'running, 3: 1 succeeded, 1 in flight',
        'running, 3: 2 succeeded, 1 in flight',
      ]),
    );
    expect(courses.at(-1)).toBe('succeeded, 3: 3 succeeded');
    expect(shown.filter((text) => !text.includes(`lanes.example.com/#/jobs/${job.id}`))).toEqual(
      [],
    );
  });

  it('reaches a room that is notified of everything', async () => {
    const notify = { room: { type: 'slack', room: 'C9' } };
    const { sendNotice } = await noticesIn(world, database, { notify, slack });
    await world.submit(planOf(names));
    await world.drain(world.worker({ sendNotice }));

    expect([...slack.messages.values()]).toMatchObject([
      { room: 'C9', text: expect.stringContaining('succeeded') },
    ]);
  });

  it('is tried again with growing pauses, and holds no change up', async () => {
    const timed = async (failures: number, algorithm: string): Promise<number> => {
      receiver.instead = Array.from({ length: failures }, () => 503);
      const { sendNotice } = await noticesIn(world, database, {
        notify: { ops: webhookTo(receiver) },
      });
      const job = await world.submit(
        planOf(names, { set: { IkeConfig: { IkeEncAlg: algorithm } } }),
      );
      await world.drain(world.worker({ sendNotice }));
      const { startedAt, finishedAt } = (await world.jobs.get(job.id)) ?? {};
      return Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '');
    };
    const quiet = await timed(0, 'aes256');
    const disturbed = await timed(9, 'aes192');

    expect(kinds().toSorted()).toEqual(['finished', 'finished', 'started', 'started']);
    expect(Math.abs(disturbed - quiet)).toBeLessThan(30_000);
    expect(await left()).toEqual([]);
  });

  it('is given up after a day, and the log says so', async () => {
    receiver.instead = Array.from({ length: 10_000 }, () => 503);
    const { sendNotice, lines } = await noticesIn(world, database, {
      notify: { ops: webhookTo(receiver, { events: ['finished'] }) },
    });
    await world.submit(planOf(names));
    await world.drain(world.worker({ sendNotice }), 48 * 3_600_000);

    expect(lines.join('')).toContain('notice given up');
    expect(10_000 - receiver.instead.length).toBeLessThan(50);
    expect(await left()).toEqual([]);
  });

  it('is not tried again where that cannot help', async () => {
    receiver.instead = [400, 302];
    const { sendNotice, lines } = await noticesIn(world, database, {
      notify: { ops: webhookTo(receiver) },
    });
    await world.submit(planOf(names));
    await world.drain(world.worker({ sendNotice }));

    expect(kinds()).toEqual([]);
    expect(lines.filter((line) => line.includes('notice not delivered'))).toHaveLength(2);
    expect(await left()).toEqual([]);
  });

  it('asks no private address that is not allowed by name', async () => {
    const notify = {
      ops: {
        ...webhookTo(receiver),
        url: `${receiver.url.replace('http://127.0.0.1', 'https://localhost')}/`,
        allowedPrivateHosts: [],
      },
    };
    const { sendNotice, lines } = await noticesIn(world, database, { notify });
    await world.submit(planOf(names));
    await world.drain(world.worker({ sendNotice }));

    expect(lines.join('')).toContain('address_not_allowed');
    expect(kinds()).toEqual([]);
  });

  it.each([
    ['ends with it', planOf(['bad'])],
    ['has more in flight', planOf(['bad', ...names])],
  ])(
    'tells that errors stopped a job, though nobody listens for more, which %s',
    async (_, plan) => {
      const notify = { ops: { ...webhookTo(receiver), events: ['stopped' as const] } };
      const { sendNotice } = await noticesIn(world, database, { notify });
      await world.submit(plan);
      await world.drain(world.worker({ sendNotice }));

      expect(kinds()).toEqual(['stopped']);
    },
  );

  it('tells that a job was paused and goes on', async () => {
    const { sendNotice } = await noticesIn(world, database, {
      notify: { ops: webhookTo(receiver) },
      slack,
    });
    const job = await world.submit(planOf(names));
    await followInSlack(database, job);
    const worker = world.worker({ sendNotice });
    const draining = world.drain(worker);
    await world.clock.sleep(40_000);
    const order = (verb: 'pause' | 'resume') =>
      world.clock.track(() =>
        createPgJobVerbs(database).order(job.id, verb, { actor: 'ops', reason: 'a look' }),
      );
    await order('pause');
    await world.clock.sleep(120_000);
    const [whilePaused] = [...slack.messages.values()];
    await order('resume');
    await draining;
    await world.drain(worker);

    expect(whilePaused?.text).toContain(`resume ${job.id}`);
    expect(whilePaused?.text).toContain('Paused by ops: a look.');
    expect([...slack.messages.values()][0]?.text).toContain('succeeded');
    expect(kinds().toSorted()).toEqual(['finished', 'paused', 'started']);
  });

  it('posts a card anew when the room has lost it', async () => {
    const { sendNotice } = await noticesIn(world, database, { slack });
    const job = await world.submit(planOf(names));
    await followInSlack(database, job);
    const draining = world.drain(world.worker({ sendNotice }));
    await world.clock.sleep(35_000);
    slack.messages.clear();
    await draining;

    expect([...slack.messages.values()]).toMatchObject([
      { text: expect.stringContaining('3 succeeded') },
    ]);
    expect(await left()).toEqual([]);
  });

  it('waits as long as Slack asks for, and gives up on what Slack refuses', async () => {
    const { sendNotice, lines } = await noticesIn(world, database, { slack });
    const chats = createPgChatStore(database);
    const card = aCardOf({ title: 'hello' });
    slack.instead.push(
      answer(
        429,
        { ok: false, error: 'ratelimited' },
        { 'retry-after': '30', 'content-type': 'application/json' },
      ),
    );
    const before = world.clock.now();
    const reply = { kind: 'reply', card, answerUrl: null } as const;
    await chats.leave({ ...reply, room: { platform: 'slack', id: 'C1' }, user: null });
    await world.drain(world.worker({ sendNotice }));
    const waited = world.clock.now() - before;
    slack.instead.push(answer(200, { ok: false, error: 'channel_not_found' }));
    await chats.leave({ ...reply, room: { platform: 'slack', id: 'C2' }, user: 'U1' });
    await world.drain(world.worker({ sendNotice }));

    expect(waited).toBeGreaterThanOrEqual(30_000);
    expect([...slack.messages.values()]).toMatchObject([{ room: 'C1' }]);
    expect(slack.calls().at(-1)).toMatchObject({
      path: 'POST /api/chat.postEphemeral',
      body: { user: 'U1' },
    });
    expect(lines.join('')).toContain('channel_not_found');
    expect(await left()).toEqual([]);
  });
});
