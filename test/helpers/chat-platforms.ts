import { createHmac } from 'node:crypto';
import { createSlackAnswerer } from '../../shared/adapters/chat/slack/answer.ts';
import { createSlackSender } from '../../shared/adapters/chat/slack/send.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgAuditLog } from '../../shared/adapters/postgres/audit-log.ts';
import { createPgChatStore } from '../../shared/adapters/postgres/chat-store.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgNoticeStore } from '../../shared/adapters/postgres/notice-store.ts';
import { createNoticeReceivers } from '../../shared/adapters/sinks/notice-webhook.ts';
import type { ChatSender } from '../../shared/chat/sender.ts';
import type { JobRecord } from '../../shared/job/record.ts';
import { createErrands } from '../../shared/notice/errands.ts';
import { kindsOf, roomsOf } from '../../shared/notice/listeners.ts';
import type { NoticeReceiver } from '../../shared/notice/notice-webhook.ts';
import { createNoticeSender } from '../../shared/notice/send-notice.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { Notify } from '../../shared/platform/config/notify.ts';
import { createJsonClient, type JsonClient } from '../../shared/platform/http/json-client.ts';
import { systemRandom } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import type { SendNotice } from '../../shared/worker/worker-deps.ts';
import { createRecordingLogger } from './recording-logger.ts';
import {
  answer,
  type Script,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
} from './scripted-http-server.ts';
import type { VirtualWorld } from './virtual-world.ts';

/** A message in a room, as the platform has it now, with how often it was changed. */
export interface ShownMessage {
  room: string;
  text: string;
  updates: number;
}

/** A platform over real HTTP that keeps the messages it was sent. */
export interface FakePlatform {
  url: string;
  messages: Map<string, ShownMessage>;
  /** Every call so far: method and path, and the body. */
  calls: () => readonly {
    path: string;
    body: Record<string, unknown>;
    headers: SeenRequest['headers'];
  }[];
  /** Answers the next calls instead. */
  instead: Script[];
  close(): Promise<void>;
}

function callsOf({ seen }: ScriptedServer) {
  return seen.map(({ method, url, body, headers }) => ({
    path: `${method} ${url}`,
    body: JSON.parse(body),
    headers,
  }));
}

/** Slack, as far as messages go: `chat.postMessage`, `chat.update`, `chat.postEphemeral`. */
export async function startFakeSlack(): Promise<FakePlatform> {
  const server = await startScriptedServer();
  const messages = new Map<string, ShownMessage>();
  const instead: Script[] = [];
  server.play((response, request) => {
    const script = instead.shift();
    if (script) return script(response, request);
    // The address for answers to a button says no more than this.
    if (request.url.startsWith('/actions/')) return answer(200, 'ok')(response);
    const body = JSON.parse(request.body);
    const shown = { room: body.channel, text: JSON.stringify(body.blocks), updates: 0 };
    switch (request.url) {
      case '/api/chat.postMessage': {
        const ts = `1503435956.${String(messages.size).padStart(6, '0')}`;
        messages.set(ts, shown);
        return answer(200, { ok: true, channel: body.channel, ts })(response);
      }
      case '/api/chat.update': {
        const before = messages.get(body.ts);
        if (!before) return answer(200, { ok: false, error: 'message_not_found' })(response);
        messages.set(body.ts, { ...shown, updates: before.updates + 1 });
        return answer(200, { ok: true, ts: body.ts })(response);
      }
      case '/api/chat.postEphemeral':
        return answer(200, { ok: true, message_ts: '1502210682.580145' })(response);
      default:
        return answer(200, { ok: false, error: 'unknown_method' })(response);
    }
  });
  return {
    url: server.url,
    messages,
    calls: () => callsOf(server),
    instead,
    close: () => server.close(),
  };
}

/** A receiver of notices over real HTTP, which refuses what is not signed. */
export interface FakeReceiver {
  url: string;
  notices: { id: string; kind: string; job: { id: string; state: string }; detail: unknown }[];
  /** Answers the next calls with these statuses instead. */
  instead: number[];
  refused: number;
  close(): Promise<void>;
}

