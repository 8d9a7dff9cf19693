import type { JobStore } from '../job/job-store.ts';
import type { JobRecord } from '../job/record.ts';
import { AppError } from '../platform/errors.ts';
import type { Call } from '../platform/http/app.ts';

/** The job that a path names. Raises `not_found`. */
export async function findJob({ jobs }: { jobs: JobStore }, call: Call): Promise<JobRecord> {
  const { jobId = '' } = call.params;
  const job = isId('job', jobId) ? await jobs.get(jobId) : null;
  if (job === null) throw noSuchJob();
  return job;
}

/** There is no job of the id that was given. */
export function noSuchJob(): AppError {
  return new AppError('not_found', 'there is no such job');
}

/** There is no change of the ids that were given. */
export function noSuchChange(): AppError {
  return new AppError('not_found', 'there is no such change');
}

/** Whether a text can be an id at all; nothing else reaches the database. */
export function isId(prefix: 'job' | 'chg', text: string): boolean {
  return new RegExp(`^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`).test(text);
}
