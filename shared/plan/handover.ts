import { z } from 'zod';
import { tunnelProofs } from '../connection/tunnel-proof.ts';
import { Duration } from '../platform/duration.ts';

/** How new values of what both sides must agree on reach the other side. */
export const Handover = z
  .strictObject({
    deliverTo: z
      .array(z.string('must be the name of a sink'))
      .max(20, 'must be at most 20 sinks')
      .superRefine((names, context) => {
        names.forEach((name, index) => {
          if (names.indexOf(name) === index) return;
          context.addIssue({ code: 'custom', path: [index], message: 'names this sink again' });
        });
      })
      .default([])
      .describe('Names of configured sinks (`SINKS`), each of which gets the new values.'),
    requireAcknowledgement: z
      .boolean()
      .default(false)
      .describe(
        'Whether a change waits for word that the other side has the new values, or switches within `verify.timeoutSeconds`.',
      ),
    acknowledgeWithin: Duration.default('PT24H').describe(
      'ISO 8601 duration: a change that is not acknowledged by then ends `failed`, the cloud untouched.',
    ),
    keepPreviousFor: Duration.default('P7D').describe(
      'ISO 8601 duration: how long the previous values can be restored after the proof.',
    ),
  })
  .meta({
    id: 'Handover',
    description: 'How new values of what both sides must agree on reach the other side.',
  });
export type Handover = z.infer<typeof Handover>;

const seconds = { least: 10, most: 86_400, usual: 300 } as const;
const range = `must be a whole number of seconds from ${seconds.least} to ${seconds.most}`;

/** How changes of what both sides must agree on are proved. */
export const Verify = z
  .strictObject({
    tunnel: z
      .enum(tunnelProofs)
      .optional()
      .describe(
        '`if-up-before`: a tunnel that was up must negotiate anew; `required`: each one must; `none`: none has to. Left out: `if-up-before` for what both sides must agree on, `none` for all else.',
      ),
    timeoutSeconds: z
      .int(range)
      .min(seconds.least, range)
      .max(seconds.most, range)
      .default(seconds.usual)
      .describe(`How long a proof may take, ${seconds.least} to ${seconds.most} seconds.`),
  })
  .meta({ id: 'Verify', description: 'How changes of what both sides must agree on are proved.' });
export type Verify = z.infer<typeof Verify>;

/** What stands for a `verify` and a `handover` that a plan leaves out. */
export const usualVerify: Verify = Verify.parse({});
export const usualHandover: Handover = Handover.parse({});
