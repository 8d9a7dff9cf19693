import type { JobBody } from '../progress/job-body.ts';

/** What a receiver is told. */
export interface NoticeDocument {
  /** The same for each sending of one notice: who has seen it leaves it. */
  id: string;
  kind: string;
  /** When it happened. */
  at: string;
  /** The job as it stands when this is sent. */
  job: JobBody;
  /** What is known of the turn itself. */
  detail: unknown;
}

/** What came of telling a receiver. */
export type TellOutcome =
  | { kind: 'told' }
  | { kind: 'failed'; code: string; isRetryable: boolean; retryInMs: number | null };

/** A receiver of notices over HTTPS. Never rejects. */
export interface NoticeReceiver {
  /** The name that `NOTIFY` gives it. */
  name: string;
  /** Kinds that it wants; null takes all. */
  events: readonly string[] | null;
  tell(notice: NoticeDocument): Promise<TellOutcome>;
}
