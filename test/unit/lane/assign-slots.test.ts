import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSlots, type Candidate } from '../../../shared/lane/assign-slots.ts';

function candidate(laneKey: string, jobId: string): Candidate {
  return { laneKey, jobId, changeId: `${laneKey}-${jobId}` };
}

const lanesAndJobs = fc.uniqueArray(fc.tuple(fc.nat(5), fc.nat(3)), {
  selector: ([lane, job]) => `${lane}/${job}`,
});
const Candidates = lanesAndJobs.map((pairs) =>
  pairs.map(([lane, job]) => candidate(`lane-${lane}`, `job-${job}`)),
);
const Slots = fc
  .array(fc.integer({ min: -1, max: 3 }), { maxLength: 4 })
  .map((free) => new Map(free.map((slots, job) => [`job-${job}`, slots])));

describe('assignSlots', () => {
  it.each<[string, Candidate[], [string, number][], string[], string[]]>([
    ['starts nothing of nothing', [], [['a', 1]], [], []],
    [
      'starts the first candidate of a lane',
      [candidate('1', 'a'), candidate('1', 'b')],
      [
        ['a', 1],
        ['b', 1],
      ],
      ['1-a'],
      [],
    ],
    [
      'starts the next job where the first has no slot',
      [candidate('1', 'a'), candidate('1', 'b')],
      [
        ['a', 0],
        ['b', 1],
      ],
      ['1-b'],
      [],
    ],
    [
      'gives the last slot to the lane that comes first',
      [candidate('2', 'a'), candidate('1', 'a')],
      [['a', 1]],
      ['2-a'],
      ['1'],
    ],
    [
      'takes a job it does not know for one without slots',
      [candidate('1', 'x')],
      [['a', 1]],
      [],
      ['1'],
    ],
    ['takes fewer than none for none', [candidate('1', 'a')], [['a', -1]], [], ['1']],
    [
      'leaves the slot of a lane that started something else',
      [candidate('1', 'a'), candidate('1', 'b'), candidate('2', 'b')],
      [
        ['a', 1],
        ['b', 1],
      ],
      ['1-a', '2-b'],
      [],
    ],
  ])('%s', (_, candidates, slots, started, parked) => {
    const assigned = assignSlots(candidates, new Map(slots));

    expect(assigned.started.map(({ changeId }) => changeId)).toEqual(started);
    expect(assigned.parked).toEqual(parked);
  });

  it('starts one of a lane at most, no more of a job than it may, and parks only where nothing can start', () => {
    fc.assert(
      fc.property(Candidates, Slots, (candidates, slots) => {
        const { started, parked } = assignSlots(candidates, slots);
        const lanes = started.map(({ laneKey }) => laneKey);
        const left = (jobId: string): number =>
          Math.max(0, slots.get(jobId) ?? 0) - started.filter((s) => s.jobId === jobId).length;

        expect(new Set(lanes).size).toBe(lanes.length);
        expect(new Set([...lanes, ...parked])).toEqual(new Set(candidates.map((c) => c.laneKey)));
        expect(lanes.length + parked.length).toBe(new Set([...lanes, ...parked]).size);
        for (const { jobId } of candidates) expect(left(jobId)).toBeGreaterThanOrEqual(0);
        for (const { laneKey, jobId } of candidates)
          if (parked.includes(laneKey)) expect(left(jobId)).toBe(0);
      }),
    );
  });
});
