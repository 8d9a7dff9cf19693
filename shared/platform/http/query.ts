import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { faultsOf, plainMessage } from './faults.ts';

/**
 * The query of a URL, checked. A repeated key counts as one value joined by commas, as Function Compute hands it over.
 * Raises `invalid_request` with every fault under `/query`.
 */
export function parseQuery<Schema extends z.ZodType>(url: URL, schema: Schema): z.output<Schema> {
  const names = [...new Set(url.searchParams.keys())];
  const values = Object.fromEntries(
    names.map((name) => [name, url.searchParams.getAll(name).join(',')]),
  );
  const parsed = schema.safeParse(values, { error: plainMessage });
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error).map(({ path, message }) => ({
    path: `/query${path}`,
    message,
  }));
  throw new AppError('invalid_request', 'the query has faults', { faults });
}
