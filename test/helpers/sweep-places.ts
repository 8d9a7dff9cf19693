import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import type { Caller } from './host.ts';
import { createRecordingLogger } from './recording-logger.ts';

/*
 * Where the secrecy sweep (P5) looks.
 */

/** Every row of every table, as text. */
export async function dumpOf(url: string): Promise<string> {
  const database = await openPgDatabase({ url, logger: createRecordingLogger().logger });
  const tables = await database.query(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'lanekeeper'`,
  );
  const dumps: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query(`SELECT to_jsonb(t)::text AS text FROM ${String(name)} AS t`);
    dumps.push(String(name), ...rows.map(({ text }) => String(text)));
  }
  await database.close();
  return dumps.join('\n');
}

/** A caller whose every answer is kept, headers and all. */
export function listening(caller: Caller) {
  const heard: string[] = [];
  const ask = async (path: string, init?: RequestInit): Promise<string> => {
    const response = await caller.send(path, init);
    const text = await response.text();
    heard.push(`${response.status} ${JSON.stringify([...response.headers])}`, text);
    return text;
  };
  return { ask, heard };
}

/** Asks, and keeps the answer. */
export type Ask = ReturnType<typeof listening>['ask'];

/** Asks for all that can be read of some jobs and of the service. */
export async function readEverything(ask: Ask, jobIds: readonly string[]): Promise<void> {
  for (const id of jobIds) {
    for (const part of ['', '/changes?limit=1000', '/journal', '/verification']) {
      await ask(`/v1/jobs/${id}${part}`);
    }
    const { items } = JSON.parse(await ask(`/v1/jobs/${id}/changes?limit=1000`));
    for (const change of items) await ask(`/v1/jobs/${id}/changes/${change.id}`);
  }
  for (const path of [
    '/v1/jobs',
    '/v1/schedules',
    '/v1/schedules/nightly',
    '/v1/freezes',
    '/v1/audit',
    '/v1/keys',
    '/v1/openapi.json',
    '/metrics',
    '/healthz',
    '/',
  ]) {
    await ask(path);
  }
}