const receiverSecret = 'a secret of at least 32 characters';

export async function startFakeReceiver(): Promise<FakeReceiver> {
  const server = await startScriptedServer();
  const receiver: FakeReceiver = {
    url: server.url,
    notices: [],
    instead: [],
    refused: 0,
    close: () => server.close(),
  };
  server.play((response, { headers, body }) => {
    const status = receiver.instead.shift();
    if (status !== undefined) return answer(status, {})(response);
    const signed = `${headers['lanekeeper-timestamp']}.${headers['lanekeeper-notice']}.${body}`;
    const expected = createHmac('sha256', receiverSecret).update(signed).digest('hex');
    if (headers['lanekeeper-signature'] !== `v1=${expected}`) {
      receiver.refused += 1;
      return answer(401, {})(response);
    }
    receiver.notices.push(JSON.parse(body));
    return answer(204, '')(response);
  });
  return receiver;
}

/** A settings entry for the receiver in `NOTIFY`. */
export function webhookTo({ url }: FakeReceiver, more: Record<string, unknown> = {}) {
  return {
    type: 'webhook',
    url,
    signingSecret: receiverSecret,
    allowedPrivateHosts: ['127.0.0.1'],
    ...more,
  };
}

/** What sends notices in a virtual world, to platforms over real HTTP that takes no virtual time. */
export async function noticesIn(
  world: VirtualWorld,
  database: Database,
  options: {
    notify?: unknown;
    slack?: FakePlatform;
    /** Whether there is a bot token, besides the addresses for answers. */
    isBot?: boolean;
    senders?: (call: JsonClient) => readonly ChatSender[];
    /** Receivers besides those of `notify`. */
    receivers?: readonly NoticeReceiver[];
  },
): Promise<{ sendNotice: SendNotice; lines: string[] }> {
  const { clock } = world;
  const { logger, lines } = createRecordingLogger(clock);
  const notify = Notify.parse(options.notify ?? {});
  const client = createJsonClient(systemClock);
  const call: JsonClient = (request) => clock.track(() => client(request));
  const query: Database['query'] = (text, values) =>
    clock.track(() => database.query(text, values));
  const tracked = { ...database, kind: database.kind, query };
  const notices = createPgNoticeStore(tracked);
  await notices.listenFor(kindsOf(notify));
  const previews = world.previewer();
  const receivers = createNoticeReceivers(notify, { clock: systemClock }).map(
    (receiver): NoticeReceiver => ({
      ...receiver,
      tell: (notice) => clock.track(() => receiver.tell(notice)),
    }),
  );
  const { slack } = options;
  const sendNotice = createNoticeSender({
    answerers: slack ? [createSlackAnswerer({ endpoint: slack.url }, call)] : [],
    chats: createPgChatStore(tracked),
    clock,
    jobs: world.jobs,
    logger,
    notices,
    errands: createErrands({
      approvals: createPgApprovalStore(tracked),
      audit: createPgAuditLog(tracked),
      chats: createPgChatStore(tracked),
      jobs: world.jobs,
      ...previews,
      schedules: world.scheduling.schedules,
      sealer: world.sealer,
      sinkNames: new Set(),
    }),
    random: systemRandom,
    receivers: [...receivers, ...(options.receivers ?? [])],
    rooms: roomsOf(notify),
    senders: [
      ...(slack && options.isBot !== false
        ? [createSlackSender({ botToken: new Secret('xoxb-token'), endpoint: slack.url }, call)]
        : []),
      ...(options.senders?.(call) ?? []),
    ],
  });
  return { sendNotice, lines };
}

/** Has a job's card shown in a room of Slack. */
export function followInSlack(database: Database, { id }: JobRecord, room = 'C1'): Promise<void> {
  return createPgChatStore(database).follow(
    id,
    { platform: 'slack', id: room },
    'https://lanes.example.com',
  );
}
