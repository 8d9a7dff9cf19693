import { beforeEach, describe, expect, it } from 'vitest';
import { createPgChatStore, learnedOrigin } from '../../shared/adapters/postgres/chat-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgNoticeStore } from '../../shared/adapters/postgres/notice-store.ts';
import type { Lease } from '../../shared/lane/lane-store.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom } from '../../shared/platform/random.ts';
import { databaseKinds, emptyAllTables } from '../helpers/databases.ts';
import { aNewJob } from '../helpers/factories-store.ts';
import { storesOn } from '../simulation/store-sources.ts';

const room = { platform: 'slack', id: 'C1' } as const;

describe.each(databaseKinds)('notices, $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  const notices = createPgNoticeStore(database);
  const chats = createPgChatStore(database);
  const lanes = createPgLaneStore(database);

  async function aJob(): Promise<string> {
    const job = aNewJob(['a@1'], { id: createIds(systemClock, systemRandom).job() });
    await storesOn(database).jobs.accept(job);
    return job.id;
  }
  const turn = (id: string, change: string) =>
    database.query(`UPDATE lanekeeper.job SET ${change} WHERE id = $1`, [id]);
  const written = async (): Promise<readonly unknown[]> =>
    (await database.query('SELECT kind FROM lanekeeper.notice ORDER BY number')).map(
      ({ kind }) => kind,
    );
  async function claim(): Promise<Lease> {
    const claimed = await lanes.claim({ worker: 'w', limit: 10, leaseSeconds: 30 });
    const lane = claimed.lanes.find(({ kind }) => kind === 'notice');
    if (lane === undefined) throw new Error('no notice is due');
    return { laneKey: lane.laneKey, epoch: lane.epoch };
  }

  const every = ['started', 'awaiting_approval', 'paused', 'stopped', 'finished'];

  it.each<[string, string, readonly string[]]>([
    ['starts', "state = 'running', started_at = lanekeeper.now()", ['started']],
    ['waits for approval', "state = 'awaiting_approval'", ['awaiting_approval']],
    ['is paused', "state = 'paused', pause_reason = 'x'", ['paused']],
    [
      'is stopped by errors',
      "stopping = true, reason = 'stopped: more changes failed'",
      ['stopped'],
    ],
    [
      'is cancelled while something is in flight',
      "stopping = true, reason = 'cancelled by ops: x'",
      [],
    ],
    ['ends', "state = 'failed', finished_at = lanekeeper.now()", ['finished']],
    [
      'is stopped by the error that ends it',
      "state = 'failed', stopping = true, finished_at = lanekeeper.now()",
      ['stopped', 'finished'],
    ],
    [
      'is cancelled and ends',
      "state = 'cancelled', stopping = true, reason = 'cancelled by ops: x', finished_at = lanekeeper.now()",
      ['finished'],
    ],
    [
      'starts and ends at once',
      "state = 'succeeded', started_at = lanekeeper.now(), finished_at = lanekeeper.now()",
      ['started', 'finished'],
    ],
    ['goes on', 'queued = queued + 1', []],
    ['opens its window', "state = 'running'", []],
  ])('tell that a job %s', async (_, change, kinds) => {
    await notices.listenFor(every);
    const id = await aJob();
    await turn(id, change);

    expect(await written()).toEqual(kinds);
  });

  it('are not written where nobody listens, and only of what somebody wants', async () => {
    const id = await aJob();
    await turn(id, "state = 'running', started_at = lanekeeper.now()");
    await notices.listenFor(['finished']);
    await turn(id, "state = 'paused', pause_reason = 'x'");
    await turn(id, "state = 'succeeded', finished_at = lanekeeper.now()");
    await notices.listenFor([]);
    const other = await aJob();
    await turn(other, "state = 'succeeded', finished_at = lanekeeper.now()");

    expect(await written()).toEqual(['finished']);
  });

  it('tell that a change turned out to be wrong after its end, and only then', async () => {
    await notices.listenFor(['refuted']);
    const id = await aJob();
    const to = (verdict: string, ended: boolean, message: string | null = null) =>
      database.query(
        `UPDATE lanekeeper.change
            SET verdict = $2, finished_at = CASE WHEN $3 THEN lanekeeper.now() END,
                last_error = CASE WHEN $4::text IS NOT NULL THEN jsonb_build_object('message', $4::text) END
          WHERE job_id = $1`,
        [id, verdict, ended, message],
      );
    await to('latent', false);
    await to('refuted', true);
    await to('latent', true);
    await to('proved', true);
    await to('latent', true);
    expect(await written()).toEqual([]);
    await to('refuted', true, 'the tunnel is down');
    await to('refuted', true, 'the tunnel is down');

    expect(await written()).toEqual(['refuted']);
    const notice = await notices.get(await claim());
    expect(notice).toMatchObject({
      jobId: id,
      data: { vpnConnectionId: 'a', reason: 'the tunnel is down' },
    });
  });

  it('tell that the next batch of a job begins, and nothing of its first', async () => {
    await notices.listenFor(['batch']);
    const id = await aJob();
    await turn(id, "state = 'running', started_at = lanekeeper.now(), open_until = 1");
    await turn(id, 'open_until = 5');
    await turn(id, 'open_until = NULL');
    await turn(id, 'queued = queued + 1');

    expect(await written()).toEqual(['batch', 'batch']);
  });

  it('are written of everything for a room with the job’s card', async () => {
    const id = await aJob();
    await chats.follow(id, room, null);
    await turn(id, "state = 'paused'");
    await turn(id, "state = 'running'");
    await turn(id, "stopping = true, reason = 'cancelled by ops: x'");

    expect(await written()).toEqual(['card', 'paused', 'resumed', 'cancelling']);
  });

  it('go away with their lane, and not under a lease that was lost', async () => {
    const id = await aJob();
    await chats.follow(id, room, 'https://a.example.com');
    const lease = await claim();
    const read = await notices.get(lease);
    const stale = await notices.settle({ ...lease, epoch: lease.epoch - 1 });
    const settled = await notices.settle(lease);

    expect(read).toMatchObject({ kind: 'card', jobId: id, told: [], attempts: 0 });
    expect([stale, settled]).toEqual([false, true]);
    expect(await notices.get(lease)).toBeNull();
    expect(await database.query("SELECT FROM lanekeeper.lane WHERE kind = 'notice'")).toEqual([]);
  });

  it('come back later with who knows them', async () => {
    await chats.follow(await aJob(), room, null);
    const lease = await claim();
    const lost = { ...lease, epoch: lease.epoch - 1 };
    await notices.putOff(lost, { told: ['nobody'], counts: true, dueInMs: 0 });
    await notices.putOff(lease, { told: ['ops'], counts: true, data: { a: 1 }, dueInMs: 0 });
    const again = await claim();

    expect(again.epoch).toBe(lease.epoch + 1);
    expect(await notices.get(again)).toMatchObject({ told: ['ops'], attempts: 1, data: { a: 1 } });
    await notices.putOff(again, { told: ['ops'], counts: false, dueInMs: 60_000 });
    await expect(claim()).rejects.toThrow('no notice is due');
  });

  it('hold nobody up: what is being sent is not waited for', async () => {
    await notices.listenFor(every);
    const id = await aJob();
    await chats.follow(id, room, null);
    await claim();
    await turn(id, "state = 'paused'");

    expect(await written()).toEqual(['card', 'paused']);
  });

  it('have cards that nobody asked for lead to where the API was last asked, unless that may be forged', async () => {
    const feishu = { platform: 'feishu', id: 'oc_1' } as const;
    const originIn = async (id: string) => {
      await notices.addCard(id, feishu);
      return (await notices.cardsOf(id)).find((card) => card.room.id === feishu.id)?.origin;
    };
    const unknown = await originIn(await aJob());
    await chats.follow(await aJob(), room, 'https://a.example.com');
    await chats.follow(await aJob(), { platform: 'dingtalk', id: 'cid' }, 'https://forged.example');
    const another = await aJob();
    await chats.follow(another, room, null);
    const [asked] = await notices.cardsOf(another);

    expect(unknown).toBeNull();
    expect(await originIn(await aJob())).toBe('https://a.example.com');
    expect(asked?.origin).toBe('https://a.example.com');
  });

  it('look for that address in no more cards than know one', async () => {
    await database.query(
      `INSERT INTO lanekeeper.chat_card (job_id, platform, room, origin, created_at)
       SELECT $1, platform, 'room-' || n, NULL, lanekeeper.now()
         FROM generate_series(1, 3000) AS n, unnest(ARRAY['dingtalk', 'slack']) AS platform`,
      [await aJob()],
    );
    const plan = await database.query(`EXPLAIN SELECT ${learnedOrigin}`);

    expect(JSON.stringify(plan)).toContain('chat_card_by_origin');
  });

  it('forget cards after 90 days, also where nobody asks for any', async () => {
    const asked = await aJob();
    await chats.follow(asked, room, null);
    await database.query(
      "UPDATE lanekeeper.chat_card SET created_at = lanekeeper.now() - interval '91 days'",
    );
    const id = await aJob();
    await notices.addCard(id, room);

    expect(await notices.cardsOf(asked)).toEqual([]);
    expect(await notices.cardsOf(id)).toHaveLength(1);
  });

  it('give a card to one sender at a time', async () => {
    const id = await aJob();
    await chats.follow(id, room, 'https://a.example.com');
    await notices.addCard(id, room);
    await notices.addCard(id, { platform: 'feishu', id: 'oc_1' });
    const [card, other] = await notices.cardsOf(id);
    const taken = await Promise.all([
      notices.takeCard(card?.number ?? 0, 60_000),
      notices.takeCard(card?.number ?? 0, 60_000),
    ]);
    await notices.giveCard(card?.number ?? 0, { message: '17.5', shown: 'digest' });
    const after = await notices.takeCard(card?.number ?? 0, 0);
    const afterItsTime = await notices.takeCard(card?.number ?? 0, 60_000);

    expect(card).toMatchObject({
      room,
      origin: 'https://a.example.com',
      message: null,
      shown: null,
    });
    expect(other).toMatchObject({ room: { platform: 'feishu', id: 'oc_1' } });
    expect(taken.filter((one) => one === null)).toHaveLength(1);
    expect(after).toMatchObject({ message: '17.5', shown: 'digest' });
    expect(afterItsTime).not.toBeNull();
  });
});
