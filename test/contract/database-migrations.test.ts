import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import {
  loadMigrations,
  type Migration,
  migrate,
  pendingMigrations,
} from '../../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { followChain } from '../../shared/journal/chain.ts';
import { createServerDatabase, withEmbedded } from '../helpers/databases.ts';
import { migrationsFolder } from '../helpers/migrations-folder.ts';
import { createRecordingLogger } from '../helpers/recording-logger.ts';
import { failureOf } from './database-contract.ts';

const first: Migration = {
  number: 1,
  name: 'init',
  sql: 'CREATE TABLE lanekeeper.step (n int); INSERT INTO lanekeeper.step VALUES (1);',
};
const second: Migration = {
  number: 2,
  name: 'more',
  sql: 'INSERT INTO lanekeeper.step SELECT max(n) + 1 FROM lanekeeper.step',
};
const broken: Migration = {
  number: 2,
  name: 'broken',
  sql: 'INSERT INTO lanekeeper.step VALUES (2); SELECT 1 / 0',
};

describe('migrations on a server', () => {
  const { logger, lines } = createRecordingLogger();
  let server: Awaited<ReturnType<typeof createServerDatabase>>;
  let database: Database;

  const steps = async (): Promise<unknown[]> =>
    (await database.query('SELECT n FROM lanekeeper.step ORDER BY n')).map((row) => row.n);

  beforeAll(async () => {
    server = await createServerDatabase();
  });
  afterAll(() => server.drop());
  beforeEach(async () => {
    database = await openPgDatabase({ url: server.url, logger, maxConnections: 8 });
    await database.script('DROP SCHEMA IF EXISTS lanekeeper CASCADE');
  });
  afterEach(() => database.close());

  it('keeps the keys of what was stored when connections had one', async () => {
    const [init, ...later] = await loadMigrations(migrationsFolder);
    if (!init) throw new Error('there is no first migration');
    await migrate(database, [init]);
    await database.script(`
      INSERT INTO lanekeeper.job (id, title, state, created_at, created_by, plan, on_failure, max_errors, max_in_flight, total)
      VALUES ('job_1', 't', 'running', now(), 'ops', '{}', 'stop', 0, 1, 2);
      INSERT INTO lanekeeper.intent (job_id, number, fields, sealed_key, key_digest)
      VALUES ('job_1', 0, '{"Name": "a"}', 'v1.sealed', 'hmac:1'), ('job_1', 1, '{}', NULL, NULL);
      INSERT INTO lanekeeper.change (id, job_id, seq, position, intent_number, region_id, vpn_connection_id,
                                     sealed_base_key, request_digest)
      VALUES ('chg_1', 'job_1', 0, 1, 0, 'r', 'vco-1', 'v1.base', 'digest'),
             ('chg_2', 'job_1', 1, 1, 1, 'r', 'vco-2', NULL, NULL);`);

    await migrate(database, [init, ...later]);

    const path = 'IkeConfig.Psk';
    expect(
      await database.query(
        'SELECT sealed_keys, key_digests, accept_outage FROM lanekeeper.intent ORDER BY number',
      ),
    ).toEqual([
      {
        sealed_keys: { [path]: 'v1.sealed' },
        key_digests: { [path]: 'hmac:1' },
        accept_outage: false,
      },
      { sealed_keys: {}, key_digests: {}, accept_outage: false },
    ]);
    expect(
      await database.query('SELECT sealed_base_keys, part FROM lanekeeper.change ORDER BY id'),
    ).toEqual([
      { sealed_base_keys: { [path]: 'v1.base' }, part: 'connection' },
      { sealed_base_keys: {}, part: null },
    ]);
  });

  it('keeps where the API was asked by whom the platform vouches for', async () => {
    const all = await loadMigrations(migrationsFolder);
    const learned = all.findIndex(({ name }) => name === 'learned_origins');
    await migrate(database, all.slice(0, learned));
    await database.script(`
      INSERT INTO lanekeeper.job (id, title, state, created_at, created_by, plan, on_failure, max_errors, max_in_flight, total)
      VALUES ('job_1', 't', 'running', now(), 'ops', '{}', 'stop', 0, 1, 0);
      INSERT INTO lanekeeper.chat_card (job_id, platform, room, origin, created_at)
      VALUES ('job_1', 'slack', 'C1', 'https://lanes.example.com', now()),
             ('job_1', 'dingtalk', 'group:cid', 'https://forged.example', now());`);

    await migrate(database, all);

    expect(await database.query('SELECT origin FROM lanekeeper.chat_card ORDER BY number')).toEqual(
      [{ origin: 'https://lanes.example.com' }, { origin: null }],
    );
  });

  it('begins chains after the events that are there, and has jobs sealed that have ended', async () => {
    const all = await loadMigrations(migrationsFolder);
    const chains = all.findIndex(({ name }) => name === 'journal_chain');
    await migrate(database, all.slice(0, chains));
    await database.script(`
      INSERT INTO lanekeeper.job (id, title, state, created_at, created_by, plan, on_failure, max_errors, max_in_flight, total,
                                  finished_at)
      VALUES ('job_1', 't', 'running', now(), 'ops', '{}', 'stop', 0, 1, 1, NULL),
             ('job_2', 't', 'failed', now(), 'ops', '{}', 'stop', 0, 1, 0, now());
      INSERT INTO lanekeeper.change (id, job_id, seq, position, intent_number, region_id, vpn_connection_id, events)
      VALUES ('chg_1', 'job_1', 0, 1, 0, 'r', 'vco-1', 2);
      INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
      VALUES ('chg_1', 1, 'job_1', now(), 'resolved', '{"lane": "gateway:r/1"}'),
             ('chg_1', 2, 'job_1', now(), 'started', '{"lane": "gateway:r/1"}');`);

    await migrate(database, all);
    await database.query(
      `INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       VALUES ('chg_1', 3, 'job_1', now(), 'finished', '{"state":"failed"}')`,
    );

    const journal = createPgJournalStore(database);
    const placed = await journal.readEvents({ jobId: 'job_1', after: null, limit: 9 });
    const events = placed.map(({ event }) => event);
    expect(events.map(({ hash }) => hash === null)).toEqual([true, true, false]);
    expect(followChain('chg_1', events)).toMatchObject({ events: 3, unchained: 2, faults: [] });
    expect(
      await database.query(`SELECT lane_key, kind FROM lanekeeper.lane WHERE due_at <= now()`),
    ).toEqual([{ lane_key: 'job:job_2', kind: 'job' }]);
  });

  it('applies what is missing, in order, and says what it applied', async () => {
    expect(await migrate(database, [first])).toEqual([first]);
    expect(await migrate(database, [first, second], logger)).toEqual([second]);
    expect(await migrate(database, [first, second])).toEqual([]);

    expect(await steps()).toEqual([1, 2]);
    expect(lines.filter((line) => line.includes('migration applied'))).toHaveLength(1);
  });

  it('tells what is missing and changes nothing', async () => {
    expect(await pendingMigrations(database, [first, second])).toEqual([first, second]);
    expect(await database.query(`SELECT to_regnamespace('lanekeeper') AS schema`)).toEqual([
      { schema: null },
    ]);

    await migrate(database, [first]);

    expect(await pendingMigrations(database, [first, second])).toEqual([second]);
  });

  it('refuses when an applied migration was changed since', async () => {
    await migrate(database, [first]);
    const changed = { ...first, sql: `${first.sql} -- changed` };

    const error = await failureOf(migrate(database, [changed, second]));

    expect(error.code).toBe('invalid_configuration');
    expect(error.message).toContain('migration 1 (init) differs');
    expect((await failureOf(pendingMigrations(database, [changed]))).code).toBe(
      'invalid_configuration',
    );
    expect(await steps()).toEqual([1]);
  });

  it('takes the same text with other line ends for the same migration', async () => {
    await migrate(database, [{ ...first, sql: 'CREATE TABLE lanekeeper.step\n(n int)' }]);

    const again = { ...first, sql: 'CREATE TABLE lanekeeper.step\r\n(n int)' };

    expect(await migrate(database, [again])).toEqual([]);
  });

  it('leaves alone what a newer release applied', async () => {
    await migrate(database, [first, second]);

    expect(await migrate(database, [first])).toEqual([]);
  });

  it('keeps nothing of a migration that fails, and everything before it', async () => {
    expect((await failureOf(migrate(database, [first, broken]))).code).toBe('internal');
    expect(await steps()).toEqual([1]);

    expect(await migrate(database, [first, second])).toEqual([second]);
  });

  it('lets runners race: each migration runs once', async () => {
    const all = [first, second, { ...second, number: 3 }, { ...second, number: 4 }];

    const applied = await Promise.all(Array.from({ length: 6 }, () => migrate(database, all)));

    expect(await steps()).toEqual([1, 2, 3, 4]);
    expect(
      applied
        .flat()
        .map(({ number }) => number)
        .sort(),
    ).toEqual([1, 2, 3, 4]);
  });
});

describe('migrations of the repository', () => {
  const database = withEmbedded();

  it('are all in the ready-made embedded database', async () => {
    const migrations = await loadMigrations(migrationsFolder);

    expect(migrations.length).toBeGreaterThan(0);
    expect(await pendingMigrations(database, migrations)).toEqual([]);
  });
});

describe('a folder of migrations', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    await writeFile(join(folder, '0001_init.sql'), 'SELECT 1');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read in order', async () => {
    await writeFile(join(folder, '0002_more_to_come.sql'), 'SELECT 2');

    expect(await loadMigrations(folder)).toEqual([
      { number: 1, name: 'init', sql: 'SELECT 1' },
      { number: 2, name: 'more_to_come', sql: 'SELECT 2' },
    ]);
  });

  it.each(['0003_gap.sql', '0001_twice.sql', '2_short.sql', 'notes.txt'])(
    'is refused with %s in it',
    async (name) => {
      await writeFile(join(folder, name), 'SELECT 2');

      expect((await failureOf(loadMigrations(folder))).message).toContain('name it NNNN_name.sql');
    },
  );
});
