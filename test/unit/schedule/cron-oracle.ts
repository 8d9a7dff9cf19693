import type { Timetable } from '../../../shared/schedule/cron.ts';

const minuteMs = 60_000;

/**
 * The runs after `from` and before `until`, found by looking at every minute: slow, plain, and nothing like the library.
 * A minute and an hour without `*` name times of day; anything else follows the time that passes.
 */
export function expectedRuns({ cron, timeZone }: Timetable, from: number, until: number): number[] {
  const matches = matcherOf(cron);
  const localOf = localTimesOf(timeZone);
  const isTimeOfDay = cron
    .split(' ')
    .slice(0, 2)
    .every((field) => !/[*/]/.test(field));
  // The hour before tells which of the first minutes come for the second time.
  const begin = Math.ceil((from + 1) / minuteMs) * minuteMs;
  let latest = Number.NEGATIVE_INFINITY;
  const runs: number[] = [];
  for (let moment = begin - 180 * minuteMs; moment < until; moment += minuteMs) {
    const local = localOf(moment);
    const skipped = Number.isFinite(latest) ? stepsBetween(latest, local) : [];
    const isRun = isTimeOfDay
      ? local > latest && [...skipped, local].some(matches)
      : matches(local);
    latest = Math.max(latest, local);
    if (isRun && moment >= begin) runs.push(moment);
  }
  return runs;
}

/** The minutes strictly between two local times. */
function stepsBetween(before: number, after: number): readonly number[] {
  const count = Math.max(0, (after - before) / minuteMs - 1);
  return Array.from({ length: count }, (_, step) => before + (step + 1) * minuteMs);
}

/** What clocks in a zone show, as if it were UTC. */
function localTimesOf(timeZone: string): (moment: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  return (moment) => {
    const parts = new Map(
      format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? Number.NaN;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  };
}

function matcherOf(cron: string): (local: number) => boolean {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.split(' ');
  return (local) => {
    const date = new Date(local);
    const isDay = has(day, date.getUTCDate(), 31);
    const isWeekday = [date.getUTCDay(), date.getUTCDay() || 7].some((n) => has(weekday, n, 7));
    const isDate = day === '*' || weekday === '*' ? isDay && isWeekday : isDay || isWeekday;
    return (
      has(minute, date.getUTCMinutes(), 59) &&
      has(hour, date.getUTCHours(), 23) &&
      has(month, date.getUTCMonth() + 1, 12) &&
      isDate
    );
  };
}

function has(field: string, value: number, max: number): boolean {
  const isFromOne = max === 31 || max === 12;
  return field.split(',').some((item) => {
    const [range = '', step = '1'] = item.split('/');
    const [from = '', to = from] =
      range === '*' ? [isFromOne ? '1' : '0', `${max}`] : range.split('-');
    const isInside = value >= Number(from) && value <= Number(to);
    return isInside && (value - Number(from)) % Number(step) === 0;
  });
}
