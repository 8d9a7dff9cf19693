import { z } from 'zod';

/** Bytes of each bundle when its size was last looked at by a person. */
export const BundleBudget = z.record(z.string(), z.number().int().positive());
export type BundleBudget = z.infer<typeof BundleBudget>;

/** How far a bundle may grow before somebody has to say that this is meant. */
const allowance = 1.1;

/** Bytes that no decision may go beyond: what is larger starts too slowly. */
const limits: Readonly<Record<string, number>> = { status: 700_000, submit: 800_000 };
const limitOfAny = 1_200_000;

/** What is wrong with the sizes, one sentence each. */
export function budgetFaults(
  bundles: readonly { name: string; bytes: number }[],
  budget: BundleBudget,
): string[] {
  const names = new Set(bundles.map(({ name }) => name));
  const grown = bundles.flatMap(({ name, bytes }) => {
    const planned = budget[name];
    if (planned === undefined) return [`${name} has no size budget`];
    if (bytes <= planned * allowance) return [];
    return [`${name} has ${bytes} bytes, more than 10 % above its budget of ${planned}`];
  });
  const tooLarge = bundles.flatMap(({ name, bytes }) => {
    const limit = limits[name] ?? limitOfAny;
    return bytes <= limit ? [] : [`${name} has ${bytes} bytes, ${limit} are the limit`];
  });
  const gone = Object.keys(budget)
    .filter((name) => !names.has(name))
    .map((name) => `the budget names ${name}, which is no function`);
  return [...grown, ...tooLarge, ...gone];
}
