import {
  answerMeanwhile,
  type ChatDeps,
  handleMessage,
  refuseStranger,
} from '../../shared/chat/handle-message.ts';
import type { ChatTransport, Received } from '../../shared/chat/transport.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { chatPlatforms } from '../../shared/platform/config/chat.ts';
import { AppError } from '../../shared/platform/errors.ts';
import {
  type Call,
  createHttpApp,
  type HttpApp,
  type HttpDeps,
  jsonResponse,
} from '../../shared/platform/http/app.ts';
import { readBytes } from '../../shared/platform/http/body.ts';

/** The platforms that may call in, and what commands are carried out with. */
export interface Chats extends ChatDeps {
  transports: readonly ChatTransport[];
  clock: Clock;
}

/** The largest request of a platform that is looked at, in bytes. */
const maxBytes = 256 * 1024;

/** Platforms wait for three seconds; the rest is for the way. */
const answerWithinMs = 2_500;

type Said = Extract<Received, { kind: 'said' }>;

/** Where chat platforms call in; `chats` is null where none is configured. A platform that is not configured does not exist for its callers. */
export function createChatopsApp(deps: HttpDeps, chats: Chats | null): HttpApp {
  return createHttpApp(
    deps,
    chatPlatforms.map((platform) => ({
      method: 'POST',
      path: `/v1/chatops/${platform}`,
      handle: (call) => {
        const transport = chats?.transports.find((one) => one.platform === platform);
        if (!chats || !transport) throw new AppError('not_found', `${platform} is not configured`);
        return answer(chats, transport, call);
      },
    })),
  );
}

/** In this order: who sends it, whether it came before, what it says. */
async function answer(chats: Chats, transport: ChatTransport, call: Call): Promise<Response> {
  const { headers } = call.request;
  const body = await readBytes(call.request, maxBytes);
  const received = transport.receive({ headers, body, now: chats.clock.now() });
  switch (received.kind) {
    case 'refused':
      return refuseStranger(chats, transport, call);
    case 'settled':
      return responseOf(received.body);
    case 'said':
      return answerInTime(chats, transport, { received, call });
  }
}

/** Answers within what platforms wait, also where the database is slow: then the work goes on, and says later what came of it. */
async function answerInTime(
  chats: Chats,
  transport: ChatTransport,
  { received, call }: { received: Said; call: Call },
): Promise<Response> {
  const answered = new AbortController();
  let isLate = false;
  const working = work(chats, transport, { received, call, isLate: () => isLate });
  const response = await Promise.race([
    working,
    chats.clock.sleep(answerWithinMs, answered.signal).then(() => null),
  ]).finally(() => answered.abort());
  if (response !== null) return response;
  isLate = true;
  const { logger } = call;
  logger.warn('answer takes longer than the platform waits', { platform: transport.platform });
  working.catch((err: unknown) => logger.error('late answer failed', { err }));
  return responseOf(answerMeanwhile(transport, received.message));
}

async function work(
  chats: Chats,
  transport: ChatTransport,
  { received, ...circumstances }: { received: Said; call: Call; isLate(): boolean },
): Promise<Response> {
  const { message, once } = received;
  const isNew = await chats.chats.isNew(transport.platform, `request ${once}`);
  if (!isNew) return refuseStranger(chats, transport, circumstances.call);
  return responseOf(await handleMessage(chats, transport, { message, ...circumstances }));
}

/** Platforms take a plain 200 for an answer of nothing. */
function responseOf(body: unknown): Response {
  return body === null ? new Response(null) : jsonResponse(body);
}
