import { z } from 'zod';

const form =
  /^P(?=\d|T\d)(\d{1,3}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?(T(?=\d)(\d{1,6}H)?(\d{1,8}M)?(\d{1,9}S)?)?$/;

/** An ISO 8601 duration in whole numbers, longer than nothing. PostgreSQL takes it as an `interval`. */
export const Duration = z
  .string('must be an ISO 8601 duration such as P90D or PT12H')
  .regex(form, 'must be an ISO 8601 duration such as P90D or PT12H')
  .refine((text) => !form.test(text) || /[1-9]/.test(text), 'must be longer than nothing');
export type Duration = z.infer<typeof Duration>;

/**
 * The time so much later, both ISO 8601 UTC. Years and months are those of the calendar, and end with the month where the day
 * is not in it, as PostgreSQL adds an `interval`.
 */
export function laterBy(from: string, duration: Duration): string {
  const [years, months, weeks, days, hours, minutes, seconds] = numbersOf(duration);
  const start = new Date(from);
  const day = start.getUTCDate();
  const moved = new Date(start);
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() + 12 * years + months);
  moved.setUTCDate(Math.min(day, daysIn(moved)));
  moved.setUTCDate(moved.getUTCDate() + 7 * weeks + days);
  const ms = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  return new Date(moved.getTime() + ms).toISOString();
}

function daysIn(month: Date): number {
  return new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate();
}

type Numbers = [number, number, number, number, number, number, number];

/** Years, months, weeks, days, hours, minutes, seconds. */
function numbersOf(duration: Duration): Numbers {
  const [, years, months, weeks, days, , hours, minutes, seconds] = form.exec(duration) ?? [];
  const read = (text: string | undefined): number => Number.parseInt(text ?? '0', 10);
  return [
    read(years),
    read(months),
    read(weeks),
    read(days),
    read(hours),
    read(minutes),
    read(seconds),
  ];
}
