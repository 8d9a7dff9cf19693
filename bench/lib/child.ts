import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A process of the benchmark. */
export interface Child {
  pid: number;
  /** The first match of the pattern that was waited for. */
  ready: RegExpExecArray;
  /** The most memory it ever had resident, in MiB. */
  peakMemoryMiB(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a file of the project as a process of its own and waits until its output matches. Its stderr is ours. */
export async function startChild(
  file: string,
  options: { env: Readonly<Record<string, string>>; readyWhen: RegExp; args?: readonly string[] },
): Promise<Child> {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const loader = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...loader, path, ...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await waitFor(child, options.readyWhen);
  return {
    pid: child.pid ?? 0,
    ready,
    async peakMemoryMiB() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(status) ?? [];
      return Number(kibibytes) / 1024;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

function waitFor(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      const match = pattern.exec(output);
      if (match) resolve(match);
    });
    child.once('exit', (code) => reject(new Error(`a process ended with ${code}: ${output}`)));
  });
}
