import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchProgress,
  batchAfterPause,
  batchStep,
  firstBatch,
} from '../../../shared/job/batches.ts';
import { batchPauses } from '../../../shared/plan/rollout.ts';

const batches = [1, 5, 50];

function progress(some: Partial<BatchProgress>): BatchProgress {
  return { batches, batchPause: 'none', openUntil: 1, openLeft: 0, isProved: true, ...some };
}

describe('the batches of a job', () => {
  it('begin with the first, which is everything when there is one alone', () => {
    expect([firstBatch(batches), firstBatch([50]), firstBatch([])]).toEqual([1, null, null]);
  });

  it.each<[string, Partial<BatchProgress>, ReturnType<typeof batchStep>]>([
    ['is not over', { openLeft: 1 }, { kind: 'none' }],
    ['is over', {}, { kind: 'open', openUntil: 5 }],
    ['is the last but one', { openUntil: 5 }, { kind: 'open', openUntil: null }],
    ['is the last', { openUntil: null }, { kind: 'none' }],
    ['is over, with something latent', { isProved: false }, { kind: 'open', openUntil: 5 }],
    ['is over, before a pause', { batchPause: 'first' }, { kind: 'pause', ended: 1, of: 3 }],
    [
      'is over, before a pause, with something latent',
      { batchPause: 'first', isProved: false },
      { kind: 'none' },
    ],
    [
      'is the second, when the job pauses after the first',
      { batchPause: 'first', openUntil: 5 },
      { kind: 'open', openUntil: null },
    ],
    [
      'is the second, when the job pauses after every one',
      { batchPause: 'every', openUntil: 5 },
      { kind: 'pause', ended: 2, of: 3 },
    ],
  ])('what follows when the open one %s', (_, some, step) => {
    expect(batchStep(progress(some))).toEqual(step);
  });

  it('go on after a pause, unless somebody paused in the middle of one', () => {
    const paused = progress({ batchPause: 'every' });

    expect(batchAfterPause(paused)).toEqual({ kind: 'open', openUntil: 5 });
    expect(batchAfterPause({ ...paused, openLeft: 1 })).toEqual({ kind: 'none' });
  });

  it('open one after the other up to the last, whatever is paused', () => {
    const rising = fc
      .uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 9 })
      .map((ends) => ends.sort((a, b) => a - b));
    fc.assert(
      fc.property(rising, fc.constantFrom(...batchPauses), (ends, batchPause) => {
        const opened: (number | null)[] = [firstBatch(ends)];
        let pauses = 0;
        for (;;) {
          const now = progress({ batches: ends, batchPause, openUntil: opened.at(-1) ?? null });
          const step = batchStep(now);
          if (step.kind === 'pause') pauses += 1;
          const next = step.kind === 'pause' ? batchAfterPause(now) : step;
          if (next.kind !== 'open') break;
          opened.push(next.openUntil);
        }
        expect(opened).toEqual([...ends.slice(0, -1), null]);
        const between = ends.length - 1;
        expect(pauses).toBe({ none: 0, first: Math.min(1, between), every: between }[batchPause]);
      }),
    );
  });
});
