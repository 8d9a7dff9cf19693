import { describe, expect, it } from 'vitest';
import type { WriteRecord } from '../../../local/simulator/writes.ts';
import type { ChangeState } from '../../../shared/change/state.ts';
import { Plan } from '../../../shared/plan/schema.ts';
import { aChange, aJob, aPlan, countsOf } from '../../helpers/factories.ts';
import { type JudgedChange, judge, type Remains } from '../../simulation/judge.ts';

const jobId = 'job_1';
const lifetime = 3_601;

function aWrite(id: string, token: string, overrides: Partial<WriteRecord> = {}): WriteRecord {
  return {
    requestId: `request-${token}`,
    regionId: 'cn-hangzhou',
    scope: `connection:cn-hangzhou/${id}`,
    vpnConnectionId: id,
    tunnelIds: [],
    clientToken: token,
    source: 'api',
    outcome: 'accepted',
    code: null,
    effective: true,
    acceptedAt: 0,
    settledAt: 1_000,
    ...overrides,
  };
}

function aJudged(id: string, seq: number, overrides: Partial<JudgedChange> = {}): JudgedChange {
  const kinds = ['resolved', 'started', 'prepared', 'accepted', 'finished'] as const;
  return {
    ...aChange({ id: `chg_${seq}`, jobId, seq, vpnConnectionId: id, state: 'succeeded' }),
    position: 1,
    events: kinds.map((kind, index) => ({
      number: index + 1,
      at: '2026-11-22T10:00:00.000Z',
      kind,
      data: kind === 'prepared' ? { clientToken: `t${seq}` } : {},
    })),
    ...overrides,
  };
}

function remains(overrides: Partial<Remains> = {}): Remains {
  const plan = Plan.parse(aPlan({ rollout: { concurrency: 1 } }));
  return {
    jobs: [
      aJob({
        id: jobId,
        state: 'succeeded',
        finishedAt: 'then',
        counts: countsOf({ succeeded: 2 }),
      }),
    ],
    changes: [aJudged('a', 0), aJudged('b', 1)],
    verifications: new Map(),
    submissions: [{ key: 'key', atMs: 0, plan, lifetime }],
    heard: new Map([['key', [jobId, jobId]]]),
    record: {
      writes: [aWrite('a', 't0'), aWrite('b', 't1', { acceptedAt: 2_000, settledAt: 3_000 })],
      overlaps: [],
      tunnelOverlaps: [],
    },
    rotation: { outages: [], drops: [], handedOver: [], untold: [] },
    shown: new Map([
      ['a', [lifetime, lifetime]],
      ['b', [lifetime]],
    ]),
    stragglers: new Set(),
    surprises: [],
    ...overrides,
  };
}

const good = remains();
const [first = aWrite('a', 't0'), second = aWrite('b', 't1')] = good.record.writes;
const [one = aJudged('a', 0), two = aJudged('b', 1)] = good.changes;
const ended = (state: ChangeState): JudgedChange => ({ ...one, state });
const withWrites = (...writes: WriteRecord[]): Partial<Remains> => {
  return { record: { ...good.record, writes } };
};

