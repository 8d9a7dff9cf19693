import { z } from 'zod';
import { codeFor, withCode } from '../chat/approval-code.ts';
import type { Card } from '../chat/card.ts';
import type { Room } from '../chat/chat-store.ts';
import { jobCardOf } from '../chat/job-card.ts';
import { chatPlatforms } from '../platform/config/chat.ts';
import { jobBodyOf } from '../progress/job-body.ts';
import type { Notice } from './notice-store.ts';
import { afterSending, done, type NoticeDeps, senderFor, type Tried } from './notice-try.ts';

const RoomData = z.object({ platform: z.enum(chatPlatforms), id: z.string() });
const ReplyData = z.object({
  room: RoomData,
  user: z.string().nullable(),
  card: z.custom<Card>((value) => typeof value === 'object' && value !== null),
  answerUrl: z.string().nullable().default(null),
});
const ApproveData = z.object({
  room: RoomData,
  user: z.string(),
  jobId: z.string(),
  actor: z.string(),
  digest: z.string(),
  reason: z.string(),
  operation: z.string(),
  address: z.string().nullable().default(null),
  requestId: z.string(),
});
const PreviewData = z.object({
  room: RoomData,
  schedule: z.string(),
  previewId: z.string().nullable(),
});

const ConsentData = z.object({ room: RoomData, jobId: z.string() });

/** Sends an answer. */
export async function reply(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  const { room, user, card, answerUrl } = ReplyData.parse(notice.data);
  const answerer = deps.answerers.find(({ platform }) => platform === room.platform);
  if (answerUrl !== null && answerer !== undefined) {
    const outcome = await answerer.answer(answerUrl, card);
    // What the address does not take goes the way of everything else.
    const isLost = outcome.kind === 'gone' || (outcome.kind === 'failed' && !outcome.isRetryable);
    if (!isLost) return afterSending(deps, notice, outcome);
  }
  const sender = senderFor(deps, room.platform);
  if (sender === null) return done([]);
  return afterSending(deps, notice, await sender.post(room.id, card, user));
}

/** Works a preview out and sends it. */
export async function preview(deps: NoticeDeps, notice: Notice): Promise<Tried> {
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

/** Approves, after a comparison with the cloud, and leaves what is to be said of it. */
export async function approve(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  const { room, user, ...asked } = ApproveData.parse(notice.data);
  const outcome = await deps.errands.approve(asked);
  if (outcome.kind === 'pending') return { told: [], retryInMs: outcome.retryInMs, counts: false };
  // From here on it is an answer like any other: a room that cannot be reached has nobody approve twice.
  await deps.chats.leave({
    kind: 'reply',
    room,
    user: outcome.card.audience === 'user' ? user : null,
    card: outcome.card,
    answerUrl: null,
  });
  const isSpent = deps.senders.some(
    ({ platform, signsBody }) => platform === room.platform && !signsBody,
  );
  // He was told to try again, and his code is spent.
  if (outcome.isOpen && isSpent) {
    await deps.chats.leave({ kind: 'consent', room, jobId: asked.jobId });
  }
  return done([]);
}

/**
 * Sends the job's card with what approves it, where the platform does not vouch for what is said. Whoever forges a request names
 * any room in it, so codes go only to rooms that have the card or are notified.
 */
export async function showConsent(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  const { room, jobId } = ConsentData.parse(notice.data);
  const card = (await deps.notices.cardsOf(jobId)).find((one) => isSame(one.room, room)) ?? null;
  const isKnown = card !== null || deps.rooms.some((one) => isSame(one.room, room));
  const sender = senderFor(deps, room.platform);
  const job = await deps.jobs.get(jobId);
  if (!isKnown || sender === null || job === null) return done([]);
  const outline = await deps.chats.outline(jobId);
  const origin = card?.origin ?? null;
  const picture = jobCardOf(jobBodyOf(job, deps.clock), { outline, origin });
  const shown = sender.signsBody ? picture : await withCode(picture, codeFor(deps));
  return afterSending(deps, notice, await sender.post(room.id, shown, null));
}

function isSame(one: Room, other: Room): boolean {
  return one.platform === other.platform && one.id === other.id;
}
