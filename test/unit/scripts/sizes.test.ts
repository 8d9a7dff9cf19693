import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { budgetFaults } from '../../../scripts/bundle-budget.ts';
import { oversizedFiles, projectFiles } from '../../../scripts/source-files.ts';

let root = '';

async function write(path: string, lines: number, end = '\n'): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), Array.from({ length: lines }, () => 'x').join('\n') + end);
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanekeeper-sizes-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe('the size of files', () => {
  it('names code files with more than 350 lines, however the last one ends', async () => {
    await write('shared/fits.ts', 350);
    await write('shared/fits-too.ts', 350, '');
    await write('shared/long.ts', 351);
    await write('test/deep/long.sql', 351, '');

    expect(await oversizedFiles(root)).toEqual([
      { path: 'shared/long.ts', lines: 351 },
      { path: 'test/deep/long.sql', lines: 351 },
    ]);
  });

  it('leaves alone what is no code, installed, built or hidden', async () => {
    await write('kept.ts', 1);
    for (const path of ['a.md', 'b.json', 'node_modules/c.ts', 'dist/d.mjs', '.data/e.ts']) {
      await write(path, 400);
    }

    expect(await oversizedFiles(root)).toEqual([]);
  });

  it('raises when there is nothing to measure', async () => {
    await write('readme.md', 1);

    await expect(oversizedFiles(root)).rejects.toThrow('holds no code');
  });

  it('lists files with slashes and in order', async () => {
    await write('b/c.ts', 1);
    await write('a.md', 1);
    await write('.ci/run', 1);
    await write('.git', 1);

    expect(await projectFiles(root)).toEqual(['.ci/run', 'a.md', 'b/c.ts']);
  });
});

describe('the budget of the bundles', () => {
  it('allows a tenth more and not a byte beyond', () => {
    const budget = { submit: 1_000 };

    expect(budgetFaults([{ name: 'submit', bytes: 1_100 }], budget)).toEqual([]);
    expect(budgetFaults([{ name: 'submit', bytes: 1_101 }], budget)).toEqual([
      'submit has 1101 bytes, more than 10 % above its budget of 1000',
    ]);
  });

  it.each([
    ['status', 700_000],
    ['submit', 800_000],
    ['worker', 1_200_000],
  ])('lets no budget take %s beyond %d bytes', (name, limit) => {
    const faultsAt = (bytes: number): string[] =>
      budgetFaults([{ name, bytes }], { [name]: bytes });

    expect(faultsAt(limit)).toEqual([]);
    expect(faultsAt(limit + 1)).toEqual([`${name} has ${limit + 1} bytes, ${limit} are the limit`]);
  });

  it('names functions without a budget and budgets without a function', () => {
    expect(budgetFaults([{ name: 'new', bytes: 1 }], { old: 1 })).toEqual([
      'new has no size budget',
      'the budget names old, which is no function',
    ]);
  });
});
