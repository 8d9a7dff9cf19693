import type { ChatPlatform } from '../platform/config/chat.ts';
import type { Card } from './card.ts';

/** A room of a platform, as the platform names it; with the origin under which the API was asked there, when it is known. */
export interface Room {
  platform: ChatPlatform;
  id: string;
}

/** What a worker is to do for a room, because it takes longer than an answer may. */
export type ChatErrand =
  /** Approves a job after its base was compared with the cloud. `operation`, `address` and `requestId` are for the audit. */
  | {
      kind: 'approve';
      room: Room;
      user: string;
      jobId: string;
      actor: string;
      digest: string;
      reason: string;
      operation: string;
      address: string | null;
      requestId: string;
    }
  /** Shows a card: at the address that came with what is answered, if any; to the room, or to one user in it where the platform can. */
  | { kind: 'reply'; room: Room; user: string | null; card: Card; answerUrl: string | null }
  /** Shows a job's card with what approves it, in a room that has it or that is notified. */
  | { kind: 'consent'; room: Room; jobId: string }
  /** Shows what a run of the schedule would do. `previewId` names a preview that was begun. */
  | { kind: 'preview'; room: Room; schedule: string; previewId: string | null };

/** What a job's card says besides the job. */
export interface JobOutline {
  /** Lanes with changes of the job, and most changes on one. */
  lanes: number;
  longestLane: number;
  /** Changes that were refused when the job was resolved. */
  refused: number;
  acceptsOutage: boolean;
  maxInFlight: number;
  /** How long the cloud took on average for changes of its kinds, over all jobs; null when nothing was measured. */
  settleMs: number | null;
  /** What its author should know, by code as in a preview; the most frequent first, with the first connection in plan order. */
  warnings: readonly { code: string; count: number; first: string }[];
  /** The freeze that holds most of what waits, or the longest; null when none does. */
  frozen: { scope: string; until: string; reason: string; count: number } | null;
}

/** What chats need to remember. Raises `unavailable` when the database cannot be reached. */
export interface ChatStore {
  /** Whether a platform's event comes for the first time. Events are remembered for a day; older ones are refused by their time. */
  isNew(platform: ChatPlatform, eventId: string): Promise<boolean>;
  /** Shows the job's card in the room from now on: a worker posts it, and updates it as the job goes on. Without an origin it leads to where the API was last asked. */
  follow(jobId: string, room: Room, origin: string | null): Promise<void>;
  /** Leaves an errand to a worker. */
  leave(errand: ChatErrand): Promise<void>;
  /** Keeps a code that approves this plan of the job, once for each who presses it, until it is a week old. */
  addCode(code: string, approves: { jobId: string; digest: string }): Promise<void>;
  /** The digest that a code approves; null when it is no code for the job, or none any more for this actor. */
  digestOfCode(code: string, of: { jobId: string; actor: string }): Promise<string | null>;
  /** Has the actor use the code no more: his consent was taken. */
  spendCode(code: string, actor: string): Promise<void>;
  /** How long the cloud took on average for any change; null when nothing was measured. */
  settleMs(): Promise<number | null>;
  /** Null when there is no such job. */
  outline(jobId: string): Promise<JobOutline | null>;
}
