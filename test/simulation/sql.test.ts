import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { withEmbedded } from '../helpers/databases.ts';
import { type Run, runSeed } from './run-seed.ts';
import { inMemory, onDatabase } from './store-sources.ts';

const seeds = 100;

/** The end of every job and change; the way there may differ where a port leaves an order open. */
function endOf({ seed, outcome }: Run): unknown {
  return { seed, outcome };
}

describe('the whole system on the SQL store, simulated', () => {
  const database = withEmbedded();

  it('comes to the same verdicts as on the store in memory, and to the same ends', {
    timeout: 1_800_000,
  }, async ({ annotate }) => {
    const startedAt = clock.monotonic();
    let same = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const [memory, sql] = [
        await runSeed({ seed, stores: inMemory }),
        await runSeed({ seed, stores: onDatabase(database) }),
      ];
      expect([seed, sql.violations]).toEqual([seed, memory.violations]);
      if (!memory.rotates) expect(endOf(sql)).toEqual(endOf(memory));
      if (isDeepStrictEqual(sql.happenings, memory.happenings)) same += 1;
      expect(sql.violations).toEqual([]);
    }
    const seconds = Math.round((clock.monotonic() - startedAt) / 1_000);
    await annotate(`${seeds} seeds twice in ${seconds} s, ${same} of them event for event`);
  });
});
