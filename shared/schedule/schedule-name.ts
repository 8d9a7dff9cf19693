import { AppError } from '../platform/errors.ts';
import { ResourceName } from '../platform/http/input.ts';

/** There is no schedule of the name that was given. */
export function noSuchSchedule(): AppError {
  return new AppError('not_found', 'there is no such schedule');
}

/** The name in a path. Raises `not_found` for what no schedule can be called, so that nothing else reaches the database. */
export function askedName({ name }: Readonly<Record<string, string>>): string {
  const parsed = ResourceName.safeParse(name);
  if (!parsed.success) throw noSuchSchedule();
  return parsed.data;
}

/** The name in a path under which a schedule is to be written. Raises `invalid_request` for what none can be called. */
export function wantedName({ name }: Readonly<Record<string, string>>): string {
  const parsed = ResourceName.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_request', 'the name of the schedule has a fault', {
    faults: parsed.error.issues.map(({ message }) => ({ path: '/path/name', message })),
  });
}
