import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Mutation } from './mutation.ts';
import { mutationVariable } from './plugin.ts';

/** How one test ended in a run of its own. */
export interface TestEnd {
  /** With the names of its suites. */
  name: string;
  isGreen: boolean;
  /** The messages of its failures. */
  failures: readonly string[];
}

const Report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
/** A run takes seconds; one that hangs is ended after this. */
const longestRunMs = 200_000;
/** On a busy machine a test must not look red for want of time. */
const longestTestMs = 60_000;

/** Runs Vitest in a process of its own, to its end whatever that is, and gives what it printed. */
function runVitest(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [vitest, 'run', ...parameters],
      { env: { PATH: process.env.PATH, ...environment }, timeout: longestRunMs },
      (_, stdout, stderr) => resolve(stdout + stderr),
    );
  });
}

/**
 * Runs the tests of certain names, with a guard switched off or with all in place (null). They use the PostgreSQL at `url`, so
 * that no run has to start one. A file that does not even load shows as tests that are missing.
 */
export async function runTests(
  guard: string | null,
  tests: Mutation['reddens'],
  url: string,
): Promise<readonly TestEnd[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lanekeeper-mutation-'));
  const report = join(folder, 'report.json');
  const names = Object.values(tests).flat();
  const pattern = names.map((name) => name.replaceAll(/[^\w ]/g, '\\$&')).join('|');
  const how = [
    '--reporter=json',
    `--outputFile=${report}`,
    '--maxWorkers=1',
    `--testTimeout=${longestTestMs}`,
  ];
  const environment = {
    TEST_DATABASE_URL: url,
    ...(guard === null ? {} : { [mutationVariable]: guard }),
  };
  try {
    const printed = await runVitest(
      [...Object.keys(tests), `--testNamePattern=${pattern}`, ...how],
      environment,
    );
    const text = await readFile(report, 'utf8').catch(() => {
      throw new Error(`the tests were not run: ${printed}`);
    });
    const { testResults } = Report.parse(JSON.parse(text));
    return testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ fullName }) => names.some((name) => fullName.includes(name)))
      .map(({ fullName, status, failureMessages }) => {
        return { name: fullName, isGreen: status === 'passed', failures: failureMessages ?? [] };
      });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
