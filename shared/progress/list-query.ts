import { z } from 'zod';
import { changeStates } from '../change/state.ts';
import { jobStates } from '../job/state.ts';

const defaultLimit = 100;
const maxLimit = 1000;

const limitMessage = `must be a whole number from 1 to ${maxLimit}`;
const Limit = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, limitMessage)
  .transform(Number)
  .refine((limit) => limit <= maxLimit, limitMessage)
  .default(defaultLimit)
  .describe(`Most items of the answer, 1 to ${maxLimit}.`);

const cursorMessage = 'must be a nextCursor of an earlier answer';
const Cursor = z
  .string()
  .regex(/^[\w-]{1,24}$/, cursorMessage)
  .transform((text) => Buffer.from(text, 'base64url').toString('latin1'))
  .refine((text) => /^\d{1,15}$/.test(text), cursorMessage)
  .transform(Number)
  .optional()
  .describe('The `nextCursor` of the answer before.');

function statesOf<State extends string>(states: readonly [State, ...State[]]) {
  const message = `must be one or more of ${states.join(', ')}, separated by commas`;
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(states, message)))
    .optional()
    .describe('Only these states, separated by commas.');
}

/** What `GET /v1/jobs` can be asked. */
export const JobQuery = z.strictObject({
  state: statesOf(jobStates),
  limit: Limit,
  cursor: Cursor,
});

/** What `GET /v1/jobs/{id}/changes` can be asked. */
export const ChangeQuery = z.strictObject({
  state: statesOf(changeStates),
  limit: Limit,
  cursor: Cursor,
});

/** What a list without states can be asked. */
export const PageQuery = z.strictObject({ limit: Limit, cursor: Cursor });

/** A place in a list as a text that callers need not understand. */
export function cursorOf(place: number): string {
  return Buffer.from(String(place)).toString('base64url');
}

/** The page out of `limit` + 1 rows that were asked for, and where the next one begins. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  placeOf: (row: Row) => number,
): { items: readonly Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? cursorOf(placeOf(last)) : null };
}
