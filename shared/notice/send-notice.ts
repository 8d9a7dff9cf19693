import { z } from 'zod';
import { codeFor, withCode } from '../chat/approval-code.ts';
import type { Card } from '../chat/card.ts';
import type { ChatStore } from '../chat/chat-store.ts';
import { jobCardOf } from '../chat/job-card.ts';
import type { ChatSender, SendOutcome } from '../chat/sender.ts';
import type { JobStore } from '../job/job-store.ts';
import type { Lease } from '../lane/lane-store.ts';
import { digestOf } from '../platform/canonical.ts';
import type { Clock } from '../platform/clock.ts';
import { type ChatPlatform, chatPlatforms } from '../platform/config/chat.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import { type JobBody, jobBodyOf } from '../progress/job-body.ts';
import type { SendNotice } from '../worker/worker-deps.ts';
import type { Errands } from './errands.ts';
import type { NotifiedRoom } from './listeners.ts';
import type { JobCard, Notice, NoticeStore } from './notice-store.ts';
import type { NoticeReceiver } from './notice-webhook.ts';

export interface NoticeDeps {
  notices: NoticeStore;
  chats: ChatStore;
  jobs: JobStore;
  senders: readonly ChatSender[];
  receivers: readonly NoticeReceiver[];
  rooms: readonly NotifiedRoom[];
  errands: Errands;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** How many notices one worker sends at once: however slow receivers are, changes find the rest of its hands free. */
const atOnce = 4;
const busyAgainMs = 1_000;
/** A notice that could not be delivered for so long is given up. */
const giveUpMs = 24 * 3_600_000;
const firstRetryMs = 5_000;
const longestRetryMs = 3_600_000;
/** Longer than a platform may take to answer. */
const cardLeaseMs = 60_000;
const cardBusyMs = 1_500;

/** What is still to be done of a notice after a try. */
interface Tried {
  told: readonly string[];
  /** The shortest time after which something is to be tried again; null when all is done or given up. */
  retryInMs: number | null;
  /** Whether the wait is because of a failure. */
  counts: boolean;
  data?: unknown;
}

/** Sends notices, a few at a time. */
export function createNoticeSender(deps: NoticeDeps): SendNotice {
  let active = 0;
  return async (lease) => {
    if (active >= atOnce) {
      await deps.notices.putOff(lease, { ...(await knownOf(deps, lease)), dueInMs: busyAgainMs });
      return;
    }
    active += 1;
    try {
      await send(deps, lease);
    } finally {
      active -= 1;
    }
  };
}

async function knownOf(
  { notices }: NoticeDeps,
  lease: Lease,
): Promise<{ told: readonly string[]; counts: boolean }> {
  return { told: (await notices.get(lease))?.told ?? [], counts: false };
}

async function send(deps: NoticeDeps, lease: Lease): Promise<void> {
  const { notices, logger } = deps;
  const notice = await notices.get(lease);
  const tried = notice === null ? done([]) : await tryOnce(deps, notice);
  if (notice === null || tried.retryInMs === null) {
    await notices.settle(lease);
    return;
  }
  if (notice.ageMs > giveUpMs) {
    logger.error('notice given up', { notice: notice.number, kind: notice.kind, told: tried.told });
    await notices.settle(lease);
    return;
  }
  const { told, counts, data, retryInMs } = tried;
  const later = { told, counts, dueInMs: retryInMs };
  await notices.putOff(lease, data === undefined ? later : { ...later, data });
}

function done(told: readonly string[]): Tried {
  return { told, retryInMs: null, counts: false };
}

const RoomData = z.object({ platform: z.enum(chatPlatforms), id: z.string() });
const ReplyData = z.object({
  room: RoomData,
  user: z.string().nullable(),
  card: z.custom<Card>((value) => typeof value === 'object' && value !== null),
});
const ApproveData = z.object({
  room: RoomData,
  user: z.string(),
  jobId: z.string(),
  actor: z.string(),
  digest: z.string(),
  reason: z.string(),
  operation: z.string(),
  requestId: z.string(),
});
const PreviewData = z.object({
  room: RoomData,
  schedule: z.string(),
  previewId: z.string().nullable(),
});

function tryOnce(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  switch (notice.kind) {
    case 'reply':
      return reply(deps, notice);
    case 'preview':
      return preview(deps, notice);
    case 'approve':
      return approve(deps, notice);
    default:
      return tellOfJob(deps, notice);
  }
}

async function reply(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  const { room, user, card } = ReplyData.parse(notice.data);
  const sender = senderFor(deps, room.platform);
  if (sender === null) return done([]);
  return afterSending(deps, notice, await sender.post(room.id, card, user));
}

async function preview(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  const data = PreviewData.parse(notice.data);
  const outcome = await deps.errands.preview(data);
  if (outcome.kind === 'pending') {
    const { previewId, retryInMs } = outcome;
    return { told: [], retryInMs, counts: false, data: { ...data, previewId } };
  }
  const sender = senderFor(deps, data.room.platform);
  if (sender === null) return done([]);
  return afterSending(deps, notice, await sender.post(data.room.id, outcome.card, null));
}

async function approve(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  const { room, user, ...asked } = ApproveData.parse(notice.data);
  const outcome = await deps.errands.approve(asked);
  if (outcome.kind === 'pending') return { told: [], retryInMs: outcome.retryInMs, counts: false };
  // From here on it is an answer like any other: a room that cannot be reached has nobody approve twice.
  await deps.chats.leave({
    kind: 'reply',
    room,
    user: outcome.card.audience === 'user' ? user : null,
    card: outcome.card,
  });
  return done([]);
}

function afterSending(deps: NoticeDeps, notice: Notice, outcome: SendOutcome): Tried {
  if (outcome.kind !== 'failed') return done([]);
  return failure(deps, notice, { who: notice.kind, ...outcome });
}

function senderFor({ senders, logger }: NoticeDeps, platform: ChatPlatform): ChatSender | null {
  const found = senders.find((sender) => sender.platform === platform) ?? null;
  if (found === null) logger.warn('platform has no credentials to be called with', { platform });
  return found;
}

/** What is to come of a failure: another try after a while that doubles, or nothing more. */
function failure(
  { logger }: NoticeDeps,
  { number, kind, attempts }: Notice,
  failed: { who: string; code: string; isRetryable: boolean; retryInMs: number | null },
): Tried {
  const { who, code, isRetryable } = failed;
  logger.warn('notice not delivered', { notice: number, kind, who, code, isRetryable });
  if (!isRetryable) return done([who]);
  const backoffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts, 20));
  return { told: [], retryInMs: Math.max(failed.retryInMs ?? 0, backoffMs), counts: true };
}