describe('the judge of a simulated run', () => {
  it('has nothing to say where the promises held', () => {
    expect(judge(good)).toEqual([]);
  });

  it.each<[string, Partial<Remains>, RegExp]>([
    ['a surprise', { surprises: ['worker-1 failed'] }, /worker-1 failed/],
    [
      'an overlap',
      {
        record: {
          ...good.record,
          overlaps: [{ scope: 'x', firstRequestId: 'r1', secondRequestId: 'r2', at: 5 }],
        },
      },
      /in flight at once on x/,
    ],
    [
      'two tunnels at once',
      {
        record: {
          ...good.record,
          tunnelOverlaps: [
            { regionId: 'r', vpnConnectionId: 'a', tunnelIds: [], requestIds: ['r1'], at: 5 },
          ],
        },
      },
      /both tunnels of a/,
    ],
    [
      'a job without an end',
      { jobs: good.jobs.map((job) => ({ ...job, finishedAt: null, state: 'running' })) },
      /job_1 is still running/,
    ],
    ['a change without an end', { changes: [ended('settling'), two] }, /chg_0 is still settling/],
    [
      'a wrong count',
      { jobs: good.jobs.map((job) => ({ ...job, counts: countsOf({ succeeded: 3 }) })) },
      /counts 3 succeeded, wrongly/,
    ],
    ['a change that is missing', { changes: [one] }, /has 1 changes instead of 2/],
    ['a key of two jobs', { heard: new Map([['key', [jobId, 'job_2']]]) }, /job_1, job_2/],
    ['a key without a job', { heard: new Map([['key', []]]) }, /key found the jobs none/],
    ['a job too many', { jobs: [...good.jobs, ...good.jobs] }, /1 plans made 2 jobs/],
    [
      'a write of nobody',
      withWrites(first, second, aWrite('a', 'x')),
      /request-x is in no journal/,
    ],
    ['a second effect', withWrites(first, second, { ...first, acceptedAt: 9 }), /a second time/],
    ['a success without a write', withWrites(second), /chg_0 succeeded without a write/],
    [
      'a write of what was cancelled',
      { changes: [ended('cancelled'), two] },
      /cancelled and was written/,
    ],
    [
      'another order',
      { changes: [one, { ...two, vpnConnectionId: 'a' }], ...withWrites(second, first) },
      /chg_0 was written after chg_1/,
    ],
    [
      'an acceptance that the cloud does not know',
      withWrites({ ...first, clientToken: 'x' }, second),
      /chg_0 says accepted, the cloud does not/,
    ],
    [
      'a journal without an end',
      { changes: [{ ...one, events: one.events.slice(0, 4) }, two] },
      /chg_0 ended 0 times/,
    ],
    [
      'a journal with a gap',
      { changes: [{ ...one, events: one.events.slice(1) }, two] },
      /journal of chg_0 has gaps/,
    ],
    ['a value that does not stand', { shown: new Map([['a', [lifetime, 86_400]]]) }, /a shows/],
    [
      'more in flight than the plan allows',
      withWrites(first, { ...second, acceptedAt: 500 }),
      /had 2 in flight instead of 1/,
    ],
  ])('tells of %s', (_, broken, complaint) => {
    expect(judge(remains(broken)).join('\n')).toMatch(complaint);
  });

  it.each([
    { what: 'excuses', stragglers: ['t0'], finishedAt: 1_000, complaints: 0 },
    {
      what: 'does not excuse, before the end,',
      stragglers: ['t0'],
      finishedAt: 9_000,
      complaints: 1,
    },
    {
      what: 'does not excuse, when it was not held up,',
      stragglers: [],
      finishedAt: 1_000,
      complaints: 1,
    },
  ])(
    '$what a write after the end of its failed change',
    ({ stragglers, finishedAt, complaints }) => {
      const failed = aJudged('b', 0, {
        state: 'failed',
        finishedAt: new Date(finishedAt).toISOString(),
      });
      const later = aWrite('b', 't0', { acceptedAt: 5_000, settledAt: 6_000 });
      const jobs = good.jobs.map((job) => ({
        ...job,
        counts: countsOf({ failed: 1, succeeded: 1 }),
      }));
      const left = remains({
        jobs,
        changes: [failed, two],
        stragglers: new Set(stragglers),
        shown: new Map(),
        ...withWrites(second, later),
      });

      expect(judge(left)).toHaveLength(complaints);
    },
  );

  it('leaves to the console what the console did', () => {
    const edit = aWrite('a', '', { source: 'console', requestId: 'console-1', acceptedAt: 5_000 });
    const overlap = { scope: 'x', firstRequestId: 'console-1', secondRequestId: 'r2', at: 5 };
    const record = { ...good.record, writes: [first, second, edit], overlaps: [overlap] };

    expect(judge(remains({ record, shown: new Map([['a', [7_200]]]) }))).toEqual([]);
  });
});
