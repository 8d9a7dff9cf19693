import { spawn } from 'node:child_process';
import { delimiter, resolve } from 'node:path';

/** One command of a check. */
export interface Step {
  name: string;
  /** Program and arguments; programs that packages bring are found by their name. */
  command: readonly [string, ...string[]];
  /** A step that must have ended before, where it runs too; it stands further up. */
  after?: string;
}

export interface StepResult {
  name: string;
  passed: boolean;
  seconds: number;
  /** All that the command printed. */
  output: string;
}

function environment(): NodeJS.ProcessEnv {
  const path = [resolve('node_modules/.bin'), process.env.PATH].join(delimiter);
  return { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: undefined };
}

/** Runs one command to its end; one that cannot be started, or is ended by a signal, has failed. */
function runStep({ name, command: [program, ...parameters] }: Step): Promise<StepResult> {
  const startedAt = performance.now();
  return new Promise((done) => {
    const child = spawn(program, parameters, {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const end = (passed: boolean): void =>
      done({ name, passed, output, seconds: (performance.now() - startedAt) / 1_000 });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', (error) => {
      output += error.message;
      end(false);
    });
    child.once('close', (code) => end(code === 0));
  });
}

/** Runs the steps, at most `atOnce` at a time, in the order given; tells of each as it ends. No step stops another. */
export async function runSteps(
  steps: readonly Step[],
  { atOnce, onEnd }: { atOnce: number; onEnd: (result: StepResult) => void },
): Promise<StepResult[]> {
  const waiting = [...steps];
  const begun = new Map<string, Promise<StepResult>>();
  const results: StepResult[] = [];
  async function begin(step: Step): Promise<StepResult> {
    if (step.after !== undefined) await begun.get(step.after);
    return runStep(step);
  }
  async function drain(): Promise<void> {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const ending = begin(step);
      begun.set(step.name, ending);
      const result = await ending;
      results.push(result);
      onEnd(result);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, drain));
  return results;
}
