import { decodeTime, monotonicFactory } from 'ulid';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** Makes ids that sort by the time of their making: `job_01J…`, `chg_01J…`. */
export interface Ids {
  job(): string;
  change(): string;
  worker(): string;
  preview(): string;
}

/** Ids from the given clock and randomness; within one millisecond they still go up. */
export function createIds(clock: Clock, random: Random): Ids {
  const ulid = monotonicFactory(() => random.fraction());
  const next = (prefix: string): string => `${prefix}_${ulid(clock.now())}`;
  return {
    job: () => next('job'),
    change: () => next('chg'),
    worker: () => next('wrk'),
    preview: () => next('prv'),
  };
}

/** When an id of {@link createIds} was made, in milliseconds since the Unix epoch, by its clock; null for any other text. */
export function madeAt(id: string): number | null {
  const ulid = /^[a-z]+_([0-7][0-9A-HJKMNP-TV-Z]{25})$/.exec(id)?.[1];
  return ulid === undefined ? null : decodeTime(ulid);
}
