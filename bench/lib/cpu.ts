import { readFile } from 'node:fs/promises';
import { systemClock as clock } from '../../shared/platform/clock.ts';

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own tick (`sysconf(_SC_CLK_TCK)`). */
const ticksPerSecond = 100;

/** Seconds of CPU that a process has used, in user and system mode. */
async function secondsOfProcess(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; user and system time are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Seconds of CPU that the whole machine has used, whoever for. */
async function secondsOfMachine(): Promise<number> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [user, nice, system, , , irq, softirq] = line.split(/\s+/).slice(1).map(Number);
  const used = [user, nice, system, irq, softirq].reduce<number>((sum, n) => sum + (n ?? 0), 0);
  return used / ticksPerSecond;
}

/** Cores in use on average between two moments. */
export interface CoresInUse {
  workers: number;
  cloud: number;
  /** By everything that runs on the machine, the database and strangers included. */
  machine: number;
}

/** Begins to measure; what it gives says how many cores were in use since. */
export async function measureCores(pids: {
  workers: readonly number[];
  cloud: number;
}): Promise<() => Promise<CoresInUse>> {
  const read = async (): Promise<CoresInUse> => {
    const [machine, cloud, ...workers] = await Promise.all([
      secondsOfMachine(),
      secondsOfProcess(pids.cloud),
      ...pids.workers.map(secondsOfProcess),
    ]);
    return { machine, cloud, workers: workers.reduce((sum, each) => sum + each, 0) };
  };
  const before = await read();
  const startedAt = clock.monotonic();
  return async () => {
    const after = await read();
    const seconds = (clock.monotonic() - startedAt) / 1_000;
    return {
      workers: (after.workers - before.workers) / seconds,
      cloud: (after.cloud - before.cloud) / seconds,
      machine: (after.machine - before.machine) / seconds,
    };
  };
}
