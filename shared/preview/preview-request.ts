import { z } from 'zod';
import { maskFields } from '../connection/mask.ts';
import { tunnelProofOf } from '../job/settings.ts';
import { intentsOf, shownPlan } from '../plan/intents.ts';
import { redundancies } from '../plan/rollout.ts';
import type { Plan } from '../plan/schema.ts';
import { Selector } from '../plan/selector.ts';
import { ShareFromOne } from '../plan/share.ts';

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Target = z.object({ place: z.number(), regionId: z.string(), intentNumber: z.number() });

/**
 * All that a preview needs of a plan, safe to store: keys are keyed digests, so that a preview that waits holds no key at
 * all, not even a sealed one.
 */
export const PreviewRequest = z.object({
  /** The plan as it may be shown. */
  plan: z.unknown(),
  concurrency: ShareFromOne,
  redundancy: z.enum(redundancies),
  /** The distinct wishes by their numbers, and the keyed digests of their keys. */
  wishes: z.array(z.record(z.string(), Scalar)),
  keys: z.array(z.record(z.string(), z.string())),
  /** Of each wish the length of the key that is to be made; null when none is. */
  rotations: z.array(z.number().nullable()),
  acceptOutage: z.boolean(),
  provesTunnels: z.boolean(),
  targets: z.array(Target.extend({ vpnConnectionId: z.string() })),
  selectors: z.array(Target.extend({ select: Selector })),
  /** Places of the targets that have a `set` of their own. */
  ownSets: z.array(z.number()),
  /** Places of the targets that have a `rotatePsk` of their own. */
  ownRotations: z.array(z.number()),
});
export type PreviewRequest = z.infer<typeof PreviewRequest>;

/** What a preview needs of a plan. */
export function previewRequestOf(plan: Plan, digestKey: Buffer): PreviewRequest {
  const { intents, targets, selectors } = intentsOf(plan, digestKey);
  return {
    plan: shownPlan(plan),
    concurrency: plan.rollout.concurrency,
    redundancy: plan.rollout.redundancy,
    wishes: intents.map(({ fields, keyDigests }) => ({
      ...maskFields(fields, digestKey),
      ...keyDigests,
    })),
    keys: intents.map(({ keyDigests }) => keyDigests),
    rotations: intents.map(({ rotatePsk }) => rotatePsk),
    acceptOutage: plan.acceptOutage,
    provesTunnels: tunnelProofOf(plan) !== 'none',
    targets: [...targets],
    selectors: [...selectors],
    ownSets: plan.targets.flatMap(({ set }, place) => (set === undefined ? [] : [place])),
    ownRotations: plan.targets.flatMap(({ rotatePsk }, place) =>
      rotatePsk === undefined ? [] : [place],
    ),
  };
}

/** The regions that a plan lies in. */
export function regionsOf({ targets, selectors }: PreviewRequest): readonly string[] {
  return [...new Set([...targets, ...selectors].map(({ regionId }) => regionId))];
}
