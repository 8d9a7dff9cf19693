import { describe, expect, it } from 'vitest';
import type { JobOutline } from '../../../shared/chat/chat-store.ts';
import { jobCardOf } from '../../../shared/chat/job-card.ts';
import { jobBodyOf } from '../../../shared/progress/job-body.ts';
import { aJob, countsOf } from '../../helpers/factories.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const job = aJob({ startedAt: null, total: 30, counts: countsOf({ queued: 30 }) });

function expected(some: Partial<JobOutline>): string | undefined {
  const outline: JobOutline = {
    lanes: 10,
    longestLane: 3,
    refused: 0,
    acceptsOutage: false,
    maxInFlight: 30,
    settleMs: null,
    warnings: [],
    frozen: null,
    ...some,
  };
  const card = jobCardOf(jobBodyOf(job, new FakeClock()), { outline, origin: null });
  return card.facts.find(({ label }) => label === 'Expected duration')?.value;
}

describe('the expected duration on a job’s card', () => {
  it.each<[string, Partial<JobOutline>, string | undefined]>([
    ['by 20 s a change as long as nothing was measured', {}, 'about 60 s or more'],
    ['by measured settle times', { settleMs: 100_000 }, 'about 5 min or more'],
    [
      'by its slots where they are few',
      { maxInFlight: 2, settleMs: 10_000 },
      'about 3 min or more',
    ],
    ['not at all while it is not resolved', { lanes: 0 }, undefined],
  ])('is told %s', (_, some, value) => {
    expect(expected(some)).toBe(value);
  });
});
