import { type Decision, nameOf } from './choices.ts';
import { type Run, type RunOptions, runSeed } from './run-seed.ts';
import type { Sabotage } from './sabotages.ts';
import { shrink } from './shrink.ts';
import type { Happening } from './stage.ts';

/** Many runs, one seed after the other. */
export interface CampaignOptions extends Pick<RunOptions, 'stores'> {
  from: number;
  seeds: number;
  /** Made anew for each run. */
  sabotage?: () => Sabotage;
  /** Which contradictions count; all unless given. */
  counts?: RegExp;
  /** After each run. */
  onRun?: (run: Run) => void;
}

/** A seed that failed, with the fewest decisions that it still fails with. */
export interface Failure {
  seed: number;
  violations: readonly string[];
  /** All that went wrong in the first place. */
  decisions: number;
  shortest: readonly Decision[];
  /** What went on with those alone, and what then contradicts the promises. */
  replay: Pick<Run, 'happenings' | 'violations'>;
}

/** Runs the seeds until one fails, and makes that one short. Null when all held. */
export async function firstFailure(options: CampaignOptions): Promise<Failure | null> {
  for (let seed = options.from; seed < options.from + options.seeds; seed += 1) {
    const run = await runOnce(options, seed, null);
    options.onRun?.(run);
    if (run.violations.length > 0) return shorten(options, run);
  }
  return null;
}

async function runOnce(
  { stores, sabotage, counts }: CampaignOptions,
  seed: number,
  only: readonly Decision[] | null,
): Promise<Run> {
  const run = await runSeed({
    seed,
    stores,
    only: only && new Set(only.map(nameOf)),
    ...(sabotage ? { sabotage: sabotage() } : {}),
  });
  const { violations } = run;
  return { ...run, violations: violations.filter((each) => counts?.test(each) !== false) };
}

async function shorten(
  options: CampaignOptions,
  { seed, violations, decisions }: Run,
): Promise<Failure> {
  const shortest = await shrink(decisions, async (kept) => {
    const run = await runOnce(options, seed, kept);
    return run.violations.length > 0;
  });
  const replay = await runOnce(options, seed, shortest);
  return { seed, violations, decisions: decisions.length, shortest, replay };
}

/** A failure for people: what broke, how to see it again, and the least that has to go wrong. */
export function describeFailure(failure: Failure, options: { store: string }): string {
  const { seed, violations, decisions, shortest, replay } = failure;
  const store = options.store === 'memory' ? '' : ` --store ${options.store}`;
  return [
    `seed ${seed} FAILED`,
    ...violations.map((violation) => `  ${violation}`),
    `replay it with: npm run simulate -- --seeds 1 --from ${seed}${store}`,
    `${shortest.length} of its ${decisions} troubles are enough:`,
    ...shortest.map((decision) => `  ${nameOf(decision)}`),
    'with these alone:',
    ...replay.happenings.filter(isTelling).map(lineOf),
    ...replay.violations.map((violation) => `  ${violation}`),
  ].join('\n');
}

/** Claims that find nothing are many and tell nothing. */
function isTelling({ what }: Happening): boolean {
  return !/ (lanes\.(claim|renew)|budget\.take) #/.test(what);
}

function lineOf({ atMs, who, what }: Happening): string {
  const text = what.startsWith(`${who} `) ? what : `${who} ${what}`;
  return `  ${(atMs / 1_000).toFixed(3).padStart(9)} s  ${text}`;
}
