import { z } from 'zod';
import { changeStates } from '../change/state.ts';
import { jobStates } from '../job/state.ts';
import type { JournalPlace } from '../journal/journal-store.ts';
import { Cursor, Limit, limitOf } from '../platform/http/paging.ts';

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

const journalCursorMessage = 'must be the cursor of a Link of an earlier answer';

/** What `GET /v1/jobs/{id}/journal` can be asked. */
export const JournalQuery = z.strictObject({
  limit: limitOf(10_000, 10_000),
  cursor: z
    .string()
    .regex(/^[\w-]{1,32}$/, journalCursorMessage)
    .transform((text) => Buffer.from(text, 'base64url').toString('latin1'))
    .refine((text) => /^-?\d{1,15}\.\d{1,9}$/.test(text), journalCursorMessage)
    .transform((text): JournalPlace => {
      const [seq = 0, number = 0] = text.split('.').map(Number);
      return { seq, number };
    })
    .optional()
    .describe('From the `Link` of the answer before.'),
});

/** A place in a journal as a text that callers need not understand. */
export function journalCursorOf({ seq, number }: JournalPlace): string {
  return Buffer.from(`${seq}.${number}`).toString('base64url');
}
