import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { type PostgresServer, startPostgres } from '../helpers/postgres-server.ts';
import { createRecordingLogger } from '../helpers/recording-logger.ts';
import { failureOf } from './database-contract.ts';

const run = promisify(execFile);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate of its own making for the loopback, in a folder: `server.crt`, `server.key`. */
async function makeCertificate(folder: string): Promise<void> {
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
  const files = ['-keyout', join(folder, 'server.key'), '-out', join(folder, 'server.crt')];
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  await run('openssl', ['req', '-x509', ...key, '-addext', names, ...files]);
}

describe.skipIf(!hasOpenssl)('a server that speaks TLS', () => {
  const { logger } = createRecordingLogger();
  let folder: string;
  let server: PostgresServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lanekeeper-tls-'));
    await makeCertificate(folder);
    server = await startPostgres();
    const admin = await openPgDatabase({ url: server.url, logger });
    // Written by the server, because it takes no key that belongs to somebody else.
    for (const name of ['server.key', 'server.crt']) {
      const text = await readFile(join(folder, name), 'utf8');
      await admin.script(
        `COPY (SELECT unnest(string_to_array('${text.trim()}', E'\\n')))
           TO PROGRAM 'umask 077; cat > ${name}'`,
      );
    }
    await admin.script('ALTER SYSTEM SET ssl = on');
    await admin.script('SELECT pg_reload_conf()');
    await admin.close();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const asked = async (query: string): Promise<unknown> => {
    const database = await openPgDatabase({ url: `${server.url}${query}`, logger });
    try {
      const [row] = await database.query(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      return row?.ssl;
    } finally {
      await database.close();
    }
  };

  it('is spoken to in the clear without sslmode', async () => {
    expect(await asked('')).toBe(false);
  });

  it('is spoken to in TLS with sslmode=verify-full and the certificate of its authority', async () => {
    const authority = encodeURIComponent(join(folder, 'server.crt'));

    expect(await asked(`?sslmode=verify-full&sslrootcert=${authority}`)).toBe(true);
  });

  it('is not trusted when nobody known vouches for it', async () => {
    expect((await failureOf(asked('?sslmode=verify-full'))).code).toBe('unavailable');
  });
});
