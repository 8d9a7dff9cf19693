import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program of the project, running on its own. */
export interface RunningProgram {
  child: ChildProcessWithoutNullStreams;
  /** Everything it wrote so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the match once its standard output has one; rejects when the program ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal and gives the exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** The exit code, once it ended by itself. */
  ended(): Promise<number | null>;
}

/** Nothing that was started here outlives this process, suspended or not. */
const running = new Set<ChildProcessWithoutNullStreams>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Runs an entry, TypeScript as `npm run` would, in an environment that holds `environment` alone. The caller ends it.
 */
export function spawnProgram(
  entry: string,
  environment: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): RunningProgram {
  const loader = entry.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...loader, entry, ...args], {
    env: { PATH: process.env.PATH, ...environment },
  });
  running.add(child);
  const exit = once(child, 'close').then(([code]) => {
    running.delete(child);
    return typeof code === 'number' ? code : null;
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout);
          if (match) resolve(match);
        };
        child.stdout.on('data', look);
        look();
        void exit.then((code) => {
          look();
          reject(new Error(`${entry} ended with ${code} before it printed ${pattern}: ${stderr}`));
        });
      }),
    end(signal) {
      child.kill(signal);
      return exit;
    },
    ended: () => exit,
  };
}
