import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdDirectory } from '../../../local/embedded/lock.ts';
import { failureOf } from '../../contract/database-contract.ts';

const child = fileURLToPath(new URL('../../helpers/embedded-child.ts', import.meta.url));

let folder: string;
let holder: ChildProcessByStdio<Writable, Readable, null> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});
afterEach(async () => {
  await killHolder();
  await rm(folder, { recursive: true });
});

async function startHolder(): Promise<number> {
  holder = spawn(process.execPath, ['--import', 'tsx', child, 'hold', folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(createInterface(holder.stdout), 'line');
  return holder.pid ?? 0;
}

async function killHolder(): Promise<void> {
  if (holder === undefined) return;
  const exited = once(holder, 'exit');
  if (holder.exitCode === null && holder.signalCode === null) {
    holder.kill('SIGKILL');
    await exited;
  }
  holder = undefined;
}

describe('holding a directory', () => {
  it('is refused while another process holds it, and says which and what to do', async () => {
    const pid = await startHolder();

    const error = await failureOf(holdDirectory(folder));

    expect(error.code).toBe('database_locked');
    expect(error.message).toContain(`process ${pid}, stop that process`);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is taken over from a process that was killed', async () => {
    await startHolder();
    await killHolder();

    const release = await holdDirectory(folder);

    expect(await readdir(folder)).toHaveLength(1);
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused to the same process until it lets go', async () => {
    const release = await holdDirectory(folder);

    expect((await failureOf(holdDirectory(folder))).code).toBe('database_locked');

    await release();
    await (await holdDirectory(folder))();
  });

  it('believes a living process of which it knows no more than the id', async () => {
    await writeFile(join(folder, `holder-${process.ppid}-unknown.lock`), '');

    expect((await failureOf(holdDirectory(folder))).code).toBe('database_locked');
  });

  it.runIf(process.platform === 'linux')(
    'is taken over when the process id belongs to a younger process now',
    async () => {
      await writeFile(join(folder, `holder-${process.ppid}-00000000.1.lock`), '');

      const release = await holdDirectory(folder);

      expect(await readdir(folder)).toEqual([expect.stringContaining(`holder-${process.pid}-`)]);
      await release();
    },
  );

  it.runIf(process.platform === 'linux')(
    'is taken over from a process that has died, though nobody has asked how yet',
    async () => {
      // The shell becomes a program that never asks how its child ended.
      const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 30']);
      const [pid] = await once(createInterface(parent.stdout), 'line');
      const stat = () => readFile(`/proc/${pid}/stat`, 'utf8');
      await expect.poll(stat, { timeout: 5_000 }).toContain(') Z ');
      await writeFile(join(folder, `holder-${pid}-unknown.lock`), '');

      const release = await holdDirectory(folder);

      await release();
      parent.kill('SIGKILL');
    },
  );
});
