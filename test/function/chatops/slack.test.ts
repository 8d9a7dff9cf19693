import { beforeEach, describe, expect, it } from 'vitest';
import { createPgAuditLog } from '../../../shared/adapters/postgres/audit-log.ts';
import {
  blockActions,
  chatUsers,
  createTestChat,
  nowSeconds,
  slackRequest,
  slashCommand,
} from '../../helpers/chat.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';

describe('the chatops function, asked by Slack', () => {
  const database = withPostgres();
  beforeEach(() => emptyAllTables(database));

  const notices = () => database.query('SELECT kind, data FROM lanekeeper.notice ORDER BY number');

  it.each<[string, () => Request]>([
    ['a wrong signature', () => slackRequest('a=1', { headers: { 'X-Slack-Signature': 'v0=00' } })],
    ['no signature', () => slackRequest('a=1', { headers: { 'X-Slack-Signature': '' } })],
    [
      'an old signature',
      () => slackRequest(slashCommand('help'), { timestamp: nowSeconds() - 302 }),
    ],
    [
      'a signature for another time',
      () =>
        slackRequest('a=1', { headers: { 'X-Slack-Request-Timestamp': String(nowSeconds() - 9) } }),
    ],
    ['no time', () => slackRequest('a=1', { headers: { 'X-Slack-Request-Timestamp': '' } })],
  ])('answers 401 to %s, and does not say why', async (_, request) => {
    const { app } = createTestChat(database);

    const response = await app.fetch(request(), { address: '203.0.113.7' });
    const audit = await createPgAuditLog(database).list({
      actor: null,
      jobId: null,
      from: null,
      to: null,
      limit: 9,
      before: null,
    });

    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      type: 'urn:lanekeeper:problem:unauthenticated',
      title: 'No valid token',
      status: 401,
      detail: 'the request is not authentic',
      code: 'unauthenticated',
    });
    expect(audit).toMatchObject([
      {
        actor: null,
        outcome: 'unauthenticated',
        operation: 'POST /v1/chatops/slack',
        address: '203.0.113.7',
      },
    ]);
  });

  it('answers 401 to a copy of a request, and does it once', async () => {
    const { app } = createTestChat(database);
    const body = slashCommand('freeze all for 2h the site is down');
    const timestamp = nowSeconds();

    const [first, copy] = [
      await app.fetch(slackRequest(body, { timestamp })),
      await app.fetch(slackRequest(body, { timestamp })),
    ];

    expect([first.status, copy.status]).toEqual([200, 401]);
    expect(await database.query('SELECT name FROM lanekeeper.freeze')).toHaveLength(1);
  });

  it('lets an address guess only so often', async () => {
    const { app } = createTestChat(database);
    const statuses: number[] = [];
    // A minute may begin in between.
    while (!statuses.includes(429) && statuses.length < 125) {
      const wrong = slackRequest('a=1', { headers: { 'X-Slack-Signature': 'v0=00' } });
      statuses.push((await app.fetch(wrong, { address: '203.0.113.8' })).status);
    }

    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });

  it('drops what Slack repeats', async () => {
    const { app } = createTestChat(database);

    const response = await app.fetch(
      slackRequest(slashCommand('freeze all for 2h x'), { headers: { 'X-Slack-Retry-Num': '1' } }),
    );

    expect(response.status).toBe(200);
    expect(await database.query('SELECT name FROM lanekeeper.freeze')).toEqual([]);
  });

  it('refuses more than Slack ever sends', async () => {
    const { app } = createTestChat(database);

    expect((await app.fetch(slackRequest('x'.repeat(300_000)))).status).toBe(413);
  });

  it('answers a button with nothing, and tells whoever pressed it through a worker', async () => {
    const { app, wakes } = createTestChat(database);

    const response = await app.fetch(slackRequest(blockActions('pause job_x', chatUsers.operator)));

    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(wakes).toHaveLength(1);
    expect(await notices()).toMatchObject([
      {
        kind: 'reply',
        data: {
          room: { platform: 'slack', id: 'C2147483705' },
          user: chatUsers.operator,
          answerUrl: 'https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209',
          card: { title: 'There is no such thing', lines: ['unknown job job_x.'] },
        },
      },
    ]);
  });

  it('does a mention once, however often its event comes', async () => {
    const { app } = createTestChat(database);
    const event = {
      type: 'app_mention',
      user: chatUsers.operator,
      channel: 'C1',
      text: '<@U1> freeze all for 2h x',
    };
    const body = JSON.stringify({ type: 'event_callback', event_id: 'Ev1', event });
    const timestamp = nowSeconds();

    const responses = [
      await app.fetch(slackRequest(body, { form: false, timestamp })),
      await app.fetch(slackRequest(body, { form: false, timestamp: timestamp - 1 })),
    ];

    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    expect(await database.query('SELECT name FROM lanekeeper.freeze')).toHaveLength(1);
    expect(await notices()).toHaveLength(1);
  });

  it('answers a button without a bot token too, at the address that came with it', async () => {
    const { app } = createTestChat(database, { senders: new Set() });

    await app.fetch(slackRequest(blockActions('jobs')));

    expect(await notices()).toMatchObject([{ kind: 'reply', data: { user: chatUsers.operator } }]);
  });

  it('keeps what it cannot send to itself, and says so in the log', async () => {
    const { app, lines } = createTestChat(database, { senders: new Set() });
    const event = { type: 'app_mention', user: chatUsers.operator, channel: 'C1', text: 'jobs' };
    const body = JSON.stringify({ type: 'event_callback', event_id: 'Ev2', event });

    await app.fetch(slackRequest(body, { form: false }));

    expect(await notices()).toEqual([]);
    expect(lines.join('')).toContain('answer cannot be sent');
  });
});
