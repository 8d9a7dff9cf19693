import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aCardOf } from '../../../shared/chat/card.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { createTestApp } from '../../helpers/apps.ts';
import {
  chatUsers,
  createTestChat,
  dingtalkMessage,
  dingtalkRequest,
  feishuAction,
  feishuEncrypted,
  feishuMessage,
  feishuRequest,
} from '../../helpers/chat.ts';
import { type FakeDingtalk, sendToRooms, startFakeDingtalk } from '../../helpers/chat-worker.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

describe('the chatops function', () => {
  const database = withPostgres();
  beforeEach(() => emptyAllTables(database));

  const notices = () => database.query('SELECT kind, data FROM lanekeeper.notice ORDER BY number');
  const freezes = () => database.query('SELECT name FROM lanekeeper.freeze');

  describe('asked by DingTalk', () => {
    let dingtalk: FakeDingtalk;
    beforeEach(async () => {
      dingtalk = await startFakeDingtalk();
    });
    afterEach(() => dingtalk.close());

    const room = 'group:cidxxxxx==';

    async function aWaitingJob({ hasCard = true } = {}) {
      const chat = createTestChat(database);
      const orders = async (): Promise<readonly unknown[]> =>
        (await database.query("SELECT data FROM lanekeeper.notice WHERE kind = 'approve'")).map(
          ({ data }) => data,
        );
      const job = JobBody.parse(await (await createTestApp(database).post(aPlan())).json());
      const digest = 'ab'.repeat(32);
      if (hasCard) await chat.chats.chats.follow(job.id, { platform: 'dingtalk', id: room }, null);
      await database.query(
        "UPDATE lanekeeper.job SET plan_digest = $2, state = 'awaiting_approval', approvals_required = 1, approve_by = now() + interval '1 day' WHERE id = $1",
        [job.id, digest],
      );
      const say = async (text: string, user = chatUsers.approver): Promise<string> =>
        (await chat.app.fetch(dingtalkRequest(dingtalkMessage(text, { user })))).text();
      /** What the button of the card says that DingTalk was sent last. */
      const consent = async (): Promise<string> => {
        await sendToRooms(database, { dingtalk });
        const [, command = ''] =
          /sendMessage\?content=(approve[^"]+)/.exec(dingtalk.sent.at(-1)?.text ?? '') ?? [];
        return decodeURIComponent(command);
      };
      return { say, orders, consent, id: job.id, digest, ...chat };
    }

    it('answers in its response, and takes a message once', async () => {
      const { app } = createTestChat(database);
      const body = dingtalkMessage('freeze all for 2h x');
      const now = Date.now();
      const [first, copy, again] = [
        await app.fetch(dingtalkRequest(body, now)),
        await app.fetch(dingtalkRequest(body, now)),
        await app.fetch(dingtalkRequest(body, now - 5)),
      ];

      expect(await first.json()).toMatchObject({
        msgtype: 'markdown',
        markdown: { title: '⚠️ Frozen' },
      });
      expect(copy.status).toBe(401);
      expect(await again.json()).toEqual({ msgtype: 'empty' });
      expect(await freezes()).toHaveLength(1);
    });

    it('links nobody to where its requests went, for that may be forged too', async () => {
      const { app } = createTestChat(database, { sinkNames: new Set(['kms']) });
      const ask = async (text: string): Promise<string> => {
        const { headers, body } = dingtalkRequest(dingtalkMessage(text));
        const at = 'https://evil.example/v1/chatops/dingtalk';
        const request = new Request(at, { method: 'POST', headers, body, duplex: 'half' });
        return (await app.fetch(request)).text();
      };
      await ask('rotate region=cn-hangzhou tag:env=prod');
      const cards = await database.query('SELECT job_id, origin FROM lanekeeper.chat_card');
      const status = await ask(`status ${cards[0]?.job_id}`);

      expect(cards).toMatchObject([{ origin: null }]);
      expect(status).toContain('Changes');
      expect(status).not.toContain('evil.example');
    });

    it('takes consent with the code of a card alone, once, and for the plan that the card showed', async () => {
      const { say, orders, consent, id, digest } = await aWaitingJob();

      const bare = await say(`approve ${id} digest=${digest}`);
      const guessed = await say(`approve ${id} code=000000000000`);
      const approve = await consent();
      await say(approve);
      const again = await say(approve);

      expect(approve).toMatch(new RegExp(`^approve ${id} code=[0-9a-z]{12}$`));
      expect(bare).toContain('one\\\\-time code');
      expect(guessed).toContain('one\\\\-time code');
      expect(again).toContain('one\\\\-time code');
      expect(await orders()).toMatchObject([
        { jobId: id, actor: 'boss', digest, reason: 'by chat' },
      ]);
    });

    it('takes the code of one card from each approver, and spends none that was not taken', async () => {
      const { say, orders, consent, id } = await aWaitingJob();
      await database.query(
        "UPDATE lanekeeper.job SET approvals_required = 2, created_by = 'deputy' WHERE id = $1",
        [id],
      );
      const approve = await consent();
      const own = await say(approve, chatUsers.deputy);
      await database.query("UPDATE lanekeeper.job SET created_by = 'ops' WHERE id = $1", [id]);
      await say(approve, chatUsers.approver);
      await say(approve, chatUsers.deputy);

      expect(own).toContain('who submitted a job is never one of its approvers');
      expect(await orders()).toMatchObject([{ actor: 'boss' }, { actor: 'deputy' }]);
    });

    it('sends another code when the cloud could not be asked, since the first one is spent', async () => {
      const { say, consent, id } = await aWaitingJob();
      const first = await consent();
      await say(first);
      const card = aCardOf({ title: 'Not approved' });
      const approve = () => Promise.resolve({ kind: 'ready', card, isOpen: true } as const);
      await sendToRooms(database, { dingtalk, approve });
      const second = await consent();

      expect(second).toContain(`approve ${id} code=`);
      expect(second).not.toBe(first);
    });

    it('takes a code for no plan that came after it', async () => {
      const { say, orders, consent, id } = await aWaitingJob();
      const approve = await consent();
      await database.query('UPDATE lanekeeper.job SET plan_digest = $2 WHERE id = $1', [
        id,
        'cd'.repeat(32),
      ]);
      const late = await say(approve);

      expect(late).toContain('the plan is another one by now');
      expect(await orders()).toEqual([]);
    });

    it('answers nothing that approves, whatever it is asked: who asks may have forged that', async () => {
      const { say, id } = await aWaitingJob();
      const answers: string[] = [];
      for (const text of [
        'help',
        'jobs',
        'status',
        `status ${id}`,
        `approve ${id}`,
        `pause ${id}`,
      ]) {
        for (const user of Object.values(chatUsers)) answers.push(await say(text, user));
      }

      expect(answers.filter((answer) => /code(=|%3D)|content=approve/i.test(answer))).toEqual([]);
      expect(answers.join('')).toContain('What approves it is sent to rooms');
    });

    it('sends what approves once more to a room that has the card or is notified, and to no other', async () => {
      const { say, id } = await aWaitingJob({ hasCard: false });
      await say(`status ${id}`);
      await sendToRooms(database, { dingtalk });
      const unknown = dingtalk.sent.length;
      await say(`status ${id}`);
      await sendToRooms(database, {
        dingtalk,
        notify: { ops: { type: 'dingtalk', room: 'cidxxxxx==' } },
      });

      expect(unknown).toBe(0);
      expect(dingtalk.sent).toMatchObject([
        { room, text: expect.stringMatching(/content=approve%20job_\w+%20code%3D\w{12}/) },
      ]);
    });

    it.each([
      ['a wrong signature', () => dingtalkRequest(dingtalkMessage('jobs'), Date.now(), 'x')],
      ['an old one', () => dingtalkRequest(dingtalkMessage('jobs'), Date.now() - 301_000)],
    ])('answers 401 to %s', async (_, request) => {
      const { app } = createTestChat(database);

      expect((await app.fetch(request())).status).toBe(401);
    });
  });

  describe('asked by Feishu', () => {
    it('answers the check of its address', async () => {
      const { app } = createTestChat(database);
      const asked = { challenge: 'c', token: 'v-token', type: 'url_verification' };
      const response = await app.fetch(feishuRequest(feishuEncrypted(asked), { signature: '' }));

      expect(await response.json()).toEqual({ challenge: 'c' });
    });

    it('leaves the answer to a message to a worker, and takes an event once', async () => {
      const { app, wakes } = createTestChat(database);
      const event = feishuMessage('freeze all for 2h x');
      const body = feishuEncrypted(event);
      const [first, copy, again] = [
        await app.fetch(feishuRequest(body, { nonce: 'a' })),
        await app.fetch(feishuRequest(body, { nonce: 'a' })),
        await app.fetch(feishuRequest(feishuEncrypted(event), { nonce: 'b' })),
      ];

      expect(await first.json()).toEqual({});
      expect(copy.status).toBe(401);
      expect(await again.json()).toEqual({});
      expect(await freezes()).toHaveLength(1);
      expect(wakes.length).toBeGreaterThan(0);
      expect(await notices()).toMatchObject([
        {
          kind: 'reply',
          data: { room: { platform: 'feishu', id: 'oc_5ce6d572455d361153b7xx51da133945' } },
        },
      ]);
    });

    it('answers a button at once', async () => {
      const { app } = createTestChat(database);
      const { id } = JobBody.parse(await (await createTestApp(database).post(aPlan())).json());
      const pressed = await app.fetch(feishuRequest(feishuEncrypted(feishuAction(`pause ${id}`))));
      const refused = await app.fetch(
        feishuRequest(feishuEncrypted(feishuAction(`pause ${id}`, chatUsers.viewer))),
      );

      expect(await pressed.json()).toMatchObject({
        toast: { type: 'success' },
        card: { type: 'raw' },
      });
      expect(await refused.json()).toMatchObject({ toast: { type: 'error' } });
      expect(await notices()).toEqual([]);
    });

    it.each([
      [
        'a wrong signature',
        () => feishuRequest(feishuEncrypted(feishuMessage('jobs')), { signature: 'x' }),
      ],
      [
        'an old one',
        () => feishuRequest(feishuEncrypted(feishuMessage('jobs')), { timestamp: 1_608_725_989 }),
      ],
    ])('answers 401 to %s', async (_, request) => {
      const { app } = createTestChat(database);

      expect((await app.fetch(request())).status).toBe(401);
    });
  });
});
