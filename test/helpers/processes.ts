import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, expect } from 'vitest';

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

const ofTest: RunningProgram[] = [];
const ofFile: RunningProgram[] = [];

afterEach(() => killAll(ofTest));
afterAll(() => killAll(ofFile));

async function killAll(programs: RunningProgram[]): Promise<void> {
  await Promise.all(programs.splice(0).map((program) => program.end('SIGKILL')));
}

/**
 * Runs a TypeScript entry as `npm run` would, in an environment that holds `environment` alone. What still runs after the
 * test that started it, or after the file when a hook did, is killed.
 */
export function runProgram(
  entry: string,
  environment: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): RunningProgram {
  const child = spawn(process.execPath, ['--import', 'tsx', entry, ...args], {
    env: { PATH: process.env.PATH, ...environment },
  });
  const exit = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const program: RunningProgram = {
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
  (expect.getState().currentTestName === undefined ? ofFile : ofTest).push(program);
  return program;
}
