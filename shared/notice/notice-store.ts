import type { Room } from '../chat/chat-store.ts';
import type { Lease } from '../lane/lane-store.ts';

/** Something that happened, or that is owed to a room, until everybody who is to know knows it. */
export interface Notice {
  number: number;
  kind: string;
  jobId: string | null;
  /** When it happened, ISO 8601. */
  at: string;
  data: unknown;
  /** Who knows it already, by the names that the sender gives. */
  told: readonly string[];
  /** How often it was tried before. */
  attempts: number;
  ageMs: number;
}

/** A job's card in a room. */
export interface JobCard {
  number: number;
  room: Room;
  /** Where the API was asked, for links. */
  origin: string | null;
  /** What was posted, as the platform names it; null before. */
  message: string | null;
  /** Digest of what is shown. */
  shown: string | null;
}

/** The lane that carries a notice. */
const lanePrefix = 'notice:';

/** The number of the notice that a lane carries. */
export function noticeOnLane(laneKey: string): number {
  return Number(laneKey.slice(lanePrefix.length));
}

/** Notices and cards. They are caused by the store itself, as jobs turn. Raises `unavailable` when the database cannot be reached. */
export interface NoticeStore {
  /** Says of what kinds somebody is notified whatever the job: of others nothing is written unless a room has the job's card. */
  listenFor(kinds: readonly string[]): Promise<void>;
  /** The notice on a lane; null when it is gone. */
  get(lease: Lease): Promise<Notice | null>;
  /** Forgets the notice and its lane. False when the lease was lost. */
  settle(lease: Lease): Promise<boolean>;
  /** Gives the lane back until it is tried again; `told` are all who know, `data` is kept in the place of the old when given. */
  putOff(
    lease: Lease,
    later: { told: readonly string[]; data?: unknown; counts: boolean; dueInMs: number },
  ): Promise<void>;
  /** The cards of a job, in the order in which they were asked for. */
  cardsOf(jobId: string): Promise<readonly JobCard[]>;
  /** Has the job's card shown in a room where it is not; nobody asked there, so links go where the API was last asked in another. */
  addCard(jobId: string, room: Room): Promise<void>;
  /** Takes the card to send it; null while somebody else does, for at most so long. */
  takeCard(number: number, forMs: number): Promise<JobCard | null>;
  /** Gives a card back, with what is shown now. */
  giveCard(number: number, shown: Pick<JobCard, 'message' | 'shown'>): Promise<void>;
}
