import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { type Chats, createChatopsApp } from '../../functions/chatops/handler.ts';
import { openChats } from '../../functions/chatops/open-chats.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { type ChatActor, chatPlatforms } from '../../shared/platform/config/chat.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import { createRecordingLogger } from './recording-logger.ts';

/** Secrets of the platforms that the test apps are known by. */
export const slackSecret = '8f742231b10e8888abcd99yyyzzz85a5';
export const dingtalkSecret = 'this is secret';
export const feishuKeys = { encryptKey: 'test key', verificationToken: 'v-token' };

/** Users of every platform, by what they may do. */
export const chatUsers = {
  operator: 'U-OPS',
  viewer: 'U-EYES',
  approver: 'U-BOSS',
  deputy: 'U-DEPUTY',
  stranger: 'U-WHO',
};

const actors: readonly ChatActor[] = chatPlatforms
  .flatMap((platform) => [
    { platform, user: chatUsers.operator, name: 'ops', roles: ['operator'] as const },
    { platform, user: chatUsers.viewer, name: 'eyes', roles: ['viewer'] as const },
    { platform, user: chatUsers.approver, name: 'boss', roles: ['approver', 'viewer'] as const },
    { platform, user: chatUsers.deputy, name: 'deputy', roles: ['approver', 'viewer'] as const },
  ])
  .map(({ roles, ...actor }) => ({ ...actor, roles: [...roles] }));

const chatConfig: Parameters<typeof openChats>[1]['chat'] = {
  slack: { signingSecret: new Secret(slackSecret), botToken: null },
  dingtalk: { appSecret: new Secret(dingtalkSecret), appKey: null },
  feishu: {
    callbacks: {
      verificationToken: new Secret(feishuKeys.verificationToken),
      encryptKey: new Secret(feishuKeys.encryptKey),
    },
    app: null,
  },
  actors: [...actors],
};

/** The chatops app on a real database, with what it logged and why it woke the worker. */
export function createTestChat(database: Database, overrides: Partial<Chats> = {}) {
  const { logger, lines } = createRecordingLogger();
  const keyring = createPgKeyringStore(database);
  const sealer = createSealer(new Secret(Buffer.alloc(32, 3).toString('base64')), random);
  const wakes: string[] = [];
  const opened = openChats(
    {
      database,
      sealer,
      digestKey: createDigestKeyLoader({ keyring, sealer, random }),
      waker: { wake: async ({ cause }) => void wakes.push(cause) },
      clock,
      random,
    },
    { chat: chatConfig, requestsPerMinute: 100_000, sinks: {} },
  );
  const chats: Chats = { ...opened, senders: new Set(chatPlatforms), ...overrides };
  const app = createChatopsApp({ logger, random }, chats);
  return { app, chats, lines, wakes };
}

/** Seconds since 1970, now. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

/** The signature of a request of Slack, by its document. */
export function slackSignature(body: string, timestamp: number, secret = slackSecret): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

/** A request of Slack's, signed. */
export function slackRequest(
  body: string,
  options: { form?: boolean; timestamp?: number; headers?: Record<string, string> } = {},
): Request {
  const { form = true, timestamp = nowSeconds(), headers = {} } = options;
  return new Request('https://lanes.example.com/v1/chatops/slack', {
    method: 'POST',
    headers: {
      'Content-Type': form ? 'application/x-www-form-urlencoded' : 'application/json',
      'X-Slack-Request-Timestamp': String(timestamp),
      'X-Slack-Signature': slackSignature(body, timestamp),
      ...headers,
    },
    body,
  });
}

let triggers = 0;

/** A slash command, with the fields of Slack's document "Implementing slash commands". */
export function slashCommand(text: string, user = chatUsers.operator): string {
  triggers += 1;
  return new URLSearchParams({
    token: 'gIkuvaNzQIHg97ATvDxqgjtO',
    team_id: 'T0001',
    team_domain: 'example',
    channel_id: 'C2147483705',
    channel_name: 'test',
    user_id: user,
    user_name: 'Steve',
    command: '/lanekeeper',
    text,
    response_url: 'https://hooks.slack.com/commands/1234/5678',
    trigger_id: `13345224609.738474920.${triggers}`,
    api_app_id: 'A123456',
  }).toString();
}

