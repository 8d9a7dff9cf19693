import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { prepareTemplate } from '../../local/embedded/template.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { loadMigrations, migrate } from '../../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { migrationsFolder } from './migrations-folder.ts';
import { startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for what is made once in a run; see `databases.ts`. */
    databaseService: string;
  }
}

/** What a test file needs to make databases on the server. */
export interface PostgresService {
  url: string;
  /** The migrated database to copy. */
  template: string;
}

const logger = createLogger({ level: 'warn', clock: systemClock });

function withDatabase(url: string, name: string): string {
  const target = new URL(url);
  target.pathname = `/${name}`;
  return target.href;
}

async function using(url: string, work: (database: Database) => Promise<unknown>): Promise<void> {
  const database = await openPgDatabase({ url, logger });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

/** The server and its template; the environment's server when it names one, else one from npm. */
async function preparePostgres(): Promise<PostgresService & { stop(): Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL;
  const server = given === undefined ? await startPostgres() : undefined;
  const url = given ?? server?.url ?? '';
  const template = `lanekeeper_test_${process.pid}_template`;
  const migrations = await loadMigrations(migrationsFolder);
  await using(url, (database) => database.query(`CREATE DATABASE ${template}`));
  await using(withDatabase(url, template), (database) => migrate(database, migrations));
  return {
    url,
    template,
    async stop() {
      if (server !== undefined) return server.stop();
      await using(url, (database) => database.query(`DROP DATABASE ${template} WITH (FORCE)`));
    },
  };
}

/**
 * Vitest's global set-up: offers test files a real PostgreSQL and the embedded one's template, each made when the first
 * file asks, so that runs without databases pay for none.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let postgres: ReturnType<typeof preparePostgres> | undefined;
  const answers: Record<string, () => Promise<unknown>> = {
    async '/postgres'() {
      postgres ??= preparePostgres();
      const { url, template } = await postgres;
      return { url, template } satisfies PostgresService;
    },
    async '/embedded'() {
      await prepareTemplate(await loadMigrations(migrationsFolder));
      return {};
    },
  };
  const service = createServer((request, response) => {
    const answer = answers[request.url ?? '']?.() ?? Promise.reject(new Error('no such thing'));
    answer.then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const address = service.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  project.provide('databaseService', `http://127.0.0.1:${port}`);
  return async () => {
    service.close();
    service.closeAllConnections();
    await (await postgres?.catch(() => undefined))?.stop();
  };
}
