import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { withEmbedded } from '../helpers/databases.ts';
import { type Run, runSeed } from './run-seed.ts';
import { inMemory, onDatabase } from './store-sources.ts';

const seeds = 100;

/** Verdict and end of every job and change; the way there may differ where a port leaves an order open. */
function endOf({ violations, outcome }: Run): unknown {
  return { violations, outcome };
}

describe('the whole system on the SQL store, simulated', () => {
  const database = withEmbedded();

  it('comes to the same verdicts and ends as on the store in memory', {
    timeout: 1_800_000,
  }, async ({ annotate }) => {
    const startedAt = clock.monotonic();
    let same = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const [memory, sql] = [
        await runSeed({ seed, stores: inMemory }),
        await runSeed({ seed, stores: onDatabase(database) }),
      ];
      expect(endOf(sql)).toEqual(endOf(memory));
      if (isDeepStrictEqual(sql.happenings, memory.happenings)) same += 1;
      expect(sql.violations).toEqual([]);
    }
    const seconds = Math.round((clock.monotonic() - startedAt) / 1_000);
    await annotate(`${seeds} seeds twice in ${seconds} s, ${same} of them event for event`);
  });
});
