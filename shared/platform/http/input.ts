import { z } from 'zod';
import { AppError } from '../errors.ts';
import { faultsOf, plainMessage } from './faults.ts';

/** The name that callers give a thing; part of its address. */
export const ResourceName = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, dashes and underscores, and begin with a letter or digit',
  )
  .describe('Letters, digits, dots, dashes and underscores, 1 to 64 of them.');

/** Why somebody orders something, in his own words. */
export const Reason = z
  .string()
  .regex(/^[^\p{Cc}]{1,500}$/u, 'must be 1 to 500 characters without line breaks');

/** Parsed JSON, checked. Raises `invalid_request` with this message and every fault by JSON pointer. */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  message: string,
): z.output<Schema> {
  const parsed = schema.safeParse(input, { error: plainMessage });
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_request', message, { faults: faultsOf(parsed.error) });
}
