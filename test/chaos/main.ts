import { parseArgs } from 'node:util';
import { countNames, minimumOf } from './counts.ts';
import { type ChaosReport, runChaos } from './run-chaos.ts';

const usage = 'npm run chaos -- --minutes N [--seed S] [--workers N] [--kills N]';

function numberOf(name: string, text: string, min: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= min) return value;
  throw new RangeError(`--${name} is ${text}, use a number from ${min}: ${usage}`);
}

function print(report: ChaosReport): void {
  for (const name of countNames) {
    const needed = `at least ${minimumOf(name, report)}`;
    console.log(`${name.padEnd(18)}${String(report.counts[name]).padStart(8)}   ${needed}`);
  }
  for (const [name, value] of Object.entries(report.notes))
    console.log(`${name.padEnd(18)}${String(value).padStart(8)}`);
  for (const violation of report.violations) console.log(`VIOLATED  ${violation}`);
  for (const vacuity of report.vacuities) console.log(`TOO LITTLE  ${vacuity}`);
  console.log(report.holds ? 'the promises held' : `FAILED; repeat it with --seed ${report.seed}`);
  console.log(JSON.stringify(report));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      workers: { type: 'string', default: '3' },
      kills: { type: 'string', default: '0' },
    },
  });
  const options = {
    minutes: numberOf('minutes', values.minutes, 0.1),
    seed: numberOf('seed', values.seed, 0),
    workers: numberOf('workers', values.workers, 2),
    kills: numberOf('kills', values.kills, 0),
    rotates: true,
  };
  console.log(`seed ${options.seed}, ${options.minutes} minutes, ${options.workers} workers`);
  const report = await runChaos(options);
  print(report);
  process.exit(report.holds ? 0 : 1);
}

main().catch((error: unknown) => {
  console.error(error instanceof RangeError ? error.message : error);
  process.exit(error instanceof RangeError ? 2 : 1);
});
