import { parseArgs } from 'node:util';
import { openEmbeddedDatabase } from '../../local/embedded/embedded-database.ts';
import { loadMigrations } from '../../shared/adapters/postgres/migrate.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { migrationsFolder } from '../helpers/migrations-folder.ts';
import { describeFailure, firstFailure } from './campaign.ts';
import type { StoreSource } from './run-seed.ts';
import { inMemory, onDatabase } from './store-sources.ts';

const usage = 'npm run simulate -- [--seeds N] [--from S] [--store memory|sql]';

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min) return value;
  throw new RangeError(`--${name} is ${text}, use a whole number from ${min}: ${usage}`);
}

async function openStores(store: string): Promise<{ stores: StoreSource; close(): Promise<void> }> {
  if (store === 'memory') return { stores: inMemory, close: () => Promise.resolve() };
  if (store !== 'sql') throw new RangeError(`--store is ${store}, use memory or sql: ${usage}`);
  const logger = createLogger({ level: 'error', clock });
  const migrations = await loadMigrations(migrationsFolder);
  const database = await openEmbeddedDatabase({ dataDir: ':memory:', clock, logger, migrations });
  return { stores: onDatabase(database), close: () => database.close() };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '2000' },
      from: { type: 'string', default: '1' },
      store: { type: 'string', default: 'memory' },
    },
  });
  const { store } = values;
  const seeds = wholeNumber('seeds', values.seeds, 1);
  const from = wholeNumber('from', values.from, 0);
  const { stores, close } = await openStores(store);
  const startedAt = clock.monotonic();
  let done = 0;
  let troubles = 0;
  const perMinute = (): number => Math.round((done * 60_000) / (clock.monotonic() - startedAt));
  const failure = await firstFailure({
    stores,
    from,
    seeds,
    onRun: ({ decisions }) => {
      done += 1;
      troubles += decisions.length;
      if (process.stdout.isTTY)
        process.stdout.write(`\r${done}/${seeds}, ${perMinute()} a minute `);
    },
  });
  if (process.stdout.isTTY) process.stdout.write('\n');
  await close();
  if (failure) console.log(describeFailure(failure, { store }));
  else console.log(`the promises held in ${done} runs with ${troubles} troubles`);
  console.log(`${perMinute()} seeds a minute`);
  process.exitCode = failure ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error instanceof RangeError ? error.message : error);
  process.exit(error instanceof RangeError ? 2 : 1);
});
