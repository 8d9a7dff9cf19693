import { type Attempt, failureLimit, type Watch } from '../auth/watch.ts';
import type { ChatActor, ChatPlatform } from '../platform/config/chat.ts';
import { AppError, errorCatalog, toAppError } from '../platform/errors.ts';
import type { Call } from '../platform/http/app.ts';
import { withoutConsent } from './approval-code.ts';
import { attemptOf, type Order, withMeantJob } from './audited.ts';
import { aCardOf, type Card } from './card.ts';
import type { ChatErrand } from './chat-store.ts';
import { type Command, type Parsed, parseCommand } from './command.ts';
import { helpCard, strangerCard } from './help-card.ts';
import { linkOriginOf } from './link-origin.ts';
import { type Answer, type CommandDeps, runCommand, type Speech } from './run-command.ts';
import type { ChatMessage, ChatTransport } from './transport.ts';
import { wakeBriefly } from './wake-briefly.ts';

export interface ChatDeps extends CommandDeps {
  watch: Watch;
  actors: readonly ChatActor[];
  /** Requests a minute for each user. */
  requestsPerMinute: number;
  /** Platforms on which messages can be sent besides answers. */
  senders: ReadonlySet<ChatPlatform>;
}

type Circumstances = Pick<Call, 'address' | 'requestId' | 'logger' | 'url'>;

/** Counts and writes down a request that is not the platform's. Raises `unauthenticated`, or `rate_limited` after many. */
export async function refuseStranger(
  { watch }: Pick<ChatDeps, 'watch'>,
  { platform }: ChatTransport,
  { address, requestId }: Circumstances,
): Promise<never> {
  const operation = `POST /v1/chatops/${platform}`;
  const attempt: Attempt = { action: 'read', operation, address, jobId: null, requestId };
  await watch.count(attempt, null, failureLimit(address));
  await watch.note(attempt, null, 'unauthenticated');
  throw new AppError('unauthenticated', 'the request is not authentic');
}

/** What is answered to what takes longer than the platform waits; what comes of it follows where that can be sent. */
export function answerMeanwhile(transport: ChatTransport, message: ChatMessage): unknown {
  if (!message.takesAnswer) return transport.nothing;
  const parsed = parseCommand(message.text);
  const job = parsed.kind === 'command' && 'job' in parsed.command ? parsed.command.job : null;
  const lines = [`It goes on, and takes longer; see ${job === null ? 'status' : `status ${job}`}.`];
  return transport.answer(aCardOf({ title: 'Still working on it', lines }));
}

/**
 * Does what was said, once, and answers as the platform takes it: in the HTTP response unless that `isLate`, or through a worker.
 * Never waits for the cloud or a platform. Raises `unavailable` when the database cannot be reached; whatever else goes wrong is told in the room.
 */
export async function handleMessage(
  deps: ChatDeps,
  transport: ChatTransport,
  { message, call, isLate }: { message: ChatMessage; call: Circumstances; isLate(): boolean },
): Promise<unknown> {
  const { platform } = transport;
  const { eventId } = message;
  if (eventId !== null && !(await deps.chats.isNew(platform, eventId))) return transport.nothing;
  const whole = await answerTo(deps, transport, message, call);
  const card = transport.signsBody
    ? whole
    : await sendingConsent(deps, platform, { message, call, whole });
  if (message.takesAnswer && !isLate()) return transport.answer(card);
  const { answerUrl } = message;
  if (answerUrl === null && !deps.senders.has(platform)) {
    call.logger.warn('answer cannot be sent, the platform has no credentials', { platform });
    return transport.nothing;
  }
  const user = card.audience === 'user' ? message.user : null;
  const room = { platform, id: message.room };
  await leave(deps, call, { kind: 'reply', room, user, card, answerUrl });
  return transport.nothing;
}

async function leave(deps: ChatDeps, call: Circumstances, errand: ChatErrand): Promise<void> {
  await deps.chats.leave(errand);
  await wakeBriefly(deps, `chat-${call.requestId.replaceAll(/[^\w-]/g, '-')}`, call.logger);
}

/**
 * Who forged a request reads its answer: what approves is sent over the platform's own interface instead, where a worker finds
 * that the room may have it.
 */
async function sendingConsent(
  deps: ChatDeps,
  platform: ChatPlatform,
  { message, call, whole }: { message: ChatMessage; call: Circumstances; whole: Card },
): Promise<Card> {
  const { card, jobId } = withoutConsent(whole);
  if (jobId !== null && deps.senders.has(platform)) {
    const room = { platform, id: message.room };
    await leave(deps, call, { kind: 'consent', room, jobId });
  }
  return card;
}

