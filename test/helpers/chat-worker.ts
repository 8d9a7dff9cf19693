import { createDingtalkSender } from '../../shared/adapters/chat/dingtalk/send.ts';
import { createPgChatStore } from '../../shared/adapters/postgres/chat-store.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgNoticeStore } from '../../shared/adapters/postgres/notice-store.ts';
import type { ApproveForRoom } from '../../shared/notice/approve-errand.ts';
import { roomsOf } from '../../shared/notice/listeners.ts';
import { createNoticeSender } from '../../shared/notice/send-notice.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { Notify } from '../../shared/platform/config/notify.ts';
import { createJsonClient } from '../../shared/platform/http/json-client.ts';
import { systemRandom } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { createRecordingLogger } from './recording-logger.ts';
import { answer, startScriptedServer } from './scripted-http-server.ts';

/** DingTalk over real HTTP, as far as robots go, that keeps what it was sent. */
export interface FakeDingtalk {
  url: string;
  /** Room and parameters of each message, in order. */
  sent: { room: string; text: string }[];
  close(): Promise<void>;
}

/** Source of the paths: open.dingtalk.com, "Obtain the access token of an internal app", "Robots send group messages". */
export async function startFakeDingtalk(): Promise<FakeDingtalk> {
  const server = await startScriptedServer();
  const sent: FakeDingtalk['sent'] = [];
  server.play((response, { url, body }) => {
    if (url.endsWith('/accessToken')) {
      return answer(200, { accessToken: 't', expireIn: 7_200 })(response);
    }
    const { openConversationId, userIds, msgParam } = JSON.parse(body);
    const room = openConversationId ? `group:${openConversationId}` : `user:${userIds[0]}`;
    sent.push({ room, text: msgParam });
    return answer(200, { processQueryKey: 'k' })(response);
  });
  return { url: server.url, sent, close: () => server.close() };
}

/** Sends all that is owed to rooms and needs no cloud, once each; what waits for the cloud is left. */
export async function sendToRooms(
  database: Database,
  {
    dingtalk,
    notify = {},
    approve,
  }: { dingtalk: FakeDingtalk; notify?: unknown; approve?: ApproveForRoom },
): Promise<void> {
  const call = createJsonClient(systemClock);
  const robot = { appKey: 'dingkey', appSecret: new Secret('hush'), endpoint: dingtalk.url };
  const sendNotice = createNoticeSender({
    answerers: [],
    chats: createPgChatStore(database),
    clock: systemClock,
    errands: { preview: askNoCloud, approve: approve ?? askNoCloud },
    jobs: createPgJobStore(database),
    logger: createRecordingLogger().logger,
    notices: createPgNoticeStore(database),
    random: systemRandom,
    receivers: [],
    rooms: roomsOf(Notify.parse(notify)),
    senders: [createDingtalkSender(robot, call, () => systemClock.monotonic())],
  });
  const owed = await database.query(
    `SELECT l.lane_key, l.epoch FROM lanekeeper.lane l JOIN lanekeeper.notice n ON l.lane_key = 'notice:' || n.number
      WHERE n.kind <> 'preview' AND (n.kind <> 'approve' OR $1) ORDER BY n.number`,
    [approve !== undefined],
  );
  for (const { lane_key: laneKey, epoch } of owed) {
    await sendNotice({ laneKey: String(laneKey), epoch: Number(epoch) });
  }
}

function askNoCloud(): Promise<never> {
  return Promise.reject(new Error('there is no cloud here'));
}
