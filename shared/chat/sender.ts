import type { ChatPlatform } from '../platform/config/chat.ts';
import type { Card } from './card.ts';

/** What came of sending something to a room. */
export type SendOutcome =
  /** `message` names it for a later update; null where nothing can be updated. */
  | { kind: 'sent'; message: string | null }
  /** What was to be updated is not there any more. */
  | { kind: 'gone' }
  /** `code` is the platform's own word. */
  | { kind: 'failed'; code: string; isRetryable: boolean; retryInMs: number | null };

/** A platform that is called, with credentials of its own. Never rejects. */
export interface ChatSender {
  platform: ChatPlatform;
  /** Whether its signatures cover what buttons say; otherwise a one-time code goes with those that approve. */
  signsBody: boolean;
  /** Shows a card in the room; to `user` alone where the platform can and one is named. */
  post(room: string, card: Card, user: string | null): Promise<SendOutcome>;
  /** Puts a card in the place of one that was posted; where messages cannot be changed, posts it anew. */
  update(room: string, message: string, card: Card): Promise<SendOutcome>;
}

/** A platform that gives an address for an answer with what is said. It takes no credentials. Never rejects. */
export interface ChatAnswerer {
  platform: ChatPlatform;
  /** Shows a card as the answer; `gone` when the address is not good any more. */
  answer(url: string, card: Card): Promise<SendOutcome>;
}

/** A failure for which a call's answer is the reason: the platform is away or asks to come later, or refuses. */
export function failedCall(
  code: string,
  answer: { status: number; retryInMs: number | null } | null,
): SendOutcome {
  const status = answer?.status ?? 0;
  const isRetryable = answer === null || status === 429 || status >= 500;
  return { kind: 'failed', code, isRetryable, retryInMs: answer?.retryInMs ?? null };
}

/** What a card's tone looks like where colours do not reach. */
export const markOf: Readonly<Record<Card['tone'], string>> = {
  plain: '',
  good: '✅ ',
  warning: '⚠️ ',
  bad: '❌ ',
};