async function answerTo(
  deps: ChatDeps,
  transport: ChatTransport,
  message: ChatMessage,
  call: Circumstances,
): Promise<Card> {
  const parsed = parseCommand(message.text);
  try {
    const actor = await knownActor(deps, transport.platform, { message, call, parsed });
    if (parsed.kind === 'fault') return faultCard(parsed);
    if (parsed.command.name === 'help') return helpCard(null);
    const command = await withMeantJob(deps.jobs, parsed.command);
    if (actor === null) return await refused(deps, transport, { message, call, command });
    return await obey(deps, transport, { actor, message, call, command });
  } catch (error) {
    return troubleCard(toAppError(error), call);
  }
}

/** The actor that the user is, counted; null when nobody knows him. */
async function knownActor(
  { watch, actors, requestsPerMinute }: ChatDeps,
  platform: ChatPlatform,
  { message, call, parsed }: { message: ChatMessage; call: Circumstances; parsed: Parsed },
): Promise<ChatActor | null> {
  const { user } = message;
  const { address, requestId } = call;
  const found = actors.find((one) => one.platform === platform && one.user === user) ?? null;
  const attempt: Attempt =
    parsed.kind === 'command' && parsed.command.name !== 'help'
      ? attemptOf(platform, parsed.command, call)
      : { action: 'read', operation: platform, address, jobId: null, requestId };
  const limit = { scope: `chat:${platform}:${user}`, perMinute: requestsPerMinute };
  await watch.count(attempt, found?.name ?? null, [limit]);
  return found;
}

interface Ordered {
  message: ChatMessage;
  call: Circumstances;
  command: Order;
}

async function refused(
  { watch }: ChatDeps,
  transport: ChatTransport,
  ordered: Ordered,
): Promise<Card> {
  const { message, call, command } = ordered;
  await watch.note(attemptOf(transport.platform, command, call), null, 'forbidden');
  return strangerCard(message.user);
}

async function obey(
  deps: ChatDeps,
  transport: ChatTransport,
  { actor, ...ordered }: Ordered & { actor: ChatActor },
): Promise<Card> {
  const { platform } = transport;
  const { message, call, command } = ordered;
  const attempt = attemptOf(platform, command, call);
  await deps.watch.admit(attempt, actor);
  const { eventId, user } = message;
  const { logger, url } = call;
  const { card } = await deps.watch.carryOut(attempt, actor, {
    run: () => {
      const speech: Speech = {
        actor: actor.name,
        room: { platform, id: message.room },
        user,
        eventId,
        origin: linkOriginOf(url, transport),
        canFollow: deps.senders.has(platform),
        operation: attempt.operation,
        address: call.address,
        requestId: call.requestId,
        logger,
      };
      return command.name === 'approve' && !transport.signsBody
        ? approveByCode(deps, speech, command)
        : runCommand(deps, speech, command);
    },
    came: ({ jobId, freeze, outcome }) => ({
      jobId,
      outcome,
      operation: freeze === null ? attempt.operation : `${attempt.operation} as ${freeze}`,
    }),
  });
  return card;
}

/**
 * Where the platform does not vouch for what is said, consent takes the code of the card, and holds for that card's plan. Each
 * actor spends it for himself, when his consent was taken: others are to press the same button.
 */
async function approveByCode(
  deps: ChatDeps,
  speech: Speech,
  command: Extract<Command, { name: 'approve' }>,
): Promise<Answer> {
  const jobId = command.job.replace(/^job_/i, 'job_');
  const { code } = command;
  const { actor } = speech;
  const digest = code === null ? null : await deps.chats.digestOfCode(code, { jobId, actor });
  if (code === null || digest === null) {
    throw new AppError(
      'forbidden',
      'approving here takes the one-time code of a card: press its button',
    );
  }
  const answer = await runCommand(deps, speech, { ...command, digest });
  await deps.chats.spendCode(code, actor);
  return answer;
}

function faultCard({ message, usage }: { message: string; usage: string | null }): Card {
  if (usage === null) return helpCard(message);
  const lines = [`${message.charAt(0).toUpperCase()}${message.slice(1)}.`, usage];
  return aCardOf({ title: 'Not understood', tone: 'warning', lines });
}

/** Most faults that are told in a room. */
const toldFaults = 10;

/** What went wrong, as much as whoever asked may know. */
function troubleCard(error: AppError, { logger, requestId }: Circumstances): Card {
  const { blame, title } = errorCatalog[error.code];
  if (blame !== 'caller') {
    logger.error('command failed', { code: error.code, err: error });
    const lines = [`The log says more under ${requestId}.`];
    return aCardOf({ title: 'Lanekeeper cannot do that now', tone: 'bad', lines });
  }
  logger.info('command refused', { code: error.code });
  const faults = error.faults.map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  );
  const more = faults.length > toldFaults ? [`And ${faults.length - toldFaults} more.`] : [];
  return aCardOf({
    title,
    tone: 'warning',
    lines: [`${error.message}.`, ...faults.slice(0, toldFaults), ...more],
  });
}
