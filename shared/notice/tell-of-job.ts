import { z } from 'zod';
import { codeFor, withCode } from '../chat/approval-code.ts';
import type { Card } from '../chat/card.ts';
import { jobCardOf } from '../chat/job-card.ts';
import type { ChatSender, SendOutcome } from '../chat/sender.ts';
import { digestOf } from '../platform/canonical.ts';
import { type JobBody, jobBodyOf } from '../progress/job-body.ts';
import type { JobCard, Notice } from './notice-store.ts';
import { done, failure, type NoticeDeps, senderFor, type Tried } from './notice-try.ts';
import type { NoticeReceiver } from './notice-webhook.ts';

/** Longer than a platform may take to answer. */
const cardLeaseMs = 60_000;
const cardBusyMs = 1_500;

/** Somebody is to do something: a message that was changed calls nobody. */
const calling: ReadonlySet<string> = new Set(['awaiting_approval', 'stopped', 'refuted']);

/** What changes without a turn of the job. */
const movesByItself: ReadonlySet<string> = new Set(['Expected end', 'Expected duration']);

const RefutedData = z.object({ vpnConnectionId: z.string(), reason: z.string().nullish() });

/** Tells of a job: receivers, and the rooms in which its card is. Each is told once; who fails is tried again alone. */
export async function tellOfJob(deps: NoticeDeps, notice: Notice): Promise<Tried> {
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

/**
 * Posts the card, or updates it when it shows something else; what calls somebody is posted anew, and updated there from then on.
 * Whoever comes last shows the newest state.
 */
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
      facts: picture.facts.filter(({ label }) => !movesByItself.has(label)),
    });
    if (held.shown === shown && !callsAgain(notice, held)) return done([who]);
    const message = calling.has(notice.kind) ? null : held.message;
    const lines = [...refutation(notice), ...picture.lines];
    const outcome = await sendCard(deps, sender, { ...held, message }, { ...picture, lines });
    if (outcome.kind === 'failed') return failure(deps, notice, { who, ...outcome });
    showing =
      outcome.kind === 'sent'
        ? { message: outcome.message ?? message, shown }
        : { message: null, shown: null };
    return outcome.kind === 'sent'
      ? done([who])
      : { told: [], retryInMs: cardBusyMs, counts: true };
  } finally {
    await deps.notices.giveCard(card.number, showing);
  }
}

/** Whether somebody is to be called though the card is as it was: another turn may have changed it before, and called nobody. */
function callsAgain({ kind }: Notice, { message }: JobCard): boolean {
  return kind === 'refuted' || (kind === 'stopped' && message !== null);
}

function refutation({ kind, data }: Notice): readonly string[] {
  const known = kind === 'refuted' ? RefutedData.safeParse(data).data : undefined;
  if (known === undefined) return [];
  const { vpnConnectionId, reason } = known;
  const why = reason === null || reason === undefined ? '.' : `: ${reason}.`;
  return [`The other side of ${vpnConnectionId} turned out not to have the new values${why}`];
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
