import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGatherer, type Gatherer } from '../../../shared/platform/gather.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** A run that ends when the test says so. */
interface Batch {
  inputs: readonly number[];
  end(): void;
  fail(error: Error): void;
}

interface Bench {
  clock: FakeClock;
  gather: Gatherer<number, string>;
  batches: Batch[];
}

function aGatherer(
  options: { serial?: boolean; maxBatch?: number; lingerMs?: number } = {},
): Bench {
  const clock = new FakeClock();
  const batches: Batch[] = [];
  const run = (inputs: readonly number[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      batches.push({
        inputs,
        end: () => resolve(inputs.map((input) => `out ${input}`)),
        fail: reject,
      });
    });
  return { clock, batches, gather: createGatherer({ run, lingerMs: 5, clock, ...options }) };
}

const inputsOf = (bench: Bench): (readonly number[])[] => bench.batches.map(({ inputs }) => inputs);

describe('createGatherer', () => {
  it('runs what comes within the linger as one batch, in order, each with its own output', async () => {
    const bench = aGatherer();
    const first = bench.gather(1);
    await bench.clock.advance(4);
    const second = bench.gather(2);

    await bench.clock.advance(1);
    bench.batches[0]?.end();

    expect(inputsOf(bench)).toEqual([[1, 2]]);
    expect(await Promise.all([first, second])).toEqual(['out 1', 'out 2']);
  });

  it('starts a second batch beside the first', async () => {
    const bench = aGatherer();
    void bench.gather(1);
    await bench.clock.advance(5);
    const second = bench.gather(2);
    await bench.clock.advance(5);

    bench.batches[1]?.end();

    expect(inputsOf(bench)).toEqual([[1], [2]]);
    expect(await second).toBe('out 2');
  });

  it('runs one batch at a time when serial, and gathers the rest meanwhile', async () => {
    const bench = aGatherer({ serial: true });
    void bench.gather(1);
    await bench.clock.advance(5);
    const waiting = [bench.gather(2), bench.gather(3)];
    await bench.clock.advance(60);
    const during = inputsOf(bench);

    bench.batches[0]?.end();
    await bench.clock.advance(0);
    await bench.clock.advance(5);
    bench.batches[1]?.end();

    expect(during).toEqual([[1]]);
    expect(inputsOf(bench)).toEqual([[1], [2, 3]]);
    expect(await Promise.all(waiting)).toEqual(['out 2', 'out 3']);
  });

  it('rejects every caller of a batch that failed, and nobody else', async () => {
    const bench = aGatherer({ serial: true });
    const failing = [bench.gather(1), bench.gather(2)].map((each) =>
      each.catch((error: Error) => error.message),
    );
    await bench.clock.advance(5);
    const next = bench.gather(3);

    bench.batches[0]?.fail(new Error('broken'));
    await bench.clock.advance(0);
    await bench.clock.advance(5);
    bench.batches[1]?.end();

    expect(await Promise.all(failing)).toEqual(['broken', 'broken']);
    expect(await next).toBe('out 3');
  });

  it('rejects the callers of a batch that throws before it begins', async () => {
    const clock = new FakeClock();
    const run = (): Promise<never[]> => {
      throw new Error('at once');
    };
    const gather = createGatherer({ run, lingerMs: 0, clock });

    await expect(gather(1)).rejects.toThrow('at once');
  });

  it.each([
    { outputs: [], tells: 'fewer' },
    { outputs: ['a', 'b'], tells: 'more' },
  ])(
    'rejects instead of waiting for ever when there are $tells outputs than inputs',
    async ({ outputs }) => {
      const gather = createGatherer({
        run: () => Promise.resolve(outputs),
        lingerMs: 0,
        clock: new FakeClock(),
      });

      await expect(gather(1)).rejects.toMatchObject({ code: 'internal' });
    },
  );

  it('hands back an output that is undefined', async () => {
    const gather = createGatherer<number, undefined>({
      run: (batch) => Promise.resolve(batch.map(() => undefined)),
      lingerMs: 0,
      clock: new FakeClock(),
    });

    expect(await gather(1)).toBeUndefined();
  });

  it('answers everybody once and never runs more than it may, whatever comes when', async () => {
    const arrivals = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        async (pauses, serial, maxBatch) => {
          const clock = new FakeClock();
          const seen: number[] = [];
          let running = 0;
          const gather = createGatherer<number, number>({
            run: async (batch) => {
              running += 1;
              expect(batch.length).toBeLessThanOrEqual(maxBatch);
              if (serial) expect(running).toBe(1);
              seen.push(...batch);
              await clock.sleep(7);
              running -= 1;
              return batch.map((input) => -input);
            },
            lingerMs: 3,
            clock,
            serial,
            maxBatch,
          });
          const answers: Promise<number>[] = [];
          for (const [index, pause] of pauses.entries()) {
            answers.push(gather(index + 1));
            await clock.advance(pause);
          }
          await clock.advance(1_000);

          expect(await Promise.all(answers)).toEqual(pauses.map((_, index) => -(index + 1)));
          expect(seen).toEqual(pauses.map((_, index) => index + 1));
        },
      ),
      { numRuns: 60 },
    );
  });
});
