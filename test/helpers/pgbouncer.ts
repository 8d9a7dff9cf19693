import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './installed-program.ts';
import { findFreePort } from './postgres-server.ts';

/** A PgBouncer in front of a PostgreSQL. */
export interface PgBouncer {
  /** The given address, through the pooler. */
  url: string;
  stop(): Promise<void>;
}

/** Where Debian's package `pgbouncer` puts the program, or wherever else it is; null where it is not installed. */
export function findPgBouncer(): string | null {
  return findProgram('pgbouncer', ['/usr/sbin']);
}

/** Nobody is asked for a password: it listens on the loopback for the time of a test. */
function configuration(target: URL, port: number, poolSize: number): string {
  return `
[databases]
* = host=${target.hostname} port=${target.port} user=${target.username} password=${target.password}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 200
log_connections = 0
log_disconnections = 0
`;
}

/**
 * Starts a PgBouncer in transaction mode that shares `poolSize` connections to `target` among all its clients, so that with
 * more clients hardly two transactions of one meet the same session. It refuses to run as root, so for root it runs as the
 * user `postgres`.
 */
export async function startPgBouncer(
  program: string,
  target: string,
  { poolSize }: { poolSize: number },
): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'lanekeeper-pooler-'));
  await chmod(folder, 0o755);
  const file = join(folder, 'pgbouncer.ini');
  const url = new URL(target);
  const port = await findFreePort();
  await writeFile(file, configuration(url, port, poolSize), { mode: 0o644 });
  const user = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const child = spawn(program, [...user, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  let log = '';
  const listening = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      log += String(chunk);
      if (log.includes('process up')) resolve();
    });
    void ended.then(() => reject(new Error(`pgbouncer ended: ${log}`)));
  });
  await listening;
  url.port = String(port);
  return {
    url: url.href,
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
