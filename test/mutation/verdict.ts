import type { Mutation } from './mutation.ts';
import type { TestEnd } from './test-runs.ts';

/** How the failure of an assertion begins, alone or within a property. */
const asserted = /^(AssertionError|Error: Property failed)/;

/** What is wrong with a run in which all tests should be green; empty when nothing is. */
export function notGreen(tests: Mutation['reddens'], ends: readonly TestEnd[]): readonly string[] {
  return [
    ...missing(tests, ends),
    ...ends.flatMap(({ name, isGreen, failures }) =>
      isGreen ? [] : [`${name}: is not green: ${firstLine(failures)}`],
    ),
  ];
}

/** What is wrong with a run in which all tests should find their guard missing; empty when nothing is. */
export function notRed(tests: Mutation['reddens'], ends: readonly TestEnd[]): readonly string[] {
  return [
    ...missing(tests, ends),
    ...ends.flatMap(({ name, isGreen, failures }) => {
      if (isGreen) return [`${name}: stays green`];
      // An error or a timeout may come of the mutation not fitting the code any more.
      const isAsserted = failures.some((failure) => asserted.test(failure));
      return isAsserted ? [] : [`${name}: fails by something else: ${firstLine(failures)}`];
    }),
  ];
}

function missing(tests: Mutation['reddens'], ends: readonly TestEnd[]): string[] {
  return Object.values(tests)
    .flat()
    .filter((name) => !ends.some((end) => end.name.includes(name)))
    .map((name) => `${name}: no such test was run`);
}

function firstLine(failures: readonly string[]): string {
  return failures[0]?.split('\n')[0] ?? 'it was not run';
}
