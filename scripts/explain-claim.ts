/**
 * Prints the plans of the claim and of the pick of what a lane starts, with little and with much waiting behind:
 * `npx tsx scripts/explain-claim.ts`. Uses the server that TEST_DATABASE_URL or DATABASE_URL names (in a database of its
 * own), else one from npm. docs/claim-plan.md quotes it.
 */
import { randomBytes } from 'node:crypto';
import type { Database } from '../shared/adapters/postgres/database.ts';
import { claimStatement } from '../shared/adapters/postgres/lane-store.ts';
import { loadMigrations, migrate } from '../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../shared/adapters/postgres/pg-database.ts';
import { candidatesStatement } from '../shared/adapters/postgres/start-changes.ts';
import { systemClock } from '../shared/platform/clock.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { migrationsFolder } from '../test/helpers/migrations-folder.ts';
import { startPostgres } from '../test/helpers/postgres-server.ts';
import { fillLanes } from './fill-lanes.ts';

const logger = createLogger({ level: 'error', clock: systemClock });
const sizes = [
  { changes: 1_000, lanes: 200 },
  { changes: 1_000_000, lanes: 200_000 },
  { changes: 1_000_000, lanes: 200 },
  { changes: 1_000, lanes: 200, inFlight: 100 },
  { changes: 1_000_000, lanes: 200, inFlight: 100 },
];

/** The plan of a statement that is run and rolled back; the second time, when what it reads is in memory. */
async function explain(
  database: Database,
  statement: string,
  values: readonly unknown[],
): Promise<string> {
  const options = 'ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF';
  let plan = '';
  for (let round = 0; round < 2; round += 1) {
    const rows = await database.transaction(async (query) => {
      const lines = await query(`EXPLAIN (${options}) ${statement}`, values);
      await query('ROLLBACK AND CHAIN');
      return lines;
    });
    const lines = rows.map((row) => String(row['QUERY PLAN']).replace(/'\{.*?\}'/, "'{…}'"));
    plan = lines.join('\n');
  }
  return plan;
}

async function printPlans(database: Database): Promise<void> {
  for (const size of sizes) {
    await fillLanes(database, size);
    const laneKeys = Array.from({ length: 50 }, (_, index) => `gateway:r/${index}`);
    const claim = await explain(database, claimStatement, [50, 30, 'worker']);
    const pick = await explain(database, candidatesStatement, [laneKeys]);
    const title = `${size.changes.toLocaleString('en')} changes on ${size.lanes.toLocaleString('en')} lanes`;
    const flying = size.inFlight ? `, ${size.inFlight} in flight` : '';
    console.log(`### ${title}${flying}\n\nClaim of 50 lanes:\n\n\`\`\`\n${claim}\n\`\`\`\n`);
    console.log(`What 50 lanes may start:\n\n\`\`\`\n${pick}\n\`\`\`\n`);
  }
}

async function main(): Promise<void> {
  const given = process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL;
  const server = given === undefined ? await startPostgres() : undefined;
  const url = given ?? server?.url ?? '';
  const admin = await openPgDatabase({ url, logger });
  const name = `lanekeeper_explain_${randomBytes(4).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  const target = new URL(url);
  target.pathname = `/${name}`;
  const database = await openPgDatabase({ url: target.href, logger, statementTimeoutMs: 600_000 });
  try {
    await migrate(database, await loadMigrations(migrationsFolder));
    await printPlans(database);
  } finally {
    await database.close();
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.close();
    await server?.stop();
  }
}

await main();
