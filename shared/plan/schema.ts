import { z } from 'zod';
import { RegionId, VpnConnectionId } from '../connection/rules.ts';
import { crossRules } from './cross-rules.ts';
import { FieldSet } from './field-set.ts';
import { Handover, Verify } from './handover.ts';
import { failureReactions, Rollout } from './rollout.ts';
import { RotatePsk } from './rotate-psk.ts';
import { Selector } from './selector.ts';
import { Approval, ScheduledWindow, Window } from './window.ts';

/** Most targets that a plan may have. */
export const maxTargets = 20_000;
const maxTitle = 200;

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
    rotatePsk: RotatePsk.optional().describe("Replaces the plan's `rotatePsk` for this target."),
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
  .meta({
    id: 'PlanTarget',
    description: 'What is to be changed: `vpnConnectionId` or `select`, one of the two.',
  });

const Title = z
  .string()
  .regex(/^(?=.*\S)[^\p{Cc}\p{Cs}]+$/u, 'must not be blank or hold control characters')
  .refine((title) => [...title].length <= maxTitle, `must be at most ${maxTitle} characters`)
  .meta({ id: 'PlanTitle', description: `What people call it, 1 to ${maxTitle} characters.` });

const AcceptOutage = z.boolean().default(false).meta({
  id: 'AcceptOutage',
  description:
    'Whether an interruption is accepted. Without it nothing that both sides must agree on is changed on a dual-tunnel connection unless each tunnel is proved.',
});

const OnFailure = z
  .enum(failureReactions, 'must be stop, continue or rollback')
  .default('stop')
  .meta({
    id: 'OnFailure',
    description:
      '`stop`: after more than `maxErrors` failures what is in flight ends and the rest is cancelled. `continue`: goes on. `rollback`: a failed change is restored, then as `stop`.',
  });

const shape = {
  title: Title,
  targets: z
    .array(PlanTarget)
    .min(1, 'must name at least one connection')
    .max(maxTargets, `must be at most ${maxTargets} targets`)
    .describe(`1 to ${maxTargets} entries, in the order in which they are taken up.`),
  set: FieldSet.optional().describe(
    'What to set on every target without a `set` of its own. What is not named is left as it is.',
  ),
  rotatePsk: RotatePsk.optional(),
  handover: Handover.optional(),
  acceptOutage: AcceptOutage,
  rollout: Rollout.prefault({}),
  verify: Verify.optional(),
  onFailure: OnFailure,
  approval: Approval.optional(),
};

const together = {
  when: ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null,
};

/** A wish with what happens when a part fails. The one source of types, checks and documentation of the plan. */
export const Plan = z
  .strictObject({
    ...shape,
    window: Window.optional().describe('Between which times changes may start.'),
  })
  .superRefine(crossRules, together)
  .meta({ id: 'Plan', description: 'A change plan.' });
export type Plan = z.infer<typeof Plan>;

/** The plan of a schedule, whose window is counted from each planned time. */
export const ScheduledPlan = z
  .strictObject({
    ...shape,
    window: ScheduledWindow.optional().describe(
      'For how long after the planned time, or after a run by hand, changes may start.',
    ),
  })
  .superRefine(crossRules, together)
  .meta({ id: 'ScheduledPlan', description: 'A change plan that is submitted again and again.' });
export type ScheduledPlan = z.infer<typeof ScheduledPlan>;

/** What plans of both kinds say. */
export type AnyPlan = Plan | ScheduledPlan;
