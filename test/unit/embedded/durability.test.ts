import { spawn } from 'node:child_process';
import { fdatasyncSync, fsyncSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type EmbeddedOptions,
  openEmbeddedDatabase,
} from '../../../local/embedded/embedded-database.ts';
import type { Database } from '../../../shared/adapters/postgres/database.ts';
import { loadMigrations, type Migration } from '../../../shared/adapters/postgres/migrate.ts';
import { systemClock } from '../../../shared/platform/clock.ts';
import { failureOf } from '../../contract/database-contract.ts';
import { prepareEmbeddedTemplate } from '../../helpers/databases.ts';
import { migrationsFolder } from '../../helpers/migrations-folder.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const child = fileURLToPath(new URL('../../helpers/embedded-child.ts', import.meta.url));
const { logger } = createRecordingLogger();

let migrations: Migration[];
let folder: string;
let database: Database | undefined;

beforeAll(async () => {
  migrations = await loadMigrations(migrationsFolder);
  await prepareEmbeddedTemplate();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durability-'));
});
afterEach(async () => {
  await database?.close().catch(() => undefined);
  database = undefined;
  await rm(folder, { recursive: true });
});

async function open(more: Partial<EmbeddedOptions> = {}): Promise<Database> {
  const options = { dataDir: folder, clock: systemClock, logger, migrations, ...more };
  database = await openEmbeddedDatabase(options);
  return database;
}

/** Inserts in a process of its own, kills it after so many acknowledgements and gives the last one. */
async function insertUntilKilled(acknowledgements: number): Promise<number> {
  const writer = spawn(process.execPath, ['--import', 'tsx', child, 'insert', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = 0;
  for await (const line of createInterface(writer.stdout)) {
    last = Number(line);
    if (last === acknowledgements) writer.kill('SIGKILL');
  }
  return last;
}

describe('the embedded database on disk', () => {
  it('keeps every acknowledged row when its process is killed', async () => {
    const acknowledged = await insertUntilKilled(100);

    const survivor = await open();
    const [row] = await survivor.query('SELECT count(*) AS rows, max(n) AS n FROM acknowledged');

    expect(acknowledged).toBeGreaterThanOrEqual(100);
    expect(row?.n).toBeGreaterThanOrEqual(acknowledged);
    expect(row?.rows).toBe(row?.n);
  });

  it('has each commit synced when it is acknowledged, and syncs nothing for reads', async () => {
    let walSyncs = 0;
    const disk = {
      fsync: fsyncSync,
      fdatasync(fd: number) {
        fdatasyncSync(fd);
        walSyncs += 1;
      },
    };
    const { query, transaction } = await open({ disk });
    await query('CREATE TABLE synced (n int)');

    walSyncs = 0;
    await query('INSERT INTO synced VALUES (1)');
    expect(walSyncs).toBe(1);

    await query('SELECT * FROM synced');
    expect(walSyncs).toBe(1);

    await transaction(async (inside) => {
      await inside('INSERT INTO synced VALUES (2)');
      await inside('INSERT INTO synced VALUES (3)');
      expect(walSyncs).toBe(1);
    });
    expect(walSyncs).toBe(2);
  });

  it('syncs the data files at a checkpoint before it trusts them', async () => {
    const order: string[] = [];
    const disk = {
      fsync(fd: number) {
        fsyncSync(fd);
        order.push('data');
      },
      fdatasync(fd: number) {
        fdatasyncSync(fd);
        order.push('log');
      },
    };
    const { query } = await open({ disk });
    await query('CREATE TABLE synced AS SELECT generate_series(1, 100) AS n');

    order.length = 0;
    await query('CHECKPOINT');

    // Last comes the file that says where the log is to be read from.
    expect(order.filter((kind) => kind === 'data').length).toBeGreaterThan(5);
    expect(order.slice(-2)).toEqual(['log', 'data']);
  });

  it('acknowledges nothing that the disk refused', async () => {
    let works = true;
    const disk = {
      fsync: fsyncSync,
      fdatasync(fd: number) {
        if (!works) throw Object.assign(new Error('no more'), { code: 'EIO' });
        fdatasyncSync(fd);
      },
    };
    const { query } = await open({ disk });
    await query('CREATE TABLE refused (n int)');

    works = false;
    const error = await failureOf(query('INSERT INTO refused VALUES (1)'));

    expect(error.code).toBe('unavailable');
    expect((await failureOf(query('SELECT 1'))).code).toBe('unavailable');
  });

  it('is refused to a second opener and free again after closing', async () => {
    const first = await open();

    const error = await failureOf(
      openEmbeddedDatabase({ dataDir: folder, clock: systemClock, logger, migrations }),
    );
    await first.close();

    expect(error.code).toBe('database_locked');
    expect(await (await open()).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('tidies up by itself once enough was written', async () => {
    const { query, close } = await open({ upkeepAfterBytes: 1 });
    await query('CREATE TABLE lanekeeper.tidy AS SELECT generate_series(1, 100) AS n');
    await close();

    const [row] = await (await open()).query(
      `SELECT reltuples FROM pg_class WHERE oid = 'lanekeeper.tidy'::regclass`,
    );

    expect(row).toEqual({ reltuples: 100 });
  });
});
