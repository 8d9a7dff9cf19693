import { describe, expect, it } from 'vitest';
import { ScheduledPlan } from '../../../shared/plan/schema.ts';
import { planOfRun } from '../../../shared/schedule/plan-of-run.ts';
import { aPlan } from '../../helpers/factories.ts';

const now = Date.parse('2026-12-01T02:30:00Z');
const plan = ScheduledPlan.parse(aPlan({ window: { duration: 'PT4H' } }));

describe('the plan of a run', () => {
  it.each([
    ['the planned time', '2026-12-01T02:00:00.000Z', '2026-12-01T06:00:00.000Z'],
    ['now when it is run by hand', null, '2026-12-01T06:30:00.000Z'],
  ])('has a window from %s', (_, plannedAt, notAfter) => {
    expect(planOfRun(plan, { plannedAt, now }).window).toEqual({ notAfter });
  });

  it('is refused when its window is over', () => {
    const run = { plannedAt: '2026-11-30T22:30:00.000Z', now };

    expect(() => planOfRun(plan, run)).toThrow(
      expect.objectContaining({
        code: 'invalid_plan',
        faults: [{ path: '/window/duration', message: 'was over at 2026-12-01T02:30:00.000Z' }],
      }),
    );
  });

  it('is that of the schedule when there is no window', () => {
    const { window: _, ...open } = plan;

    expect(planOfRun(open, { plannedAt: null, now })).toEqual(open);
  });
});
