import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { type Clock, systemClock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { type BreakableProxy, startBreakableProxy } from '../helpers/breakable-proxy.ts';
import { createServerDatabase } from '../helpers/databases.ts';
import { everythingIn, failureOf } from './database-contract.ts';

const lines: string[] = [];
const logger = createLogger({
  level: 'debug',
  clock: systemClock,
  write: (line) => lines.push(line),
});

let elapsedMs = 0;
const clock: Clock = { ...systemClock, monotonic: () => elapsedMs };

let server: Awaited<ReturnType<typeof createServerDatabase>>;
let proxy: BreakableProxy;
let database: Database;

beforeAll(async () => {
  server = await createServerDatabase();
});
afterAll(() => server.drop());

beforeEach(async () => {
  elapsedMs = 0;
  proxy = await startBreakableProxy(server.url);
  database = await openPgDatabase({ url: proxy.url, logger, clock, maxConnections: 2 });
  await database.script(`
    CREATE TABLE IF NOT EXISTS account (name text PRIMARY KEY, balance int NOT NULL);
    DELETE FROM account;
    INSERT INTO account VALUES ('a', 0), ('b', 0)`);
});
afterEach(async () => {
  await database.close();
  await proxy.close();
});

describe('connections to a server', () => {
  it('replaces a connection that died while it was idle', async () => {
    proxy.breakWhenUsed();
    elapsedMs += 60_000;

    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(proxy.connections()).toBe(2);
  });

  it('begins a transaction on another connection when the first turns out dead', async () => {
    proxy.breakWhenUsed();

    const rows = await database.transaction((query) => query('SELECT 1 AS one'));

    expect(rows).toEqual([{ one: 1 }]);
  });

  it('runs the whole work on the other connection, though reads went with the first', async () => {
    proxy.breakWhenUsed();
    let runs = 0;

    await database.transaction(async (query) => {
      runs += 1;
      const [rows] = await Promise.all([
        query('SELECT balance FROM account FOR UPDATE'),
        query('UPDATE account SET balance = balance + 1'),
      ]);
      expect(rows).toHaveLength(2);
    });

    expect(runs).toBe(2);
    expect(await database.query('SELECT sum(balance)::int AS total FROM account')).toEqual([
      { total: 2 },
    ]);
  });

  it('does not repeat a statement that may have run', async () => {
    proxy.breakWhenUsed();

    const error = await failureOf(database.query(`UPDATE account SET balance = balance + 1`));

    expect(error.code).toBe('unavailable');
    expect(await database.query('SELECT sum(balance) AS total FROM account')).toEqual([
      { total: 0 },
    ]);
  });

  it('survives losing the connection in the middle of a transaction', async () => {
    const work = database.transaction(async (query) => {
      await query(`UPDATE account SET balance = 5`);
      proxy.breakWhenUsed();
      await query(`UPDATE account SET balance = 6`);
    });

    expect((await failureOf(work)).code).toBe('unavailable');
    expect(await database.query('SELECT max(balance) AS most FROM account')).toEqual([{ most: 0 }]);
  });

  it('survives being thrown out by the server, idle or not', async () => {
    const other = await openPgDatabase({ url: server.url, logger });
    await database.query('SELECT 1');

    await other.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await other.close();

    elapsedMs += 60_000;
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const error = await failureOf(
      database.query('SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)'),
    );
    expect(error.code).toBe('unavailable');
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('closes twice and answers nothing afterwards', async () => {
    await database.close();
    await database.close();

    expect((await failureOf(database.query('SELECT 1'))).code).toBe('unavailable');
  });
});

describe('transactions on a server', () => {
  it('runs the loser of a deadlock again', async () => {
    const bothHoldOne = Array.from({ length: 2 }, () => {
      let reached = (): void => undefined;
      const promise = new Promise<void>((resolve) => {
        reached = resolve;
      });
      return { promise, reached };
    });
    let runs = 0;
    const transfer = (own: number, first: string, second: string): Promise<void> =>
      database.transaction(async (query) => {
        runs += 1;
        await query('UPDATE account SET balance = balance + 1 WHERE name = $1', [first]);
        bothHoldOne[own]?.reached();
        await bothHoldOne[1 - own]?.promise;
        await query('UPDATE account SET balance = balance + 1 WHERE name = $1', [second]);
      });

    await Promise.all([transfer(0, 'a', 'b'), transfer(1, 'b', 'a')]);

    // The loser may lose again, when it is quicker to come back than the winner to go on.
    expect(runs).toBeGreaterThanOrEqual(3);
    expect(await database.query('SELECT balance FROM account')).toEqual([
      { balance: 2 },
      { balance: 2 },
    ]);
  });

  it('is READ COMMITTED whatever the server prefers', async () => {
    await database.query(
      `ALTER ROLE CURRENT_USER IN DATABASE ${new URL(server.url).pathname.slice(1)}
         SET default_transaction_isolation = 'serializable'`,
    );
    const other = await openPgDatabase({ url: server.url, logger });

    const level = await other.transaction((query) => query('SHOW transaction_isolation'));

    await other.close();
    expect(level).toEqual([{ transaction_isolation: 'read committed' }]);
  });
});

describe('a server out of reach', () => {
  const reasons: [name: string, change: (url: URL) => void][] = [
    ['nobody listens', (url) => (url.port = '1')],
    ['the host does not exist', (url) => (url.hostname = 'database.secret-host.invalid')],
    ['the password is wrong', (url) => (url.password = 'hunter2')],
    ['the database does not exist', (url) => (url.pathname = '/secret_name')],
    ['it does not speak TLS', (url) => (url.search = '?sslmode=verify-full')],
  ];

  it.each(reasons)('is unavailable and nothing shows when %s', async (_name, change) => {
    const url = new URL(server.url);
    change(url);
    const lost = await openPgDatabase({ url: url.href, logger, connectTimeoutMs: 2_000 });

    const errors = await Promise.all([
      failureOf(lost.query('SELECT $1::text', ['parameter-4711'])),
      failureOf(lost.transaction((query) => query('SELECT 1'))),
    ]);
    await lost.close();

    for (const error of errors) {
      expect(error.code).toBe('unavailable');
      expect(everythingIn(error)).not.toMatch(/hunter2|secret|127\.0\.0\.1|SELECT|4711|postgres:/);
      expect(everythingIn(error)).not.toContain(new URL(server.url).password);
    }
  });

  it('shows nothing of the address in log lines either', () => {
    expect(lines.join('\n')).not.toMatch(/127\.0\.0\.1|postgres:\/\//);
  });
});
