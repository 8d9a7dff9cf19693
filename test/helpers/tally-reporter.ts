import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** How a run went. */
interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * A file that does not even load counts as one failure, since none of its tests ran, and so does every error outside of
 * tests. A test that was begun or due and never ended has failed too: its process died.
 */
function tallyOf(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Tally {
  const tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    tally.failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed' || state === 'skipped') tally[state] += 1;
      else tally.failed += 1;
    }
  }
  return tally;
}

/** A file that takes so long is told by its own name. */
const longMs = 20_000;

/** The test time of each folder under `test`, and of long files apart, the longest first. Files run side by side. */
function timesOf(modules: readonly TestModule[]): string {
  const times = new Map<string, number>();
  for (const module of modules) {
    const { duration } = module.diagnostic();
    const path = relative(module.project.config.root, module.moduleId);
    const [, folder = '', file] = path.split('/');
    const name = duration >= longMs && file !== undefined ? path.slice('test/'.length) : folder;
    times.set(name, (times.get(name) ?? 0) + duration);
  }
  return [...times]
    .sort(([, one], [, other]) => other - one)
    .map(([name, ms]) => `${(ms / 1_000).toFixed(0).padStart(6)} s  ${name}\n`)
    .join('');
}

/**
 * Prints `N passed, N failed, N skipped` as the last line of a run, for programs that read it: when the process ends,
 * after everything else; before it, where the time went. A run that broke before its end, or ran no test, counts as a failure and ends with code 1.
 */
export default class TallyReporter implements Reporter {
  private tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  private times = '';

  onInit(): void {
    process.once('exit', (code) => {
      const { passed, skipped } = this.tally;
      const broke = code !== 0 || passed + skipped === 0;
      const failed = Math.max(this.tally.failed, broke ? 1 : 0);
      if (failed > 0 && code === 0) process.exitCode = 1;
      process.stdout.write(
        `${this.times}\n${passed} passed, ${failed} failed, ${skipped} skipped\n`,
      );
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.tally = tallyOf(modules, unhandledErrors);
    this.times = timesOf(modules);
  }
}