/** A press of a button, with the fields of Slack's document "block_actions payload". */
export function blockActions(value: string | null, user = chatUsers.operator): string {
  triggers += 1;
  const payload = {
    type: 'block_actions',
    team: { id: 'T9TK3CUKW', domain: 'example' },
    user: { id: user, username: 'jtorrance', team_id: 'T9TK3CUKW' },
    api_app_id: 'AABA1ABCD',
    token: '9s8d9as89d8as9d8as989',
    container: {
      type: 'message',
      message_ts: '1548261231.000200',
      channel_id: 'C2147483705',
      is_ephemeral: false,
    },
    trigger_id: `12321423423.333649436676.${triggers}`,
    channel: { id: 'C2147483705', name: 'review-updates' },
    response_url: 'https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209',
    actions: [
      {
        action_id: 'command-0',
        block_id: '=qXel',
        text: { type: 'plain_text', text: 'Approve', emoji: false },
        ...(value === null ? {} : { value }),
        type: 'button',
        action_ts: '1548426417.840180',
      },
    ],
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

/** A message to DingTalk's robot, with the fields of its document "Robot receives messages". */
export function dingtalkMessage(
  text: string,
  more: { user?: string | null; msgId?: string; conversationType?: string } = {},
): string {
  triggers += 1;
  const {
    user = chatUsers.operator,
    msgId = `msg0xxxxx${triggers}==`,
    conversationType = '2',
  } = more;
  return JSON.stringify({
    conversationId: 'cidxxxxx==',
    atUsers: [{ dingtalkId: '$:LWCP_v1:$xxxxx' }],
    chatbotCorpId: 'dinge8a565xxxx',
    chatbotUserId: '$:LWCP_v1:$Cxxxxx',
    msgId,
    senderNick: 'Yang',
    isAdmin: true,
    ...(user === null ? {} : { senderStaffId: user }),
    sessionWebhookExpiredTime: 1_613_635_652_738,
    createAt: 1_613_630_252_678,
    senderCorpId: 'dinge8a565xxxx',
    conversationType,
    senderId: '$:LWCP_v1:$Ff09GIxxxxx',
    conversationTitle: 'TEST',
    isInAtList: true,
    sessionWebhook: 'https://oapi.dingtalk.com/robot/sendBySession?session=xxxxx',
    text: { content: ` ${text}` },
    msgtype: 'text',
  });
}

/** A request of DingTalk's, signed: time and secret, and nothing of the body. */
export function dingtalkRequest(body: string, timestamp = Date.now(), sign?: string): Request {
  const hmac = createHmac('sha256', dingtalkSecret).update(`${timestamp}\n${dingtalkSecret}`);
  return new Request('https://lanes.example.com/v1/chatops/dingtalk', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      timestamp: String(timestamp),
      sign: sign ?? hmac.digest('base64'),
    },
    body,
  });
}

/** Encrypted as Feishu does: AES-256-CBC, the initialization vector in front. */
export function feishuEncrypted(value: unknown, key = feishuKeys.encryptKey): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(key).digest(), iv);
  const bytes = Buffer.concat([iv, cipher.update(JSON.stringify(value)), cipher.final()]);
  return JSON.stringify({ encrypt: bytes.toString('base64') });
}

/** A request of Feishu's, signed over the encrypted body. */
export function feishuRequest(
  body: string,
  {
    timestamp = nowSeconds(),
    nonce = 'n0nce',
    signature,
  }: { timestamp?: number; nonce?: string; signature?: string } = {},
): Request {
  const hash = createHash('sha256').update(`${timestamp}${nonce}${feishuKeys.encryptKey}${body}`);
  return new Request('https://lanes.example.com/v1/chatops/feishu', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'X-Lark-Request-Timestamp': String(timestamp),
      'X-Lark-Request-Nonce': nonce,
      'X-Lark-Signature': signature ?? hash.digest('hex'),
    },
    body,
  });
}

/** A message to the app, with the fields of Feishu's document of `im.message.receive_v1`. */
export function feishuMessage(text: string, user = chatUsers.operator): Record<string, unknown> {
  triggers += 1;
  return {
    schema: '2.0',
    header: feishuHeader('im.message.receive_v1'),
    event: {
      sender: {
        sender_id: {
          union_id: 'on_8ed6aa67826108097d9ee143816345',
          user_id: 'e33ggbyz',
          open_id: user,
        },
        sender_type: 'user',
        tenant_key: '736588c9260f175e',
      },
      message: {
        message_id: 'om_5ce6d572455d361153b7cb51da133945',
        create_time: '1609073151345',
        chat_id: 'oc_5ce6d572455d361153b7xx51da133945',
        chat_type: 'group',
        message_type: 'text',
        content: JSON.stringify({ text: `@_user_1 ${text}` }),
        mentions: [{ key: '@_user_1', id: { open_id: 'ou_bot' }, name: 'Lanekeeper' }],
      },
    },
  };
}

function feishuHeader(type: string): Record<string, unknown> {
  return {
    event_id: `5e3702a84e847582be8db7fb73283c0${triggers}`,
    event_type: type,
    create_time: '1608725989000',
    token: feishuKeys.verificationToken,
    app_id: 'cli_9f5343c580712544',
    tenant_key: '2ca1d211f64f6438',
  };
}

/** A press of a button, with the fields of Feishu's document of `card.action.trigger`. */
export function feishuAction(command: string, user = chatUsers.operator): Record<string, unknown> {
  triggers += 1;
  return {
    schema: '2.0',
    header: feishuHeader('card.action.trigger'),
    event: {
      operator: {
        tenant_key: '2ca1d211f64f6438',
        user_id: '867xxxx',
        open_id: user,
        union_id: 'on_x',
      },
      token: 'c-295ee57216a5dc9de90fefd0aadb4b1d7dxxxx',
      action: { value: { command }, tag: 'button' },
      host: 'im_message',
      context: {
        open_message_id: 'om_574d639e4a44e4dd646eaf628e2xxxxx',
        open_chat_id: 'oc_e4d2605ca917e695f54f11aaf56xxxxx',
      },
    },
  };
}
