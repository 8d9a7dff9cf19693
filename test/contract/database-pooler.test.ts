import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { createServerDatabase } from '../helpers/databases.ts';
import { findPgBouncer, type PgBouncer, startPgBouncer } from '../helpers/pgbouncer.ts';
import { defineDatabaseContract } from './database-contract.ts';

const program = findPgBouncer();
const poolSize = 2;
const clients = 6;

// Without the package these tests are skipped, and counted as skipped.
describe.skipIf(program === null)('a database behind a pooler in transaction mode', () => {
  const logger = createLogger({ level: 'error', clock: systemClock });
  let server: Awaited<ReturnType<typeof createServerDatabase>>;
  let pooler: PgBouncer;
  let databases: readonly Database[] = [];

  beforeAll(async () => {
    server = await createServerDatabase();
    pooler = await startPgBouncer(program ?? '', server.url, { poolSize });
    databases = await Promise.all(
      Array.from({ length: clients }, () => openPgDatabase({ url: pooler.url, logger })),
    );
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await pooler.stop();
    await server.drop();
  });

  const first: Database = {
    kind: 'postgres',
    query: (text, values) => pick(0).query(text, values),
    transaction: (work) => pick(0).transaction(work),
    script: (text) => pick(0).script(text),
    close: () => Promise.resolve(),
  };
  function pick(index: number): Database {
    const database = databases[index % clients];
    if (database === undefined) throw new Error('no database is open');
    return database;
  }

  defineDatabaseContract(first);

  it('keeps the statements of a transaction in one, also when they travel together', async () => {
    const transactions = Array.from({ length: 60 }, (_, index) =>
      pick(index).transaction(async (query) => {
        const rows = await Promise.all(
          Array.from({ length: 8 }, (_, number) =>
            query('SELECT pg_current_xact_id()::text AS id, $1::int AS number', [number]),
          ),
        );
        return rows.flat();
      }),
    );

    const results = await Promise.all(transactions);

    const ids = results.map((rows) => [...new Set(rows.map(({ id }) => id))]);
    expect(ids.map((own) => own.length)).toEqual(results.map(() => 1));
    expect(new Set(ids.flat()).size).toBe(results.length);
    for (const rows of results)
      expect(rows.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('leaves nothing of a transaction in which one of several statements under way fails', async () => {
    await first.script('CREATE TABLE pooled (client int PRIMARY KEY)');
    const transactions = Array.from({ length: 60 }, (_, index) =>
      pick(index).transaction(async (query) => {
        const insert = query('INSERT INTO pooled VALUES ($1)', [index]);
        const division = query('SELECT 1 / $1::int', [index % 2]);
        const after = query('SELECT count(*) FROM pooled');
        await Promise.all([insert, division, after]);
      }),
    );

    const outcomes = await Promise.allSettled(transactions);

    expect(outcomes.map(({ status }) => status)).toEqual(
      outcomes.map((_, index) => (index % 2 === 0 ? 'rejected' : 'fulfilled')),
    );
    const rows = await first.query('SELECT client FROM pooled ORDER BY client');
    expect(rows.map(({ client }) => Number(client) % 2)).toEqual(rows.map(() => 1));
    expect(rows).toHaveLength(30);
  });
});
