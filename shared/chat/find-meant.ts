import type { JobStore } from '../job/job-store.ts';
import type { JobRecord } from '../job/record.ts';
import { AppError } from '../platform/errors.ts';
import { ResourceName } from '../platform/http/input.ts';
import { isId } from '../progress/find-job.ts';
import type { ScheduleRecord } from '../schedule/record.ts';
import type { ScheduleStore } from '../schedule/schedule-store.ts';
import { hintOf, nearestOf } from './nearest.ts';

/** Among how many of the latest jobs the end of an id is looked for. */
const recentJobs = 100;
/** Letters of an id's end that are enough. */
const leastEnd = 4;

/**
 * The job that a word names: its id, or the end of the id of one of the latest jobs. Raises `not_found`, with the id that was
 * probably meant, and `conflict` for an end that several have.
 */
export async function findMeantJob(jobs: JobStore, word: string): Promise<JobRecord> {
  const id = word.replace(/^job_/i, 'job_');
  const exact = isId('job', id) ? await jobs.get(id) : null;
  if (exact !== null) return exact;
  const recent = await jobs.list({ states: null, limit: recentJobs, before: null });
  const end = word.toUpperCase();
  const fitting =
    word.length < leastEnd ? [] : recent.filter((job) => job.id.toUpperCase().endsWith(end));
  const [first, second] = fitting;
  if (first !== undefined && second === undefined) return first;
  if (second !== undefined) {
    throw new AppError('conflict', `${shown(word)} fits ${fitting.length} jobs; give more letters`);
  }
  const ids = recent.map((job) => job.id);
  throw new AppError('not_found', `unknown job ${shown(word)}${hintOf(word, ids)}`);
}

/** The schedule of a name. Raises `not_found`, with the name that was probably meant. */
export async function findMeantSchedule(
  schedules: ScheduleStore,
  name: string,
): Promise<ScheduleRecord> {
  const found = ResourceName.safeParse(name).success ? await schedules.get(name) : null;
  if (found !== null) return found;
  const known = await schedules.list({ limit: recentJobs, after: null });
  const names = known.map((schedule) => schedule.name);
  const near = nearestOf(name, names) ?? (names.length === 1 ? (names[0] ?? null) : null);
  const hint = near === null ? '' : `; did you mean ${near}?`;
  throw new AppError('not_found', `unknown schedule ${shown(name)}${hint}`);
}

function shown(word: string): string {
  return word.length > 60 ? `${word.slice(0, 60)}…` : word;
}
