import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../shared/platform/errors.ts';

/** A file name such as `holder-4711-1f2e3d4c.88123.lock`: who holds the directory, and when that process began. */
const claimName = /^holder-(\d+)-([\w.]+)\.lock$/;

/** Where a system does not tell when a process began, its id must do. */
const unknownStart = 'unknown';

/** What the system says of a process. */
interface ProcessSight {
  /** When it began, as text that no other process with this id shares, reboots included. */
  start: string;
  /** Whether it has died, and nobody has asked how yet: its id still answers to signals. */
  isZombie: boolean;
}

/** Looks at a process; undefined where the system does not tell. */
async function lookAt(pid: number): Promise<ProcessSight | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name, second field, may hold blanks and parentheses; the state is field 3, the start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    if (ticks === undefined) return undefined;
    return { start: `${boot.slice(0, 8)}.${ticks}`, isZombie: state === 'Z' || state === 'X' };
  } catch {
    return undefined;
  }
}

/** Whether a process with this id runs, whoever owns it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process refuses the signal, but it is there.
    return Reflect.get(Object(error), 'code') === 'EPERM';
  }
}

async function isLive(pid: number, start: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  const actual = await lookAt(pid);
  if (actual?.isZombie) return false;
  return actual === undefined || start === unknownStart || actual.start === start;
}

function locked(directory: string, pid: number): AppError {
  return new AppError(
    'database_locked',
    `the database in ${directory} is in use by process ${pid}, stop that process or choose another directory`,
  );
}

/**
 * Holds a directory for this process and gives the function that lets go of it. Raises `database_locked` when a living
 * process holds it, this one included. A holder that has died is passed over, whoever has its process id now; age never
 * matters. Guards against processes of this machine, not against other machines or containers sharing the directory.
 */
export async function holdDirectory(directory: string): Promise<() => Promise<void>> {
  const start = (await lookAt(process.pid))?.start ?? unknownStart;
  const own = `holder-${process.pid}-${start}.lock`;
  try {
    await (await open(join(directory, own), 'wx', 0o600)).close();
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'EEXIST') throw locked(directory, process.pid);
    throw error;
  }
  // Everyone claims first and looks afterwards, so of two that start together at least one sees the other and withdraws.
  // A claim bears its process's identity, so clearing a dead one away can never hit somebody else's.
  for (const name of await readdir(directory)) {
    const [, pid, began] = claimName.exec(name) ?? [];
    if (name === own || pid === undefined || began === undefined) continue;
    if (await isLive(Number(pid), began)) {
      await rm(join(directory, own), { force: true });
      throw locked(directory, Number(pid));
    }
    await rm(join(directory, name), { force: true });
  }
  return () => rm(join(directory, own), { force: true });
}
