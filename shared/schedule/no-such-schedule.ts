import { AppError } from '../platform/errors.ts';

/** There is no schedule of the name that was given. */
export function noSuchSchedule(): AppError {
  return new AppError('not_found', 'there is no such schedule');
}
