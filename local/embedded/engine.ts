import { AsyncLocalStorage } from 'node:async_hooks';
import { PGlite } from '@electric-sql/pglite';
import {
  columnParser,
  createTransactionQuery,
  type Database,
  type Query,
  type Row,
  toDatabaseError,
  toParameter,
  type Work,
  withRetries,
} from '../../shared/adapters/postgres/database.ts';
import { AppError } from '../../shared/platform/errors.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { SyncedFS } from './synced-fs.ts';

/** The parts of PGlite and of its transactions that run statements. */
type Runner = Pick<PGlite, 'query' | 'exec'>;

/** PGlite's arguments for PostgreSQL, without the `-F` that turns fsync off when commits must reach the disk. */
function startParams(durable: boolean): string[] {
  const given = PGlite.defaultStartParams.filter((param) => !durable || param !== '-F');
  // PGlite turns fdatasync into nothing but passes fsync on. 16 MiB of buffers instead of 128 halve the memory.
  const own = ['wal_sync_method=fsync', 'shared_buffers=16MB', 'jit=off'];
  return [...given, ...own.flatMap((setting) => ['-c', setting])];
}

/** Passes on why PostgreSQL gave up, out of its log; other lines of that log may show statements and values. */
function reportFailure(line: string, logger: Logger | undefined): boolean {
  const [, reason] = /\b(?:PANIC|FATAL): +(.*)/.exec(line) ?? [];
  if (reason !== undefined) logger?.error('embedded database failed', { reason });
  return false;
}

/**
 * Starts PostgreSQL on a cluster's directory, making the cluster when there is none (seconds and 800 MiB).
 * Segments of 4 MiB keep a new cluster small, and the pause short when one is begun.
 */
export async function startEngine(
  files: SyncedFS,
  durable: boolean,
  logger?: Logger,
): Promise<PGlite> {
  try {
    const pglite = await PGlite.create({
      fs: files,
      startParams: startParams(durable),
      onStderr: (line) => reportFailure(line, logger),
      initDbStartParams: ['--wal-segsize=4'],
      // Parameters arrive as text already; this one serializer would insist on bytes.
      serializers: { 17: String },
    });
    for (const oid of Object.keys(pglite.parsers)) {
      pglite.parsers[oid] = columnParser(Number(oid));
    }
    return pglite;
  } catch (error) {
    throw toDatabaseError(error);
  }
}

async function run(
  runner: Runner,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const parameters = values.map(toParameter);
  try {
    if (parameters.length > 0) return (await runner.query<Row>(text, parameters)).rows;
    const last = (await runner.exec(text)).at(-1);
    return last?.rows ?? [];
  } catch (error) {
    throw toDatabaseError(error);
  }
}

/** The same, but each statement waits for the one before. */
function inOrder(runNow: Query): Query {
  let last: Promise<unknown> = Promise.resolve();
  return (text, values) => {
    const next = (): Promise<readonly Row[]> => runNow(text, values);
    const rows = last.then(next, next);
    last = rows;
    return rows;
  };
}

/** One attempt at a transaction. An error of `work` passes through as it is; PGlite's own become AppErrors. */
async function runTransaction<Result>(pglite: PGlite, work: Work<Result>): Promise<Result> {
  let failure: { error: unknown } | undefined;
  try {
    return await pglite.transaction(async (transaction) => {
      const { query, close, end } = createTransactionQuery(
        inOrder((text, values) => run(transaction, text, values)),
      );
      try {
        return await work(query, close);
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        await end();
      }
    });
  } catch (error) {
    throw failure === undefined ? toDatabaseError(error) : failure.error;
  }
}

/**
 * A Database on a started engine. PGlite lets nothing between the statements of a transaction; a statement outside waits
 * for its end. Waiting for oneself would never end, so a transaction that asks its Database is refused.
 */
export function createEngineDatabase(
  pglite: PGlite,
  hooks: { afterStatement(): void; close(): Promise<void> },
): Database {
  const transactions = new AsyncLocalStorage<{ isOpen: boolean }>();

  function refuseWithin(): void {
    if (transactions.getStore()?.isOpen === true) {
      throw new AppError('internal', 'inside a transaction use its own query');
    }
  }

  async function runOutside(text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    refuseWithin();
    const rows = await withRetries(() => run(pglite, text, values));
    hooks.afterStatement();
    return rows;
  }

  return {
    kind: 'embedded',
    query: runOutside,
    async transaction(work) {
      refuseWithin();
      const mark = { isOpen: true };
      try {
        return await transactions.run(mark, () => withRetries(() => runTransaction(pglite, work)));
      } finally {
        mark.isOpen = false;
        hooks.afterStatement();
      }
    },
    async script(text) {
      await runOutside(text);
    },
    close: hooks.close,
  };
}
