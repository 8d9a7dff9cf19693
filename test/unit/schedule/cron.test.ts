import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  latestRunUpTo,
  runsAfter,
  type Timetable,
  TimeZone,
} from '../../../shared/schedule/cron.ts';
import { expectedRuns } from './cron-oracle.ts';

function faultsOf(cron: unknown): readonly string[] {
  const parsed = Cron.safeParse(cron);
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message);
}

function isoRuns(cron: string, timeZone: string, from: string, count = 3): readonly string[] {
  const runs = runsAfter({ cron, timeZone }, Date.parse(from), count);
  return runs.map((run) => new Date(run).toISOString().replace(':00.000Z', 'Z'));
}

describe('a cron expression', () => {
  it.each([
    '0 3 * * *',
    ' 0  3 * * 1-5 ',
    '*/15 0-6,22,23 1,15 */3 *',
    '0 3 * jan,Jul mon-fri',
    '0 3 1-7/2 * 7',
    '0 0 L * *',
    '0 0 * * SUN#1',
    '0 0 29 2 *',
  ])('is taken as %j', (cron) => {
    expect(faultsOf(cron)).toEqual([]);
  });

  const hour = expect.stringMatching(/^the hour must be made of 0 to 23/);
  const minute = expect.stringMatching(/^the minute must be made of 0 to 59/);
  const day = expect.stringMatching(/^the day of the month must be made of 1 to 31/);
  const month = expect.stringMatching(/^the month must be made of 1 to 12/);
  const weekday = expect.stringMatching(/^the day of the week must be made of 0 to 7/);
  const fields = expect.stringMatching(/^must have 5 fields: minute, hour/);
  it.each<[unknown, unknown[]]>([
    ['', [fields]],
    ['0 3 * *', [fields]],
    ['0 0 3 * * *', [fields]],
    ['@daily', [fields]],
    ['60 3 * * *', [minute]],
    ['? 3 * * *', [minute]],
    ['5/5 3 * * *', [minute]],
    ['*/0 3 * * *', [minute]],
    ['9-1 3 * * *', [minute]],
    ['1,,2 3 * * *', [minute]],
    ['0 24 * * *', [hour]],
    ['0 L * * *', [hour]],
    ['0 3 15W * *', [day]],
    ['0 3 * * +1', [weekday]],
    ['0 3 * * \0', [weekday]],
    ['-1 99 0 13 8', [minute, hour, day, month, weekday]],
    ['0 3 30 2 *', ['names a day that never comes']],
    ['0 3 31 4,6,9,11 *', ['names a day that never comes']],
    [`${'0,'.repeat(100)}0 3 * * *`, ['must be at most 200 characters', fields]],
    [5, ['Invalid input: expected string, received number']],
  ])('is refused as %j, each field that has a fault by its name', (cron, faults) => {
    expect(faultsOf(cron)).toEqual(faults);
  });
});

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+8', 'Asia/Kolkata'])(
    'is %s',
    (name) => {
      expect(TimeZone.safeParse(name).success).toBe(true);
    },
  );

  it.each(['', '+08:00', 'UTC+8', 'Mars/Phobos', 'Europe/Berlin\0', 'x'.repeat(70), 8, null])(
    'is not %j',
    (name) => {
      expect(TimeZone.safeParse(name).success).toBe(false);
    },
  );
});

