import { afterAll, afterEach, expect } from 'vitest';
import { type RunningProgram, spawnProgram } from './programs.ts';

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
export function runProgram(...given: Parameters<typeof spawnProgram>): RunningProgram {
  const program = spawnProgram(...given);
  (expect.getState().currentTestName === undefined ? ofFile : ofTest).push(program);
  return program;
}
