import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, nameOf } from '../../simulation/choices.ts';
import { shrink } from '../../simulation/shrink.ts';

function decisions(count: number): Decision[] {
  return Array.from({ length: count }, (_, index) => {
    return { moment: `worker-1 lanes.record #${index}`, what: 'dies after it' };
  });
}

describe('shrinking', () => {
  it('leaves exactly the decisions that the failure needs', async () => {
    const needed = fc.uniqueArray(fc.nat(39), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(needed, async (places) => {
        const all = decisions(40);
        const culprits = all.filter((_, index) => places.includes(index)).map(nameOf);
        const left = await shrink(all, async (kept) => {
          const names = new Set(kept.map(nameOf));
          return culprits.every((name) => names.has(name));
        });

        expect(left.map(nameOf)).toEqual(culprits);
      }),
    );
  });

  it('leaves none of a failure that needs none', async () => {
    expect(await shrink(decisions(7), async () => true)).toEqual([]);
  });

  it('ends after so many runs with what it has reached', async () => {
    let runs = 0;
    const all = decisions(64);
    const left = await shrink(
      all,
      async (kept) => {
        runs += 1;
        return kept.some(({ moment }) => moment.endsWith('#63'));
      },
      3,
    );

    expect(runs).toBe(3);
    expect(left.length).toBeLessThan(all.length);
    expect(left.at(-1)).toEqual(all.at(-1));
  });
});
