import {
  createTransactionQuery,
  endsSession,
  type Query,
  type Row,
  type Work,
} from './database.ts';

/** A connection that is checked out of a pool. */
export interface Session {
  run(text: string, values?: readonly unknown[], timeoutMs?: number): Promise<readonly Row[]>;
  /** Whether the connection was used before, so that it may have died unnoticed since. */
  reused: boolean;
  /** Gives the connection back, or closes it when it cannot be trusted any more. */
  release(broken: boolean): void;
}

/**
 * Runs the work in a transaction. Neither BEGIN nor COMMIT costs a way to the server of its own: reads that come first go with the
 * one, and the other goes with the statements that the work says are the last. BEGIN changes nothing, so connections that turn out
 * dead at it are left for others.
 */
export async function runTransaction<Result>(
  checkOut: () => Promise<Session>,
  work: Work<Result>,
): Promise<Result> {
  // Ends, because each round that does not return closes a connection, and a new one is not tried again.
  for (;;) {
    const attempt = await tryOn(await checkOut(), work);
    if (attempt.kind === 'done') return attempt.result;
  }
}

type Attempt<Result> = { kind: 'done'; result: Result } | { kind: 'dead' };

async function tryOn<Result>(session: Session, work: Work<Result>): Promise<Attempt<Result>> {
  const begun = session.run('BEGIN ISOLATION LEVEL READ COMMITTED');
  const run = afterBegin((text, values) => session.run(text, values), begun);
  const { query, close, end } = createTransactionQuery(run);
  let committed: Promise<unknown> | null = null;
  const commit = (): void => {
    close();
    committed ??= run('COMMIT');
    // Where something failed before it, that is told instead.
    committed.catch(() => undefined);
  };
  let isBroken = false;
  try {
    const result = await work(query, commit).finally(end);
    await begun;
    commit();
    await committed;
    return { kind: 'done', result };
  } catch (error) {
    const lost = await failureOf(begun);
    const failed = lost ?? (await failureOf(committed ?? session.run('ROLLBACK')));
    isBroken =
      lost !== null || (failed !== null && (committed === null || endsSession(failed.error)));
    if (lost === null) throw error;
    if (!session.reused || !endsSession(lost.error)) throw lost.error;
    return { kind: 'dead' };
  } finally {
    session.release(isBroken);
  }
}

/** What a promise rejects with; null when it does not. */
function failureOf(promise: Promise<unknown>): Promise<{ error: unknown } | null> {
  return promise.then(
    () => null,
    (error: unknown) => ({ error }),
  );
}

/**
 * Statements of a transaction whose BEGIN is under way. Only reads go with it: were it to fail, everything else would stand as a
 * transaction of its own. What waits for it keeps its place.
 */
function afterBegin(run: Query, begun: Promise<unknown>): Query {
  let hasBegun = false;
  let isWaitedFor = false;
  const begin = begun.then(() => {
    hasBegun = true;
  });
  begin.catch(() => undefined);
  return (text, values) => {
    const isRead = /^\s*SELECT\b/.test(text);
    if (hasBegun || (isRead && !isWaitedFor)) return run(text, values);
    isWaitedFor = true;
    return begin.then(() => run(text, values));
  };
}
