import { z } from 'zod';
import { AppError } from '../platform/errors.ts';

/** The name of a schedule, part of its address. */
export const ScheduleName = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, dashes and underscores, and begin with a letter or digit',
  )
  .describe('Letters, digits, dots, dashes and underscores, 1 to 64 of them.');

/** There is no schedule of the name that was given. */
export function noSuchSchedule(): AppError {
  return new AppError('not_found', 'there is no such schedule');
}

/** The name in a path. Raises `not_found` for what no schedule can be called, so that nothing else reaches the database. */
export function askedName({ name }: Readonly<Record<string, string>>): string {
  const parsed = ScheduleName.safeParse(name);
  if (!parsed.success) throw noSuchSchedule();
  return parsed.data;
}

/** The name in a path under which a schedule is to be written. Raises `invalid_request` for what none can be called. */
export function wantedName({ name }: Readonly<Record<string, string>>): string {
  const parsed = ScheduleName.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_request', 'the name of the schedule has a fault', {
    faults: parsed.error.issues.map(({ message }) => ({ path: '/path/name', message })),
  });
}
