import { z } from 'zod';
import { Duration } from '../platform/duration.ts';

const form = 'must be a time such as 2026-12-01T18:00:00Z or 2026-12-02T02:00:00+08:00';

/** A time with its offset, kept as UTC. */
const Moment = z.iso
  .datetime({ offset: true, error: form })
  .transform((text) => new Date(text).toISOString())
  .meta({ override: { type: 'string', format: 'date-time' } });

/** Between which times changes may start. */
export const Window = z
  .strictObject({
    notBefore: Moment.optional().describe('Nothing starts before.'),
    notAfter: Moment.optional().describe(
      'Nothing starts after; what has not started by then ends `cancelled`, and the job `failed`.',
    ),
  })
  .refine(
    ({ notBefore, notAfter }) => notBefore !== undefined || notAfter !== undefined,
    'must have notBefore or notAfter',
  )
  .refine(
    ({ notBefore, notAfter }) =>
      notBefore === undefined || notAfter === undefined || notBefore < notAfter,
    { path: ['notAfter'], error: 'must be after notBefore' },
  )
  .meta({ id: 'Window' });
export type Window = z.infer<typeof Window>;

/** The window of a schedule's plan, counted from each planned time. */
export const ScheduledWindow = z
  .strictObject({
    duration: Duration.describe('ISO 8601 duration: for how long changes may start.'),
  })
  .meta({ id: 'ScheduledWindow' });

const mostApprovals = 10;
const range = `must be a whole number from 0 to ${mostApprovals}`;

/** How many people must agree. */
export const Approval = z
  .strictObject({
    required: z
      .int(range)
      .min(0, range)
      .max(mostApprovals, range)
      .default(0)
      .describe(`How many different approvers, never the submitter, 0 to ${mostApprovals}.`),
  })
  .meta({ id: 'Approval', description: 'How many people must agree before anything starts.' });
