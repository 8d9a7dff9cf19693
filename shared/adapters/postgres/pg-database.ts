import { Socket } from 'node:net';
import pg from 'pg';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import {
  columnParser,
  type Database,
  endsSession,
  type Row,
  toDatabaseError,
  toParameter,
  withRetries,
} from './database.ts';
import { runTransaction, type Session } from './pg-transaction.ts';

export interface PgOptions {
  /** `postgres://user:password@host:port/name`, with `sslmode` where the server wants TLS. */
  url: string;
  logger: Logger;
  clock?: Clock;
  /** 1 or 2 carry thousands of changes a second; many short-lived instances share the server. */
  maxConnections?: number;
  connectTimeoutMs?: number;
  /** Short, because a frozen function instance keeps its sockets while the server or a gateway drops them. */
  idleTimeoutMs?: number;
  /** After this the statement is given up and its connection closed. Scripts are exempt. */
  statementTimeoutMs?: number;
}

/** A connection unused for longer than this is tried before a statement is trusted to it. */
const probeAfterMs = 1_000;
const probeTimeoutMs = 3_000;
const scriptTimeoutMs = 3_600_000;

/** Sends what is written in one turn of the event loop in one go: each statement of a pipeline would be a call to the system. */
class GatheringSocket extends Socket {
  override uncork(): void {
    process.nextTick(() => super.uncork());
  }
}

function createPool(options: PgOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    stream: () => new GatheringSocket(),
    max: options.maxConnections ?? 2,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: options.idleTimeoutMs ?? 5_000,
    query_timeout: options.statementTimeoutMs ?? 60_000,
    application_name: 'lanekeeper',
    keepAlive: true,
    // Statements of a transaction that do not wait for each other travel together. Nothing follows a COMMIT, a ROLLBACK or a
    // lone statement before its answer: there a transaction-mode pooler gives the session to somebody else (pgbouncer #759).
    pipeline: true,
    allowExitOnIdle: true,
    types: { getTypeParser: (oid: number) => columnParser(oid) },
  });
  pool.on('error', (error) => {
    options.logger.info('idle database connection lost', { err: toDatabaseError(error) });
  });
  return pool;
}

async function runOn(
  client: pg.PoolClient,
  text: string,
  values: readonly unknown[] = [],
  timeoutMs?: number,
): Promise<readonly Row[]> {
  const statement: pg.QueryConfig<(string | null)[]> & { query_timeout?: number } = {
    text,
    values: values.map(toParameter),
  };
  if (timeoutMs !== undefined) statement.query_timeout = timeoutMs;
  try {
    const answer: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await client.query(statement);
    const result = Array.isArray(answer) ? answer.at(-1) : answer;
    if (text === 'COMMIT' && result?.command === 'ROLLBACK') {
      throw new AppError('internal', 'a failed statement of the transaction was passed over');
    }
    return result?.rows ?? [];
  } catch (error) {
    throw toDatabaseError(error);
  }
}

/**
 * Checks connections out of the pool, and closes instead those that died while idle: one unused for a while answers a
 * probe first. Raises `unavailable`.
 */
function createCheckOut(pool: pg.Pool, clock: Clock): () => Promise<Session> {
  const usedAt = new WeakMap<pg.PoolClient, number>();
  // A connection in use that breaks between two statements says so by an event; without a listener that ends the process.
  const ignore = (): void => undefined;

  async function isAlive(client: pg.PoolClient): Promise<boolean> {
    const since = usedAt.get(client);
    if (since === undefined || clock.monotonic() - since < probeAfterMs) return true;
    try {
      await runOn(client, 'SELECT 1', [], probeTimeoutMs);
      return true;
    } catch {
      return false;
    }
  }

  async function connect(): Promise<pg.PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      throw toDatabaseError(error);
    }
  }

  return async () => {
    // Ends, because each round that does not return closes a connection and a new one is not probed.
    for (;;) {
      const client = await connect();
      client.on('error', ignore);
      const release = (broken: boolean): void => {
        client.off('error', ignore);
        usedAt.set(client, clock.monotonic());
        client.release(broken);
      };
      if (await isAlive(client)) {
        const run: Session['run'] = (text, values, timeoutMs) =>
          runOn(client, text, values, timeoutMs);
        return { run, reused: usedAt.has(client), release };
      }
      release(true);
    }
  };
}

/**
 * A Database served by a PostgreSQL, 13 or later, direct or behind a transaction-mode pooler. Connects when first used.
 *
 * A connection that died while idle is replaced before anything is entrusted to it. A statement whose connection breaks
 * under way is not repeated, because it may have run: it raises `unavailable`, as does everything that keeps the server
 * from answering. Deadlocks and serialization failures are run again, single statements too.
 */
export function openPgDatabase(options: PgOptions): Promise<Database> {
  const pool = createPool(options);
  const checkOut = createCheckOut(pool, options.clock ?? systemClock);
  let closing: Promise<void> | undefined;

  async function runOnce(
    text: string,
    values?: readonly unknown[],
    timeoutMs?: number,
  ): Promise<readonly Row[]> {
    const session = await checkOut();
    let broken = false;
    try {
      return await session.run(text, values, timeoutMs);
    } catch (error) {
      broken = endsSession(error);
      throw error;
    } finally {
      session.release(broken);
    }
  }

  return Promise.resolve({
    kind: 'postgres',
    query: (text, values) => withRetries(() => runOnce(text, values)),
    transaction: (work) => withRetries(() => runTransaction(checkOut, work)),
    async script(text) {
      await runOnce(text, undefined, scriptTimeoutMs);
    },
    close() {
      closing ??= pool.end();
      return closing;
    },
  });
}
