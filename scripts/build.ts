import { readFile, writeFile } from 'node:fs/promises';
import { type Bundle, bundleFunctions } from './bundle.ts';
import { BundleBudget, budgetFaults } from './bundle-budget.ts';

/*
 * `npm run build`: one bundle for each function under dist/, and a table of their sizes.
 * `-- --maps` adds source maps, `-- --set-budget` takes the present sizes as the new budget.
 */

const budgetPath = 'scripts/bundle-budget.json';

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}

function printTable(bundles: readonly Bundle[], budget: BundleBudget): void {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(12) : cell.padStart(11))).join('');
  console.log(row(['function', 'size', 'gzip', 'of budget']));
  for (const { name, bytes, gzipBytes } of bundles) {
    const planned = budget[name];
    const share = planned === undefined ? '–' : `${((bytes / planned) * 100).toFixed(1)} %`;
    console.log(row([name, kilobytes(bytes), kilobytes(gzipBytes), share]));
  }
}

const bundles = await bundleFunctions({ folder: 'dist', maps: process.argv.includes('--maps') });
if (process.argv.includes('--set-budget')) {
  const sizes = Object.fromEntries(bundles.map(({ name, bytes }) => [name, bytes]));
  await writeFile(budgetPath, `${JSON.stringify(sizes, null, 2)}\n`);
}
const budget = BundleBudget.parse(JSON.parse(await readFile(budgetPath, 'utf8')));
printTable(bundles, budget);
const faults = budgetFaults(bundles, budget);
for (const fault of faults) console.error(fault);
if (faults.length > 0) {
  console.error('if that is meant: npm run build -- --set-budget');
  process.exitCode = 1;
}
