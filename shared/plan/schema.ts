import { z } from 'zod';
import { RegionId, VpnConnectionId } from '../connection/rules.ts';
import { FieldSet } from './field-set.ts';
import { Selector } from './selector.ts';
import { ShareFromOne, ShareFromZero } from './share.ts';

/** Most targets that a plan may have. */
export const maxTargets = 20_000;
const maxTitle = 200;

/** A setting of which only the value that means "off" is there yet. */
function only<const Off extends string | number | boolean>(off: Off, feature: string) {
  return z.literal(
    off,
    `${feature} not available in this version; leave it out or give ${JSON.stringify(off)}`,
  );
}

/** What is to be changed: one connection, or all that a selector takes. */
const PlanTarget = z
  .strictObject({
    regionId: RegionId.describe('Region of the connections.'),
    vpnConnectionId: VpnConnectionId.optional().describe(
      'The connection. It may stand in a plan more than once: its changes run in order.',
    ),
    select: Selector.optional().describe(
      'Instead of one connection: all connections of the region that meet the criteria when the job is resolved, in the order of their ids.',
    ),
    set: FieldSet.optional().describe("Replaces the plan's `set` for this target."),
  })
  .superRefine(
    ({ vpnConnectionId, select }, context) => {
      if (vpnConnectionId === undefined && select === undefined) {
        context.addIssue({ code: 'custom', message: 'needs a vpnConnectionId or a select' });
      } else if (vpnConnectionId !== undefined && select !== undefined) {
        const message = 'cannot stand beside vpnConnectionId; give one of the two';
        context.addIssue({ code: 'custom', path: ['select'], message });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .describe('What is to be changed: `vpnConnectionId` or `select`, one of the two.');

const Title = z
  .string()
  .regex(/^(?=.*\S)[^\p{Cc}\p{Cs}]+$/u, 'must not be blank or hold control characters')
  .refine((title) => [...title].length <= maxTitle, `must be at most ${maxTitle} characters`)
  .describe(`What people call it, 1 to ${maxTitle} characters.`);

const Rollout = z
  .strictObject({
    concurrency: ShareFromOne.default(10).describe(
      'Most changes in flight at once: a number, or a percentage of all changes (rounded up, at least 1).',
    ),
    maxErrors: ShareFromZero.default(0).describe(
      'With `onFailure: stop`, how many failed changes are borne: a number, or a percentage of all changes (rounded down).',
    ),
    batches: z
      .tuple(
        [only('100%', 'batches are')],
        'batches are not available in this version; leave it out',
      )
      .optional()
      .describe('Batches are not available in this version.'),
    batchPause: only('none', 'batches are').optional(),
    slowStart: only(false, 'slow start is').optional(),
    redundancy: only('none', 'redundancy groups are').optional(),
  })
  .describe('How much at once, and how many failures.');

/** A wish with what happens when a part fails. The one source of types, checks and documentation of the plan. */
export const Plan = z
  .strictObject({
    title: Title,
    targets: z
      .array(PlanTarget)
      .min(1, 'must name at least one connection')
      .max(maxTargets, `must be at most ${maxTargets} targets`)
      .describe(`1 to ${maxTargets} entries, in the order in which they are taken up.`),
    set: FieldSet.optional().describe(
      'What to set on every target without a `set` of its own. What is not named is left as it is.',
    ),
    acceptOutage: z
      .boolean()
      .default(false)
      .describe(
        'Whether an interruption is accepted. Without it nothing that both sides must agree on is changed on a dual-tunnel connection.',
      ),
    rollout: Rollout.prefault({}),
    verify: z
      .strictObject({ tunnel: only('none', 'verification of tunnels is') })
      .optional()
      .describe('Only `{"tunnel":"none"}` in this version.'),
    onFailure: z
      .enum(['stop', 'continue'], { error: ({ input }) => onFailureMessage(input) })
      .default('stop')
      .describe(
        '`stop`: after more than `maxErrors` failures what is in flight ends and the rest is cancelled. `continue`: goes on.',
      ),
    approval: z
      .strictObject({ required: only(0, 'approvals are') })
      .optional()
      .describe('Only `{"required":0}` in this version.'),
  })
  .superRefine(
    ({ targets, set }, context) => {
      if (set !== undefined || !Array.isArray(targets)) return;
      targets.forEach((target, index) => {
        if (target?.set !== undefined) return;
        context.addIssue({
          code: 'custom',
          path: ['targets', index],
          message: 'needs a set of its own, since the plan has none',
        });
      });
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .meta({ id: 'Plan', description: 'A change plan.' });
export type Plan = z.infer<typeof Plan>;

function onFailureMessage(input: unknown): string {
  return input === 'rollback'
    ? 'rollback is not available in this version; give stop or continue'
    : 'must be stop or continue';
}
