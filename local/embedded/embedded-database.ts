import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { type Database, toDatabaseError } from '../../shared/adapters/postgres/database.ts';
import { type Migration, migrate } from '../../shared/adapters/postgres/migrate.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { createEngineDatabase, startEngine } from './engine.ts';
import { copyFolder, createFolder, removeDrafts } from './files.ts';
import { holdDirectory, isRunning } from './lock.ts';
import { type DiskSync, SyncedFS } from './synced-fs.ts';
import { prepareTemplate } from './template.ts';
import { createUpkeep } from './upkeep.ts';

export interface EmbeddedOptions {
  /** The database's own folder, made when missing; `:memory:` for a database that is gone once closed. */
  dataDir: string;
  clock: Clock;
  logger: Logger;
  migrations: readonly Migration[];
  /** Where the ready-made cluster is kept, by default beside the installed packages. */
  cacheDir?: string;
  /** Stands in for the machine's calls that force bytes to the disk. */
  disk?: DiskSync;
  /** How much WAL is written between two rounds of upkeep. */
  upkeepAfterBytes?: number;
}

/** A folder with a cluster, and what to do when it is no longer used. */
interface Place {
  cluster: string;
  durable: boolean;
  leave(): Promise<void>;
}

const temporaryName = /^lanekeeper-(\d+)-\w+$/;

async function removeAbandoned(): Promise<void> {
  const names = await readdir(tmpdir());
  const abandoned = names.filter((name) => {
    const [, pid] = temporaryName.exec(name) ?? [];
    return pid !== undefined && !isRunning(Number(pid));
  });
  // What cannot be removed belongs to somebody else, or somebody else is removing it.
  await Promise.allSettled(
    abandoned.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true })),
  );
}

/** "In memory" is a copy of the template in the temporary folder: faster and smaller than PGlite's file system in memory. */
async function takeTemporaryPlace(options: EmbeddedOptions): Promise<Place> {
  const template = await prepareTemplate(options.migrations, options.cacheDir);
  await removeAbandoned();
  const folder = await mkdtemp(join(tmpdir(), `lanekeeper-${process.pid}-`));
  const leave = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const cluster = join(folder, 'pgdata');
  try {
    await copyFolder(template, cluster);
    return { cluster, durable: false, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function createCluster(cluster: string, options: EmbeddedOptions): Promise<void> {
  await removeDrafts(cluster);
  const isThere = await access(cluster).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const template = await prepareTemplate(options.migrations, options.cacheDir);
  await createFolder(cluster, (draft) => copyFolder(template, draft));
}

async function takePlace(options: EmbeddedOptions): Promise<Place> {
  const folder = resolve(options.dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const leave = await holdDirectory(folder);
  const cluster = join(folder, 'pgdata');
  try {
    await createCluster(cluster, options);
    return { cluster, durable: true, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function stop(pglite: PGlite): Promise<void> {
  try {
    try {
      await pglite.exec('CHECKPOINT');
    } finally {
      await pglite.close();
    }
  } catch (error) {
    throw toDatabaseError(error);
  }
}

async function startAt(place: Place, options: EmbeddedOptions): Promise<Database> {
  const files = new SyncedFS(place.cluster, options.disk);
  const pglite = await startEngine(files, place.durable, options.logger);
  const upkeep = createUpkeep(pglite, files, options.logger, options.upkeepAfterBytes);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await upkeep.settled();
    try {
      await stop(pglite);
    } finally {
      await place.leave();
    }
  };
  const database = createEngineDatabase(pglite, {
    afterStatement: upkeep.consider,
    close() {
      closing ??= close();
      return closing;
    },
  });
  try {
    await migrate(database, options.migrations, options.logger);
    return database;
  } catch (error) {
    await stop(pglite).catch(() => undefined);
    throw error;
  }
}

/**
 * Opens the embedded PostgreSQL, migrated: one process, one connection, statements one after another on the caller's
 * event loop (half a millisecond to a few each, and at a commit what the disk takes to sync; nothing else runs
 * meanwhile). Raises `database_locked` while another process has the folder open, `invalid_configuration` for a database
 * built by other migrations.
 *
 * What is acknowledged is on the disk: PGlite runs with fsync off and a file system that ignores it, this one runs with
 * fsync on and a file system that obeys, so commits and checkpoints survive a crash of the process and, as far as the
 * disk keeps its word, of the machine. Not covered: a folder on a network share or in two containers at once.
 */
export async function openEmbeddedDatabase(options: EmbeddedOptions): Promise<Database> {
  const began = options.clock.monotonic();
  const isTemporary = options.dataDir === ':memory:';
  const place = isTemporary ? await takeTemporaryPlace(options) : await takePlace(options);
  try {
    const database = await startAt(place, options);
    const elapsedMs = Math.round(options.clock.monotonic() - began);
    options.logger.info('embedded database open', { dataDir: options.dataDir, elapsedMs });
    return database;
  } catch (error) {
    await place.leave();
    throw error;
  }
}
