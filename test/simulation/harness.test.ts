import { describe, expect, it } from 'vitest';
import { describeFailure, firstFailure } from './campaign.ts';
import { nameOf } from './choices.ts';
import { runSeed, type StoreSource } from './run-seed.ts';
import {
  type Sabotage,
  withFreshTokens,
  withoutDelivery,
  withoutFence,
  withoutProof,
  withoutReadBack,
  withRosyView,
} from './sabotages.ts';
import { deafToPauses, inMemory } from './store-sources.ts';

describe('a run', () => {
  it('is the same event for event whenever it is made again', async () => {
    for (const seed of [3, 14, 15]) {
      const [one, two] = [
        await runSeed({ seed, stores: inMemory }),
        await runSeed({ seed, stores: inMemory }),
      ];

      expect(two).toEqual(one);
      expect(one.happenings.length).toBeGreaterThan(50);
    }
  });

  it('is made again out of its decisions alone', async () => {
    const run = await runSeed({ seed: 11, stores: inMemory });
    const again = await runSeed({
      seed: 11,
      stores: inMemory,
      only: new Set(run.decisions.map(nameOf)),
    });

    expect(again).toEqual(run);
  });

  it('without any decision meets no trouble', async () => {
    const run = await runSeed({ seed: 11, stores: inMemory, only: new Set() });

    expect(run.decisions).toEqual([]);
    expect(run.happenings.filter(({ what }) => what === 'dies')).toEqual([]);
    expect(run.violations).toEqual([]);
  });

  it('differs from seed to seed', async () => {
    const [one, two] = [
      await runSeed({ seed: 1, stores: inMemory }),
      await runSeed({ seed: 2, stores: inMemory }),
    ];

    expect(two.decisions).not.toEqual(one.decisions);
  });
});

/** A harness that finds no bug that was put in says nothing by finding none that was not. */
describe('a bug that is put in', () => {
  it.each<
    [string, { sabotage?: () => Sabotage; stores?: StoreSource; from: number; breaks: RegExp }]
  >([
    [
      'a store that ignores the epoch',
      { sabotage: withoutFence, from: 50, breaks: /cancelled and was written|second time|after/ },
    ],
    [
      'a client that repeats with a fresh token',
      { sabotage: withFreshTokens, from: 1, breaks: /in no journal|second time/ },
    ],
    [
      'a worker that does not read back after a crash',
      {
        sabotage: withoutReadBack,
        from: 1,
        breaks: /replaces a request whose fate was open|second time/,
      },
    ],
    [
      'a worker that proves nothing',
      { sabotage: withoutProof, from: 1, breaks: /the key of .* left before .* was proved/ },
    ],
    [
      'a worker that delivers nothing',
      { sabotage: withoutDelivery, from: 1, breaks: /the cloud got a key of .* before any sink/ },
    ],
    [
      'a client that sees every tunnel up',
      { sabotage: withRosyView, from: 1, breaks: /no tunnel of .* was up/ },
    ],
    [
      'a store that goes on while paused',
      { stores: deafToPauses, from: 1, breaks: /nothing starts while the job is paused/ },
    ],
  ])(
    'is found: %s',
    { timeout: 600_000 },
    async (_, { stores = inMemory, sabotage, from, breaks }) => {
      const failure = await firstFailure({
        stores,
        from,
        seeds: 300,
        ...(sabotage ? { sabotage } : {}),
        counts: breaks,
      });
      const text = failure && describeFailure(failure, { store: 'memory' });

      expect(failure?.violations.join('\n')).toMatch(breaks);
      expect(failure?.replay.violations).not.toEqual([]);
      expect(failure?.shortest.length).toBeLessThan((failure?.decisions ?? 0) / 2);
      expect(text).toContain(`npm run simulate -- --seeds 1 --from ${failure?.seed}`);
      expect(text).toContain('troubles are enough');
    },
  );
});
