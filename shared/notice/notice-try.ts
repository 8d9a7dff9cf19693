import type { ChatStore } from '../chat/chat-store.ts';
import type { ChatAnswerer, ChatSender, SendOutcome } from '../chat/sender.ts';
import type { JobStore } from '../job/job-store.ts';
import type { Clock } from '../platform/clock.ts';
import type { ChatPlatform } from '../platform/config/chat.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Errands } from './errands.ts';
import type { NotifiedRoom } from './listeners.ts';
import type { Notice, NoticeStore } from './notice-store.ts';
import type { NoticeReceiver } from './notice-webhook.ts';

/** What it takes to send notices. */
export interface NoticeDeps {
  notices: NoticeStore;
  chats: ChatStore;
  jobs: JobStore;
  senders: readonly ChatSender[];
  answerers: readonly ChatAnswerer[];
  receivers: readonly NoticeReceiver[];
  rooms: readonly NotifiedRoom[];
  errands: Errands;
  clock: Clock;
  random: Random;
  logger: Logger;
}

const firstRetryMs = 5_000;
const longestRetryMs = 3_600_000;

/** What is still to be done of a notice after a try. */
export interface Tried {
  told: readonly string[];
  /** The shortest time after which something is to be tried again; null when all is done or given up. */
  retryInMs: number | null;
  /** Whether the wait is because of a failure. */
  counts: boolean;
  data?: unknown;
}

/** A try after which nothing is left for these. */
export function done(told: readonly string[]): Tried {
  return { told, retryInMs: null, counts: false };
}

/** What is left of an errand after its answer was sent. */
export function afterSending(deps: NoticeDeps, notice: Notice, outcome: SendOutcome): Tried {
  if (outcome.kind !== 'failed') return done([]);
  return failure(deps, notice, { who: notice.kind, ...outcome });
}

/** The platform as it is called; null, with a word in the log, where it has no credentials. */
export function senderFor(
  { senders, logger }: NoticeDeps,
  platform: ChatPlatform,
): ChatSender | null {
  const found = senders.find((sender) => sender.platform === platform) ?? null;
  if (found === null) logger.warn('platform has no credentials to be called with', { platform });
  return found;
}

/** What is to come of a failure: another try after a while that doubles, or nothing more. */
export function failure(
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
