import { runSteps, type Step, type StepResult } from './steps.ts';

/*
 * `npm run check`: everything that can be said about the project without running it. `-- NAME …` runs only those steps.
 * The longest step stands first, so that the others run beside it.
 */

/** What tsc remembers of its last run; a first run takes three times as long. */
const typesSeen = 'node_modules/.cache/lanekeeper/types.json';

const steps: readonly Step[] = [
  { name: 'types', command: ['tsc', '--incremental', '--tsBuildInfoFile', typesSeen] },
  { name: 'imports', command: ['tsx', 'scripts/check-imports.ts'] },
  { name: 'dead-code', command: ['knip', '--treat-config-hints-as-errors'] },
  { name: 'style', command: ['biome', 'ci', '--colors=off', '--error-on-warnings', '.'] },
  { name: 'build', command: ['tsx', 'scripts/build.ts'] },
  { name: 'generated', command: ['tsx', 'scripts/generate.ts', '--check'] },
  { name: 'deployment', command: ['tsx', 'scripts/check-s-yaml.ts'], after: 'build' },
  { name: 'lock', command: ['tsx', 'scripts/complete-lock.ts', '--check'] },
  { name: 'sizes', command: ['tsx', 'scripts/check-sizes.ts'] },
];

function print({ name, passed, seconds, output }: StepResult): void {
  console.log(
    `${passed ? 'ok    ' : 'FAILED'} ${name.padEnd(12)}${seconds.toFixed(1).padStart(6)} s`,
  );
  if (!passed) console.log(output.trimEnd().replaceAll(/^/gm, '  '));
}

if (process.execPath.includes('/node_modules/')) {
  throw new Error(
    `npm runs everything on ${process.execPath}: npm run postinstall puts that right`,
  );
}

const wanted = process.argv.slice(2);
const chosen = steps.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const startedAt = performance.now();
const results = await runSteps(chosen, { atOnce: 2, onEnd: print });
const failed = results.filter(({ passed }) => !passed).length;
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
if (failed === 0 && results.length > 0) {
  console.log(`all ${results.length} checks passed in ${seconds} s`);
} else {
  // The form of the tests' last line, so that whoever reads only that sees the failure.
  console.log(`${results.length - failed} passed, ${Math.max(failed, 1)} failed, 0 skipped`);
  process.exitCode = 1;
}
