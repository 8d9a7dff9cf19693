import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wakeTaskOf } from '../../../../shared/adapters/fc/wake-task.ts';

const now = Date.parse('2026-11-22T01:00:00.250Z');
const second = Math.floor(now / 1_000);

describe('the task of a hint', () => {
  it.each([
    [0, { id: 'now_job_1', delaySeconds: 0 }],
    [0.9, { id: 'now_job_1', delaySeconds: 0 }],
    [1, { id: `due_${second + 2}`, delaySeconds: 1 }],
    [59.5, { id: `due_${second + 60}`, delaySeconds: 60 }],
    [120, { id: `due_${second + 121}`, delaySeconds: 120 }],
  ])('of %d seconds is %o', (delaySeconds, task) => {
    expect(wakeTaskOf({ delaySeconds, cause: 'job_1' }, now)).toMatchObject(task);
  });

  it('is none for what the timer finds in time', () => {
    expect(wakeTaskOf({ delaySeconds: 121, cause: 'job_1' }, now)).toBeNull();
  });

  it.each(['a b', 'x'.repeat(200), 'a/../b'])('cannot be made of the cause %j', (cause) => {
    const make = () => wakeTaskOf({ delaySeconds: 0, cause: cause }, now);

    expect(make).toThrow('is not the id of a task');
  });

  it('never comes before it is due, and is never shared with a hint that was given after it ran', async () => {
    const delays = fc.integer({ min: 1, max: 120 });
    await fc.assert(
      fc.property(delays, delays, fc.nat(300_000), (first, later, laterMs) => {
        const hint = (delaySeconds: number) => ({ delaySeconds, cause: 'c' });
        const one = wakeTaskOf(hint(first), now);
        const other = wakeTaskOf(hint(later), now + laterMs);
        const ranAt = now + (one?.delaySeconds ?? 0) * 1_000;
        expect(one?.delaySeconds).toBeGreaterThanOrEqual(first);
        if (one?.id === other?.id) expect(now + laterMs).toBeLessThan(ranAt);
      }),
    );
  });
});
