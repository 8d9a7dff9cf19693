import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Database, type Query, sqlStateOf } from './database.ts';

/** One step of the schema: `0001_init.sql` has number 1 and name `init`. */
export interface Migration {
  number: number;
  name: string;
  sql: string;
}

/** Any fixed number: whoever runs migrations on this database takes this lock. */
const lockKey = 5_272_013_301;

const bookkeeping = `
  CREATE SCHEMA IF NOT EXISTS lanekeeper;
  CREATE TABLE IF NOT EXISTS lanekeeper.schema_migration (
    number int PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`;

/** SHA-256 of what a migration does, the same whatever line ends the checkout has. */
export function migrationDigest(migration: Migration): string {
  return createHash('sha256').update(migration.sql.replaceAll('\r\n', '\n')).digest('hex');
}

/**
 * The migrations of a folder, in order: files named `0001_some_name.sql`. Raises `internal` for a file with another
 * name, a number given twice, or a gap.
 */
export async function loadMigrations(folder: string | URL): Promise<Migration[]> {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder;
  const files = (await readdir(path)).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const [, digits, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? [];
      if (digits === undefined || name === undefined || Number(digits) !== index + 1) {
        throw new AppError(
          'internal',
          `migration file ${file} is out of line, name it NNNN_name.sql`,
        );
      }
      return { number: Number(digits), name, sql: await readFile(join(path, file), 'utf8') };
    }),
  );
}

async function readApplied(query: Query): Promise<Map<number, string>> {
  const rows = await query('SELECT number, sha256 FROM lanekeeper.schema_migration');
  return new Map(rows.map((row) => [Number(row.number), String(row.sha256)]));
}

function unapplied(migrations: readonly Migration[], applied: Map<number, string>): Migration[] {
  for (const migration of migrations) {
    const digest = applied.get(migration.number);
    if (digest !== undefined && digest !== migrationDigest(migration)) {
      throw new AppError(
        'invalid_configuration',
        `migration ${migration.number} (${migration.name}) differs from the one this database was built with, ` +
          'use the release that built it or another database',
      );
    }
  }
  return migrations.filter((migration) => !applied.has(migration.number));
}

/**
 * The migrations that a database still lacks; changes nothing. One statement, so a cold start can afford it.
 * Raises `invalid_configuration` when an applied one differs from ours. A database ahead of this release is left alone:
 * while a release is rolled out or back, both meet the same database.
 */
export async function pendingMigrations(
  database: Database,
  migrations: readonly Migration[],
): Promise<Migration[]> {
  try {
    return unapplied(migrations, await readApplied(database.query));
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === '42P01' || state === '3F000') return [...migrations];
    throw error;
  }
}

/**
 * Brings a database up to date and gives the migrations that this call applied. Each runs in a transaction of its own
 * under a lock of that transaction, so runners may race, also through a pooler. Raises like `pendingMigrations`.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  logger?: Logger,
): Promise<Migration[]> {
  const done: Migration[] = [];
  for (const { number, name } of await pendingMigrations(database, migrations)) {
    const applied = await database.transaction(async (query) => {
      await query(`SELECT pg_advisory_xact_lock(${lockKey})`);
      await query(bookkeeping);
      const next = unapplied(migrations, await readApplied(query)).at(0);
      // Another runner got here first when the next one is not the one we came for.
      if (next?.number !== number) return undefined;
      await query(next.sql);
      await query(
        'INSERT INTO lanekeeper.schema_migration (number, name, sha256) VALUES ($1, $2, $3)',
        [number, name, migrationDigest(next)],
      );
      return next;
    });
    if (applied === undefined) continue;
    done.push(applied);
    logger?.info('database migration applied', { number, name });
  }
  return done;
}
