import { AppError, toAppError } from '../platform/errors.ts';
import type { Actor } from './actor.ts';
import type { AuditLog } from './audit-log.ts';
import { type Action, authorize, permissions } from './authorize.ts';
import type { RateLimit, RateVerdict, RequestRate } from './request-rate.ts';

/** One attempt to do something, whatever way it comes: over HTTP with a token, or from a chat. */
export interface Attempt {
  action: Action;
  /** Method and path, or platform and command. */
  operation: string;
  /** The network address it came from, as the edge saw it; null where there is none. */
  address: string | null;
  jobId: string | null;
  requestId: string;
}

/** What an attempt came to, as far as the audit is to know. */
interface Came {
  /** The job that it was about, where the attempt does not name it. */
  jobId: string | null;
  /** What else it is called by now; the attempt's own name where this is left out. */
  operation?: string;
  /** `pending` where the work itself is still to be done, and noted when it is. */
  outcome?: 'done' | 'pending';
}

export interface WatchDeps {
  rate: RequestRate;
  audit: AuditLog;
}

/** Counts, checks and writes down attempts: the one way in which all of them go. */
export interface Watch {
  /** Counts a request. Raises `rate_limited`, of which the audit keeps the 1st, 10th, 100th … over each limit in each minute, with that number. */
  count(attempt: Attempt, actor: string | null, limits: readonly RateLimit[]): Promise<void>;
  /** Raises `forbidden`, audited, unless one of the actor's roles allows the action. */
  admit(attempt: Attempt, actor: Actor): Promise<void>;
  /** Does what was admitted. A verb is audited with what came of it, which `came` reads from the result. */
  carryOut<Result>(
    attempt: Attempt,
    actor: Actor,
    work: { run(): Promise<Result> | Result; came(result: Result): Came },
  ): Promise<Result>;
  /** Writes an attempt down that goes no further. */
  note(attempt: Attempt, actor: string | null, outcome: string): Promise<void>;
}

/** A watch over one database. */
export function createWatch({ rate, audit }: WatchDeps): Watch {
  const note: Watch['note'] = ({ action, operation, address, jobId, requestId }, actor, outcome) =>
    audit.append({ actor, address, action, operation, jobId, outcome, requestId });
  return {
    note,
    async count(attempt, actor, limits) {
      const verdict: RateVerdict = await rate.count(limits);
      if (verdict.over === null) return;
      // Any of them: a limit that is passed while another one is over too is to be told of as well.
      const told = Math.max(0, ...verdict.overBy.filter(isTold));
      if (told > 0) await note(numbered(attempt, told), actor, 'rate_limited');
      throw new AppError('rate_limited', 'too many requests in this minute', {
        retryAfterSeconds: verdict.retryAfterSeconds,
      });
    },
    async admit(attempt, actor) {
      try {
        authorize(actor, attempt.action);
      } catch (error) {
        await note(attempt, actor.name, toAppError(error).code);
        throw error;
      }
    },
    async carryOut(attempt, actor, { run, came }) {
      if (!permissions[attempt.action].isVerb) return run();
      const ran = Promise.resolve().then(run);
      const result = await ran.catch(async (error: unknown) => {
        await note(attempt, actor.name, toAppError(error).code);
        throw error;
      });
      const { jobId: found, operation = attempt.operation, outcome = 'done' } = came(result);
      // Where this cannot be written down, the caller is told; never that what was done was not.
      await note({ ...attempt, jobId: attempt.jobId ?? found, operation }, actor.name, outcome);
      return result;
    },
  };
}

/** Tokens and signatures that are not known, for each address in a minute; beyond it nobody is told whether one more is. */
const failuresPerMinute = 60;

/** The limit of those who fail to say who they are: of each address, and of all together whose address is not known. */
export function failureLimit(address: string | null): readonly RateLimit[] {
  return [{ scope: `failures:${address ?? 'unknown'}`, perMinute: failuresPerMinute }];
}

/** So few entries tell how many there were: whoever floods the service is not to flood the audit too. */
function isTold(overBy: number): boolean {
  return /^10*$/.test(String(overBy));
}

function numbered(attempt: Attempt, overBy: number): Attempt {
  if (overBy === 1) return attempt;
  return {
    ...attempt,
    operation: `${attempt.operation} (${overBy} over the limit in this minute)`,
  };
}
