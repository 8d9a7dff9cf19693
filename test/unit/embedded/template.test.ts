import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedDatabase } from '../../../local/embedded/embedded-database.ts';
import { copyFolder, createFolder, removeDrafts } from '../../../local/embedded/files.ts';
import { prepareTemplate } from '../../../local/embedded/template.ts';
import { loadMigrations, type Migration } from '../../../shared/adapters/postgres/migrate.ts';
import { systemClock } from '../../../shared/platform/clock.ts';
import { prepareEmbeddedTemplate } from '../../helpers/databases.ts';
import { migrationsFolder } from '../../helpers/migrations-folder.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const { logger } = createRecordingLogger();

let migrations: Migration[];
let folder: string;

beforeAll(async () => {
  migrations = await loadMigrations(migrationsFolder);
  await prepareEmbeddedTemplate();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the ready-made cluster', () => {
  it('is used when it is there', async () => {
    const template = await prepareTemplate(migrations);
    const before = await stat(template);

    expect(await prepareTemplate(migrations)).toBe(template);
    expect((await stat(template)).ino).toBe(before.ino);
  });

  it('is built once when several want it, and not taken for another', {
    timeout: 120_000,
  }, async () => {
    const other: Migration = { number: 1, name: 'other', sql: 'CREATE TABLE lanekeeper.other ()' };

    const [one, two] = await Promise.all([
      prepareTemplate([other], folder),
      prepareTemplate([other], folder),
    ]);

    expect(one).toBe(two);
    expect(await readdir(folder)).toEqual([basename(one)]);
    expect(basename(one)).not.toBe(basename(await prepareTemplate(migrations)));
  });

  it('is copied, not touched, by a database in memory that leaves nothing behind', async () => {
    const cluster = join(await prepareTemplate(migrations), 'global', 'pg_control');
    const before = await readFile(cluster);
    const mine = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith(`lanekeeper-${process.pid}-`));

    const options = { dataDir: ':memory:', clock: systemClock, logger, migrations };
    const [one, two] = await Promise.all([
      openEmbeddedDatabase(options),
      openEmbeddedDatabase(options),
    ]);
    await one.query('CREATE TABLE only_here ()');
    expect(await two.query(`SELECT to_regclass('only_here') AS it`)).toEqual([{ it: null }]);
    expect(await mine()).toHaveLength(2);
    await Promise.all([one.close(), two.close()]);

    expect(await mine()).toEqual([]);
    expect(await readFile(cluster)).toEqual(before);
  });

  it('takes away what a database in memory left when its process was killed', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const left = join(tmpdir(), `lanekeeper-${pid}-abandoned`);
    await mkdir(join(left, 'pgdata'), { recursive: true });

    const database = await openEmbeddedDatabase({
      dataDir: ':memory:',
      clock: systemClock,
      logger,
      migrations,
    });
    await database.close();

    await expect(stat(left)).rejects.toThrow('ENOENT');
  });
});

describe('a folder made in one go', () => {
  const fill = (text: string) => (draft: string) => writeFile(join(draft, 'file'), text);

  it('is not there when filling it failed', async () => {
    const target = join(folder, 'made');

    const made = createFolder(target, async (draft) => {
      await fill('half')(draft);
      await stat(join(draft, 'missing'));
    });

    await expect(made).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual([]);
  });

  it('stays as the first of several makers made it', async () => {
    const target = join(folder, 'made');

    await createFolder(target, fill('first'));
    await createFolder(target, fill('second'));

    expect(await readFile(join(target, 'file'), 'utf8')).toBe('first');
    expect(await readdir(folder)).toEqual(['made']);
  });

  it('loses the drafts of makers that died', async () => {
    await mkdir(join(folder, 'made.draft-abc123', 'base'), { recursive: true });
    await mkdir(join(folder, 'other.draft-abc123'));

    await removeDrafts(join(folder, 'made'));

    expect(await readdir(folder)).toEqual(['other.draft-abc123']);
  });

  it('is copied with all that is in it', async () => {
    await mkdir(join(folder, 'a', 'b', 'empty'), { recursive: true });
    await writeFile(join(folder, 'a', 'b', 'file'), 'text');

    await copyFolder(join(folder, 'a'), join(folder, 'copy'));

    expect((await readdir(join(folder, 'copy'), { recursive: true })).sort()).toEqual([
      'b',
      join('b', 'empty'),
      join('b', 'file'),
    ]);
  });
});