describe('when the clocks change', () => {
  it.each([
    // Forward: 02:00 becomes 03:00, in spring of each hemisphere.
    ['Europe/Berlin', '2026-03-28T12:00Z', '30 2 * * *', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    [
      'Australia/Sydney',
      '2026-10-03T00:00Z',
      '30 2 * * *',
      '2026-10-03T16:00Z',
      '2026-10-04T15:30Z',
    ],
    // At midnight, and by half an hour.
    [
      'America/Santiago',
      '2026-09-05T12:00Z',
      '30 0 * * *',
      '2026-09-06T04:00Z',
      '2026-09-07T03:30Z',
    ],
    [
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      '15 2 * * *',
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ],
    // Both times of day fall on the end of the gap, which is one run.
    ['Europe/Berlin', '2026-03-28T12:00Z', '0 2,3 * * *', '2026-03-29T01:00Z', '2026-03-30T00:00Z'],
  ])('a time of day that %s skips runs at the end of the gap', (zone, from, cron, ...runs) => {
    expect(isoRuns(cron, zone, from, 2)).toEqual(runs);
  });

  it.each([
    ['Europe/Berlin', '2026-10-24T12:00Z', '30 2 * * *', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    [
      'Australia/Sydney',
      '2026-04-04T00:00Z',
      '30 2 * * *',
      '2026-04-04T15:30Z',
      '2026-04-05T16:30Z',
    ],
    [
      'America/New_York',
      '2026-10-31T12:00Z',
      '30 1 * * *',
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ],
  ])('a time of day that %s has twice runs the first time', (zone, from, cron, ...runs) => {
    expect(isoRuns(cron, zone, from, 2)).toEqual(runs);
    const between = Date.parse(runs[0] ?? '') + 1;
    expect(isoRuns(cron, zone, new Date(between).toISOString(), 1)).toEqual(runs.slice(1));
  });

  it('every half hour stays every half hour', () => {
    for (const from of ['2026-03-29T00:00Z', '2026-10-25T00:00Z']) {
      const runs = runsAfter(
        { cron: '*/30 * * * *', timeZone: 'Europe/Berlin' },
        Date.parse(from),
        8,
      );
      expect(runs).toEqual(runs.map((_, turn) => Date.parse(from) + (turn + 1) * 1_800_000));
    }
  });
});

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Asia/Shanghai',
  'Asia/Kathmandu',
  'Africa/Cairo',
] as const;

/** Moments about which clocks change somewhere, and any others. */
const moments = fc.oneof(
  ...[
    '2026-03-08',
    '2026-03-29',
    '2026-04-05',
    '2026-09-06',
    '2026-10-04',
    '2026-10-25',
    '2026-11-01',
  ].map((day) => fc.constant(Date.parse(`${day}T00:00Z`) - 86_400_000)),
  fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2036-01-01') }),
);

function fieldOf(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max });
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc.integer({ min: 1, max: Math.ceil(max / 2) }).map((by) => `*/${by}`);
  const list = fc.array(fc.oneof(value.map(String), range), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    fc.constant('*'),
    value.map(String),
    step,
    list.map((parts) => parts.join(',')),
  );
}

const crons = fc
  .tuple(fieldOf(0, 59), fieldOf(0, 4), fieldOf(1, 31), fieldOf(1, 12), fieldOf(0, 7))
  .map((parts) => parts.join(' '));

/** All runs after `from` and before `until`, asked for a few at a time. */
function runsBefore(timetable: Timetable, from: number, until: number): readonly number[] {
  const runs: number[] = [];
  for (let after: number | undefined = from; after !== undefined && after < until; ) {
    const more = runsAfter(timetable, after, 20);
    runs.push(...more);
    after = more.at(-1);
  }
  return runs.filter((run) => run < until);
}

describe('runs', () => {
  it('are exactly the minutes that match, gaps and doubled hours included', () => {
    fc.assert(
      fc.property(crons, fc.constantFrom(...zones), moments, (cron, timeZone, moment) => {
        const until = moment + 2 * 86_400_000;
        const seen = runsBefore({ cron, timeZone }, moment, until);
        expect(seen).toEqual(expectedRuns({ cron, timeZone }, moment, until));
      }),
      { numRuns: 40 },
    );
  });

  it('strictly increase, and each is the latest one up to the next', () => {
    fc.assert(
      fc.property(crons, fc.constantFrom(...zones), moments, (cron, timeZone, moment) => {
        const runs = runsAfter({ cron, timeZone }, moment, 12);
        runs.slice(1).forEach((run, index) => {
          const before = runs[index] ?? Number.NaN;
          expect(run).toBeGreaterThan(before);
          expect(latestRunUpTo({ cron, timeZone }, run)).toBe(run);
          expect(latestRunUpTo({ cron, timeZone }, run - 1)).toBe(before);
          expect(runsAfter({ cron, timeZone }, before, 1)).toEqual([run]);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('that never come are none', () => {
    expect(runsAfter({ cron: '0 0 30 2 *', timeZone: 'UTC' }, 0, 5)).toEqual([]);
    expect(latestRunUpTo({ cron: '0 0 30 2 *', timeZone: 'UTC' }, 0)).toBeNull();
  });
});