/** Tells of a job: receivers, and the rooms in which its card is. Each is told once; who fails is tried again alone. */
async function tellOfJob(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  const record = notice.jobId === null ? null : await deps.jobs.get(notice.jobId);
  if (record === null) return done([]);
  const job = jobBodyOf(record, deps.clock);
  await joinRooms(deps, notice, job);
  const cards = await deps.notices.cardsOf(job.id);
  const isOpen = (name: string): boolean => !notice.told.includes(name);
  const receivers = deps.receivers.filter(
    ({ name, events }) => isOpen(name) && wants(events, notice),
  );
  const tries = await Promise.all([
    ...receivers.map((receiver) => tellReceiver(deps, { notice, job, receiver })),
    ...cards
      .filter(({ number }) => isOpen(cardName(number)))
      .map((card) => showCard(deps, { notice, job, card })),
  ]);
  const waits = tries.flatMap(({ retryInMs }) => retryInMs ?? []);
  return {
    told: [...notice.told, ...tries.flatMap(({ told }) => told)],
    retryInMs: waits.length > 0 ? Math.min(...waits) : null,
    counts: tries.some(({ counts }) => counts),
  };
}

/** A room that asked shows the card at each turn. What is written for the rooms alone is no event for receivers. */
function wants(events: readonly string[] | null, { kind }: Notice): boolean {
  return (
    kind !== 'card' &&
    kind !== 'resumed' &&
    kind !== 'cancelling' &&
    (events?.includes(kind) ?? true)
  );
}

async function joinRooms(
  { notices, rooms }: NoticeDeps,
  notice: Notice,
  job: JobBody,
): Promise<void> {
  for (const { room, events } of rooms) {
    if (wants(events, notice)) await notices.addCard(job.id, room);
  }
}

function cardName(number: number): string {
  return `card:${number}`;
}

async function tellReceiver(
  deps: NoticeDeps,
  { notice, job, receiver }: { notice: Notice; job: JobBody; receiver: NoticeReceiver },
): Promise<Tried> {
  const { number, kind, at, data: detail } = notice;
  const outcome = await receiver.tell({ id: `ntc_${number}`, kind, at, job, detail });
  if (outcome.kind === 'told') return done([receiver.name]);
  return failure(deps, notice, { who: receiver.name, ...outcome });
}

/** Posts the card, or updates it when it shows something else. Whoever comes last shows the newest state. */
async function showCard(
  deps: NoticeDeps,
  { notice, card, ...known }: { notice: Notice; job: JobBody; card: JobCard },
): Promise<Tried> {
  const who = cardName(card.number);
  const sender = senderFor(deps, card.room.platform);
  if (sender === null) return done([who]);
  const held = await deps.notices.takeCard(card.number, cardLeaseMs);
  if (held === null) return { told: [], retryInMs: cardBusyMs, counts: false };
  let showing: Pick<JobCard, 'message' | 'shown'> = held;
  try {
    // Read once more now that nobody else sends: what was read before may be older than what is shown.
    const record = await deps.jobs.get(known.job.id);
    const job = record === null ? known.job : jobBodyOf(record, deps.clock);
    const outline = await deps.chats.outline(job.id);
    const picture = jobCardOf(job, { outline, origin: held.origin });
    const shown = digestOf({
      ...picture,
      facts: picture.facts.filter(({ label }) => label !== 'Expected end'),
    });
    if (held.message !== null && held.shown === shown) return done([who]);
    const outcome = await sendCard(deps, sender, held, picture);
    if (outcome.kind === 'failed') return failure(deps, notice, { who, ...outcome });
    showing = {
      message: outcome.kind === 'sent' ? (outcome.message ?? held.message) : null,
      shown,
    };
    return outcome.kind === 'sent'
      ? done([who])
      : { told: [], retryInMs: cardBusyMs, counts: true };
  } finally {
    await deps.notices.giveCard(card.number, showing);
  }
}

async function sendCard(
  deps: NoticeDeps,
  sender: ChatSender,
  { room, message }: JobCard,
  picture: Card,
): Promise<SendOutcome> {
  const card = sender.signsBody ? picture : await withCode(picture, codeFor(deps));
  return message === null
    ? sender.post(room.id, card, null)
    : sender.update(room.id, message, card);
}
