import { Cron as Croner } from 'croner';
import { z } from 'zod';

/** When a schedule runs: five fields of cron, read in a time zone. */
export interface Timetable {
  cron: string;
  /** IANA name. */
  timeZone: string;
}

/** The five fields in their order, with what each may be made of. */
const fields = [
  ['minute', '0 to 59'],
  ['hour', '0 to 23'],
  ['day of the month', '1 to 31, or L for the last'],
  ['month', '1 to 12, or JAN to DEC'],
  ['day of the week', '0 to 7 (0 and 7 are Sunday), SUN to SAT, or SUN#1 for the first Sunday'],
] as const;

/** What the library takes beyond this means something else from run to run (`?`) or from cron to cron (`+`, `W`). */
const characters = /^[\dA-VX-Z*,/#-]+$/i;
const longest = 200;
const fieldCount = `must have ${fields.length} fields: minute, hour, day of the month, month, day of the week`;

/**
 * A cron expression of five fields, as crontab(5) has it: lists, ranges, steps and names; a run must match the day of the
 * month or the day of the week when both are given. Also `L` and `SUN#1`. One fault for each field that has one.
 */
export const Cron = z
  .string()
  .max(longest, `must be at most ${longest} characters`)
  .superRefine((cron, context) => {
    for (const message of faultsIn(cron)) context.addIssue({ code: 'custom', message });
  })
  .describe(
    'Five fields, as in crontab: minute, hour, day of the month, month, day of the week. Also `L` (last day of the month) and `SUN#1` (first Sunday).',
  );

/** An IANA time zone. What offsets there are to UTC, and when they change, the runtime knows. */
export const TimeZone = z
  .string()
  .refine(
    isTimeZone,
    'must be a time zone of the IANA database such as Europe/Berlin, Asia/Shanghai or UTC',
  )
  .describe('IANA time zone in which `cron` is read.');

/** The next `count` runs after a moment, in ms since the epoch; fewer when the calendar has no more. */
export function runsAfter(timetable: Timetable, moment: number, count: number): readonly number[] {
  return cronerOf(timetable)
    .nextRuns(count, new Date(moment))
    .map((run) => run.getTime());
}

/** The last run at or before a moment, in ms since the epoch; null when there was none. */
export function latestRunUpTo(timetable: Timetable, moment: number): number | null {
  const [run] = cronerOf(timetable).previousRuns(1, new Date(moment + 1));
  return run?.getTime() ?? null;
}

/**
 * Times of day are local. One that a change of clocks skips runs at the end of the gap, and one that comes twice runs the
 * first time; minutes and hours with `*` or `/` follow the time that passes instead, neither made up nor left out.
 */
function cronerOf({ cron, timeZone }: Timetable): Croner {
  return new Croner(cron, { timezone: timeZone, mode: '5-part', fixedTimeRule: 'no-wildcard' });
}

function faultsIn(cron: string): readonly string[] {
  const parts = cron.trim().split(/\s+/);
  if (parts.length !== fields.length || cron.length > longest) return [fieldCount];
  const faults = fields.flatMap(([name, allowed], place) =>
    isField(parts[place] ?? '', place)
      ? []
      : [`the ${name} must be made of ${allowed}, with *, lists, ranges and steps`],
  );
  if (faults.length > 0) return faults;
  return runsAfter({ cron, timeZone: 'UTC' }, 0, 1).length > 0
    ? []
    : ['names a day that never comes'];
}

/** Whether the library takes a text as the field at this place, everything else being `*`. */
function isField(text: string, place: number): boolean {
  if (!characters.test(text)) return false;
  try {
    cronerOf({
      cron: fields.map((_, at) => (at === place ? text : '*')).join(' '),
      timeZone: 'UTC',
    });
    return true;
  } catch {
    return false;
  }
}

/** Newer runtimes take offsets such as `+08:00` too; they know no daylight saving and are no names. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][\w+/-]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
