import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Migration,
  migrate,
  migrationDigest,
} from '../../shared/adapters/postgres/migrate.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createEngineDatabase, startEngine } from './engine.ts';
import { createFolder } from './files.ts';
import { SyncedFS } from './synced-fs.ts';

/** Part of the key: raise it when templates are made differently. */
const format = 1;

/** PGlite's own folder: `…/node_modules/@electric-sql/pglite`. */
function pgliteFolder(): string {
  return dirname(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')));
}

async function templateName(migrations: readonly Migration[]): Promise<string> {
  const engine = await readFile(join(pgliteFolder(), 'package.json'), 'utf8');
  const steps = migrations.map((migration) => [migration.number, migrationDigest(migration)]);
  const content = JSON.stringify([format, engine, steps]);
  return `cluster-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
}

/** The folder if we can write to it and nobody else can, because what lies in it is run as a database. */
async function usable(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    const { uid, mode } = await stat(folder);
    const isOurs = uid === (process.getuid?.() ?? uid) && (mode & 0o022) === 0;
    return isOurs ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function cacheFolder(): Promise<string> {
  const folder =
    (await usable(join(pgliteFolder(), '..', '..', '.cache', 'lanekeeper'))) ??
    (await usable(join(tmpdir(), `lanekeeper-${process.getuid?.() ?? 'cache'}`)));
  if (folder !== undefined) return folder;
  throw new AppError(
    'invalid_configuration',
    'no folder for the database template, make node_modules/.cache or the temporary folder writable',
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function buildCluster(folder: string, migrations: readonly Migration[]): Promise<void> {
  const pglite = await startEngine(new SyncedFS(folder), false);
  try {
    const database = createEngineDatabase(pglite, {
      afterStatement: () => undefined,
      close: () => pglite.close(),
    });
    await migrate(database, migrations);
    // Nothing is ever created from these two, and they are two thirds of the files to copy.
    await database.query('UPDATE pg_database SET datistemplate = false');
    await database.query('DROP DATABASE template0');
    await database.query('DROP DATABASE template1');
    await database.query('CHECKPOINT');
  } finally {
    await pglite.close();
  }
}

/**
 * The folder of a ready cluster with these migrations and no rows, to be copied and never opened. Making a cluster takes
 * seconds and 800 MiB, so it is made once for each version of PGlite and of the migrations, under
 * `node_modules/.cache/lanekeeper` or else the temporary folder; builders may race.
 */
export async function prepareTemplate(
  migrations: readonly Migration[],
  cache?: string,
): Promise<string> {
  const folder = join(cache ?? (await cacheFolder()), await templateName(migrations));
  if (!(await exists(folder))) {
    await createFolder(folder, (draft) => buildCluster(draft, migrations));
  }
  return folder;
}
