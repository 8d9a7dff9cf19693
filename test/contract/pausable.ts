import type { Database } from '../../shared/adapters/postgres/database.ts';

/** A handle whose next transaction stops once, holding its locks, until it is let go. */
export interface Pausable {
  database: Database;
  /** Resolves when the transaction has come to its stop. */
  reached: Promise<void>;
  letGo(): void;
}

/** Stops before the commit, or right after the first statement. */
export function pausable(
  database: Database,
  stop: 'commit' | 'first statement' = 'commit',
): Pausable {
  let letGo = (): void => undefined;
  let reach = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const stopped = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work;
    reach();
    await gate;
    return result;
  };
  const transaction: Database['transaction'] = (work) =>
    database.transaction((query, commit) =>
      stop === 'commit'
        ? stopped(work(query, () => undefined))
        : work((text, values) => stopped(query(text, values)), commit),
    );
  return { database: { ...database, transaction }, reached, letGo: () => letGo() };
}
