import { z } from 'zod';

/** How many items a list may be asked for at most, and how many it gives without being asked. */
export function limitOf(most: number, otherwise: number) {
  const message = `must be a whole number from 1 to ${most}`;
  return z
    .string()
    .regex(/^[1-9]\d{0,4}$/, message)
    .transform(Number)
    .refine((limit) => limit <= most, message)
    .default(otherwise)
    .describe(`Most items of the answer, 1 to ${most}.`);
}

/** How many items most lists may be asked for. */
export const Limit = limitOf(1_000, 100);

const cursorMessage = 'must be a nextCursor of an earlier answer';
/** Where a page begins: the `nextCursor` of the one before. */
export const Cursor = z
  .string()
  .regex(/^[\w-]{1,24}$/, cursorMessage)
  .transform((text) => Buffer.from(text, 'base64url').toString('latin1'))
  .refine((text) => /^\d{1,15}$/.test(text), cursorMessage)
  .transform(Number)
  .optional()
  .describe('The `nextCursor` of the answer before.');

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
