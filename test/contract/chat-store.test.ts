import { beforeEach, describe, expect, it } from 'vitest';
import { createPgChatStore } from '../../shared/adapters/postgres/chat-store.ts';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import { aCardOf } from '../../shared/chat/card.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom } from '../../shared/platform/random.ts';
import { databaseKinds, emptyAllTables, useVirtualDatabaseClock } from '../helpers/databases.ts';
import { aNewJob } from '../helpers/factories-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { storesOn } from '../simulation/store-sources.ts';

const room = { platform: 'slack', id: 'C1' } as const;
const dayMs = 86_400_000;

describe.each(databaseKinds)('what chats remember, $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  async function open() {
    const clock = new FakeClock();
    const follow = await useVirtualDatabaseClock(database, clock);
    const pass = async (ms: number): Promise<void> => {
      await clock.advance(ms);
      await follow();
    };
    const { jobs } = storesOn(database);
    const accept = async (names = ['a']): Promise<string> => {
      const job = aNewJob(names, { id: createIds(systemClock, systemRandom).job() });
      await jobs.accept(job);
      return job.id;
    };
    return { chats: createPgChatStore(database), pass, accept };
  }

  it('takes each event of a platform once, whoever else has it at the same time', async () => {
    const { chats } = await open();

    const both = await Promise.all([chats.isNew('slack', 'Ev1'), chats.isNew('slack', 'Ev1')]);

    expect(both.toSorted()).toEqual([false, true]);
    expect(await chats.isNew('feishu', 'Ev1')).toBe(true);
    expect(await chats.isNew('slack', 'x'.repeat(5_000))).toBe(true);
  });

  it('forgets events after a day', async () => {
    const { chats, pass } = await open();
    await chats.isNew('slack', 'Ev1');
    await pass(dayMs + 1_000);
    await chats.isNew('slack', 'Ev2');

    expect(await database.query('SELECT id FROM lanekeeper.chat_event')).toHaveLength(1);
  });

  it('keeps a code for its own job and a week, until each who uses it has spent it, and none in clear', async () => {
    const { chats, pass } = await open();
    const digest = 'ab'.repeat(32);
    await chats.addCode('first-code', { jobId: 'job_1', digest });
    const at = (actor: string, jobId = 'job_1') =>
      chats.digestOfCode('first-code', { jobId, actor });

    const stored = JSON.stringify(await database.query('SELECT * FROM lanekeeper.chat_code'));
    const looked = [await at('li'), await at('li'), await at('li', 'job_2')];
    await Promise.all([chats.spendCode('first-code', 'li'), chats.spendCode('first-code', 'li')]);
    const spent = [await at('li'), await at('ming')];
    await pass(7 * dayMs + 1_000);
    const late = await at('ming');

    expect(stored).not.toContain('first-code');
    expect(looked).toEqual([digest, digest, null]);
    expect(spent).toEqual([null, digest]);
    expect(late).toBeNull();
  });

  it('follows a job in a room once, and leaves each errand to a lane of its own', async () => {
    const { chats, accept } = await open();
    const id = await accept();
    await chats.follow(id, room, null);
    await chats.follow(id, room, null);
    const card = aCardOf({ title: 'hello' });
    await chats.leave({ kind: 'reply', room, user: null, card, answerUrl: null });

    expect(await database.query('SELECT kind FROM lanekeeper.notice ORDER BY number')).toEqual([
      { kind: 'card' },
      { kind: 'reply' },
    ]);
    expect(
      await database.query(
        "SELECT lane_key FROM lanekeeper.lane WHERE kind = 'notice' AND due_at <= lanekeeper.now()",
      ),
    ).toHaveLength(2);
  });

  it('outlines a job', async () => {
    const { chats, accept } = await open();

    expect(await chats.outline('job_none')).toBeNull();
    expect(await chats.outline(await accept())).toMatchObject({
      lanes: 0,
      longestLane: 0,
      refused: 0,
      warnings: [],
      frozen: null,
      settleMs: null,
    });
  });

  it('knows how long changes took, of a job’s own kinds and of all', async () => {
    const { chats, accept } = await open();
    const id = await accept();
    const nothing = await chats.settleMs();
    await database.query(
      `INSERT INTO lanekeeper.tally (name, labels, value) VALUES
         ('settle_seconds_sum', '{"of":"gateway"}', 90), ('settle_seconds_bucket', '{"of":"gateway","le":"30"}', 3),
         ('settle_seconds_sum', '{"of":"attachment"}', 10), ('settle_seconds_bucket', '{"of":"attachment","le":"10"}', 1)`,
    );
    await database.query("UPDATE lanekeeper.change SET attach_type = 'VPNGW' WHERE job_id = $1", [
      id,
    ]);

    expect(nothing).toBeNull();
    expect(await chats.settleMs()).toBe(25_000);
    expect(await chats.outline(id)).toMatchObject({ settleMs: 30_000 });
  });

  it('outlines of what a job warns, and which freeze holds most of it', async () => {
    const { chats, accept } = await open();
    const id = await accept(['a@1', 'b@1', 'c@1']);
    await database.query(
      "UPDATE lanekeeper.change SET warnings = CASE WHEN seq = 0 THEN ARRAY['weak_algorithm'] ELSE ARRAY['weak_algorithm', 'tunnel_outage'] END WHERE job_id = $1",
      [id],
    );
    const freezes = createPgFreezeStore(database);
    const frozen = { until: '2030-01-01T00:00:00.000Z', reason: 'audit', createdBy: 'ops' };
    await freezes.put({ ...frozen, name: 'one', scope: 'connection:cn-hangzhou/a' });
    await freezes.put({ ...frozen, name: 'all', scope: 'all' });

    expect(await chats.outline(id)).toMatchObject({
      warnings: [
        { code: 'weak_algorithm', count: 3, first: 'a' },
        { code: 'tunnel_outage', count: 2, first: 'b' },
      ],
      frozen: { scope: 'all', until: '2030-01-01T00:00:00.000Z', reason: 'audit', count: 3 },
    });
  });
});
