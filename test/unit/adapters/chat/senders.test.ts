import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSenders } from '../../../../shared/adapters/chat/open-chat.ts';
import { aCardOf } from '../../../../shared/chat/card.ts';
import type { ChatSender } from '../../../../shared/chat/sender.ts';
import { systemClock } from '../../../../shared/platform/clock.ts';
import type { ChatPlatform } from '../../../../shared/platform/config/chat.ts';
import { createJsonClient } from '../../../../shared/platform/http/json-client.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import {
  answer,
  type ScriptedServer,
  startScriptedServer,
} from '../../../helpers/scripted-http-server.ts';

const card = aCardOf({ title: 'hello', lines: ['world'] });

describe('platforms as they are called', () => {
  let server: ScriptedServer;
  let clock: FakeClock;
  beforeEach(async () => {
    server = await startScriptedServer();
    clock = new FakeClock();
  });
  afterEach(() => server.close());

  function senderOf(platform: ChatPlatform): ChatSender {
    const secret = new Secret('hush');
    const senders = openSenders(
      {
        slack: { signingSecret: null, botToken: secret },
        dingtalk: { appSecret: secret, appKey: 'dingkey' },
        feishu: { callbacks: null, app: { id: 'cli_1', secret } },
        actors: [],
      },
      {
        call: createJsonClient(systemClock, 2_000),
        clock,
        endpoints: { slack: server.url, dingtalk: server.url, feishu: server.url },
      },
    );
    const found = senders.find((sender) => sender.platform === platform);
    if (found === undefined) throw new Error(`no ${platform}`);
    return found;
  }
  const seen = () =>
    server.seen.map(({ method, url, body }) => ({
      path: `${method} ${url}`,
      body: JSON.parse(body),
    }));

  it('DingTalk takes a token, then messages to groups and users with it until it ends', async () => {
    const token = answer(200, { accessToken: 't1', expireIn: 7_200 });
    const sent = answer(200, { processQueryKey: 'k' });
    server.play(token, sent, sent, answer(200, { accessToken: 't2', expireIn: 7_200 }), sent);
    const sender = senderOf('dingtalk');
    const outcomes = [
      await sender.post('group:cid1', card, null),
      await sender.update('user:U1', 'm', card),
    ];
    await clock.advance(7_000_000);
    await sender.post('group:cid1', card, null);

    expect(outcomes).toEqual([
      { kind: 'sent', message: null },
      { kind: 'sent', message: null },
    ]);
    expect(seen()).toMatchObject([
      { path: 'POST /v1.0/oauth2/accessToken', body: { appKey: 'dingkey', appSecret: 'hush' } },
      {
        path: 'POST /v1.0/robot/groupMessages/send',
        body: {
          robotCode: 'dingkey',
          openConversationId: 'cid1',
          msgKey: 'sampleMarkdown',
          msgParam: expect.stringContaining('world'),
        },
      },
      { path: 'POST /v1.0/robot/oToMessages/batchSend', body: { userIds: ['U1'] } },
      { path: 'POST /v1.0/oauth2/accessToken' },
      { path: 'POST /v1.0/robot/groupMessages/send' },
    ]);
    expect(server.seen.map(({ headers }) => headers['x-acs-dingtalk-access-token'])).toEqual([
      undefined,
      't1',
      't1',
      undefined,
      't2',
    ]);
  });

  it('Feishu takes a token, posts a card and changes it', async () => {
    const sent = answer(200, { code: 0, msg: 'success', data: { message_id: 'om_1' } });
    server.play(
      answer(200, { code: 0, tenant_access_token: 't-1', expire: 7_200 }),
      sent,
      answer(200, { code: 0 }),
    );
    const sender = senderOf('feishu');
    const outcomes = [
      await sender.post('oc_1', card, 'U1'),
      await sender.update('oc_1', 'om_1', card),
    ];

    expect(outcomes).toEqual([
      { kind: 'sent', message: 'om_1' },
      { kind: 'sent', message: 'om_1' },
    ]);
    expect(seen()).toMatchObject([
      {
        path: 'POST /open-apis/auth/v3/tenant_access_token/internal',
        body: { app_id: 'cli_1', app_secret: 'hush' },
      },
      {
        path: 'POST /open-apis/im/v1/messages?receive_id_type=chat_id',
        body: {
          receive_id: 'oc_1',
          msg_type: 'interactive',
          content: expect.stringContaining('plain_text'),
        },
      },
      { path: 'PATCH /open-apis/im/v1/messages/om_1' },
    ]);
    expect(server.seen[1]?.headers.authorization).toBe('Bearer t-1');
  });

  it.each<[ChatPlatform, number, unknown, unknown]>([
    ['slack', 200, { ok: false, error: 'message_not_found' }, { kind: 'gone' }],
    [
      'slack',
      200,
      { ok: false, error: 'not_in_channel' },
      { kind: 'failed', code: 'not_in_channel', isRetryable: false },
    ],
    ['slack', 200, { ok: false, error: 'internal_error' }, { kind: 'failed', isRetryable: true }],
    ['slack', 503, 'away', { kind: 'failed', code: 'http_503', isRetryable: true }],
    ['feishu', 200, { code: 230011 }, { kind: 'gone' }],
    ['feishu', 400, { code: 230002 }, { kind: 'failed', code: '230002', isRetryable: false }],
    ['feishu', 400, { code: 99991400 }, { kind: 'failed', code: '99991400', isRetryable: true }],
    ['feishu', 400, { code: 99991663 }, { kind: 'failed', code: '99991663', isRetryable: true }],
    ['feishu', 502, 'away', { kind: 'failed', code: 'http_502', isRetryable: true }],
    ['dingtalk', 400, { code: 'InvalidAuthentication' }, { kind: 'failed', isRetryable: true }],
    [
      'dingtalk',
      400,
      { code: 'invalidParameter' },
      { kind: 'failed', code: 'invalidParameter', isRetryable: false },
    ],
    ['dingtalk', 429, {}, { kind: 'failed', code: 'http_429', isRetryable: true }],
  ])('%s answers %i %j', async (platform, status, body, outcome) => {
    const token = {
      code: 0,
      tenant_access_token: 't',
      expire: 7_200,
      accessToken: 't',
      expireIn: 7_200,
    };
    server.play(...(platform === 'slack' ? [] : [answer(200, token)]), answer(status, body));

    expect(await senderOf(platform).update('group:r', 'm', card)).toMatchObject({
      ...Object(outcome),
    });
  });

  it.each<ChatPlatform>(['slack', 'dingtalk', 'feishu'])(
    '%s away is a failure that passes',
    async (platform) => {
      server.play((response) => response.destroy());
      const outcome = await senderOf(platform).post('r', card, null);

      expect(outcome).toEqual({
        kind: 'failed',
        code: 'unreachable',
        isRetryable: true,
        retryInMs: null,
      });
      expect(JSON.stringify(outcome)).not.toContain('hush');
    },
  );
});
