import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { postgresUrl } from '../helpers/databases.ts';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';
import { withoutGuard } from './plugin.ts';
import { runTests, type TestEnd } from './test-runs.ts';
import { notGreen, notRed } from './verdict.ts';

/** All tests that are named for some guard, by file. */
function allTests(): Mutation['reddens'] {
  const files = new Set(mutations.flatMap(({ reddens }) => Object.keys(reddens)));
  return Object.fromEntries(
    [...files].map((file) => [file, mutations.flatMap(({ reddens }) => reddens[file] ?? [])]),
  );
}

/** By a name that is shown whole. */
const named = mutations.map((mutation) => [mutation.guard, mutation] as const);

describe('the tests that are named for a guard', () => {
  it('are green while all guards are in place', { timeout: 240_000 }, async () => {
    const tests = allTests();

    const ends = await runTests(null, tests, await postgresUrl());

    expect(notGreen(tests, ends)).toEqual([]);
  });

  it.each(named)('go red without it: %s', { timeout: 240_000 }, async (guard, { reddens }) => {
    const ends = await runTests(guard, reddens, await postgresUrl());

    expect(notRed(reddens, ends)).toEqual([]);
  });
});

describe('a mutation', () => {
  it.each(named)('finds the guard where it was: %s', async (_, mutation) => {
    const code = await readFile(new URL(`../../${mutation.file}`, import.meta.url), 'utf8');

    expect(withoutGuard(mutation, code)).not.toBe(code);
  });

  it('fails loudly where the guard was rewritten', () => {
    const mutation = {
      guard: 'lock',
      without: '',
      file: 'a.ts',
      text: 'FOR UPDATE',
      becomes: '',
      reddens: {},
    };

    expect(withoutGuard(mutation, 'SELECT 1 FOR UPDATE')).toBe('SELECT 1 ');
    expect(() => withoutGuard(mutation, 'SELECT 1 FOR SHARE')).toThrow('a.ts holds its text 0');
    expect(() => withoutGuard(mutation, 'FOR UPDATE FOR UPDATE')).toThrow('a.ts holds its text 2');
  });
});

describe('the verdict on a run', () => {
  const tests = { 'a.test.ts': ['is fenced'] };
  const end = (more: Partial<TestEnd>): TestEnd => {
    return { name: 'a lane is fenced', isGreen: false, failures: [], ...more };
  };

  it.each<[string, readonly TestEnd[], readonly string[]]>([
    ['all assertions failed', [end({ failures: ['AssertionError: 1 is not 2\n at'] })], []],
    ['one survived', [end({ isGreen: true })], ['a lane is fenced: stays green']],
    [
      'the code broke',
      [end({ failures: ['TypeError: x is undefined\n at'] })],
      ['a lane is fenced: fails by something else: TypeError: x is undefined'],
    ],
    [
      'a test was skipped',
      [end({})],
      ['a lane is fenced: fails by something else: it was not run'],
    ],
    ['a test is not there', [], ['is fenced: no such test was run']],
  ])('that should be red: %s', (_, ends, wrong) => {
    expect(notRed(tests, ends)).toEqual(wrong);
  });

  it('that should be green says what is not', () => {
    expect(notGreen(tests, [end({ isGreen: true })])).toEqual([]);
    expect(notGreen(tests, [end({ failures: ['AssertionError: no'] })])).toEqual([
      'a lane is fenced: is not green: AssertionError: no',
    ]);
    expect(notGreen(tests, [])).toEqual(['is fenced: no such test was run']);
  });
});
