import { expect } from 'vitest';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { describeFailure, firstFailure } from './campaign.ts';
import { inMemory } from './store-sources.ts';

/** Fails with the shortest story of the first seed that breaks a promise; otherwise says how fast it went. */
export async function expectSeeds(from: number, seeds: number): Promise<string> {
  const startedAt = clock.monotonic();
  let troubles = 0;
  let steered = 0;
  const failure = await firstFailure({
    stores: inMemory,
    from,
    seeds,
    onRun: (run) => {
      troubles += run.decisions.length;
      steered += run.steered;
    },
  });
  expect(failure && describeFailure(failure, { store: 'memory' })).toBeNull();
  const seconds = (clock.monotonic() - startedAt) / 1_000;
  // Fewer would prove nothing.
  expect(troubles).toBeGreaterThan(seeds * 10);
  expect(steered).toBeGreaterThan(seeds / 10);
  return `${seeds} seeds in ${Math.round(seconds)} s, ${Math.round((seeds * 60) / seconds)} a minute, ${troubles} troubles, ${steered} orders to jobs that ran`;
}
