import type { ChatPlatform } from '../platform/config/chat.ts';
import type { Card } from './card.ts';

/** Something that was said in a room, by typing or by pressing a button of a card. */
export interface ChatMessage {
  /** Names it once and for all; null where the platform does not. */
  eventId: string | null;
  /** The user as the platform names him. */
  user: string;
  /** The room as the platform's own calls name it. */
  room: string;
  text: string;
  /** Whether the platform takes an answer in its HTTP response. */
  takesAnswer: boolean;
  /** Where the first answer may be sent later, without credentials; null where the platform gives no such address. */
  answerUrl: string | null;
}

/** What a request from a platform is. */
export type Received =
  /** Not the platform's: wrong, old or no signature. Nobody is told which. */
  | { kind: 'refused' }
  /** The platform's own business (a check of the address, a repetition): this is the whole answer. */
  | { kind: 'settled'; body: unknown }
  /** `once` names the signed request: what comes with the same again is somebody's copy. */
  | { kind: 'said'; message: ChatMessage; once: string };

/** A platform as it calls in. Transport alone: it checks, reads and writes, and decides nothing. */
export interface ChatTransport {
  platform: ChatPlatform;
  /** Whether its signature covers what is said. Where it does not, consent takes a one-time code. */
  signsBody: boolean;
  /** Checks who sends, over the bytes as they came, and reads what is said. `now` in wall-clock milliseconds. */
  receive(request: { headers: Headers; body: Buffer; now: number }): Received;
  /** The answer as the platform takes it in its HTTP response, when it takes one there. */
  answer(card: Card): unknown;
  /** What is answered when there is nothing to say, or when it is said later. */
  nothing: unknown;
}
