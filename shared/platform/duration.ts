import { z } from 'zod';

const form =
  /^P(?=\d|T\d)(\d{1,3}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?(T(?=\d)(\d{1,6}H)?(\d{1,8}M)?(\d{1,9}S)?)?$/;

/** An ISO 8601 duration in whole numbers, longer than nothing. PostgreSQL takes it as an `interval`. */
export const Duration = z
  .string('must be an ISO 8601 duration such as P90D or PT12H')
  .regex(form, 'must be an ISO 8601 duration such as P90D or PT12H')
  .refine((text) => !form.test(text) || /[1-9]/.test(text), 'must be longer than nothing');
export type Duration = z.infer<typeof Duration>;
