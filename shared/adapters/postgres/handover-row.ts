import { z } from 'zod';
import {
  deliveryStages,
  directions,
  type HandoverProgress,
  verdicts,
} from '../../change/handover.ts';

const DeliveryRow = z.object({
  part: z.string(),
  direction: z.enum(directions),
  stage: z.enum(deliveryStages),
  deliveredTo: z.array(z.string()),
  isAcknowledged: z.boolean(),
  isApplied: z.boolean(),
  since: z.string(),
  acknowledgeUntil: z.string().nullable(),
  failures: z.number(),
});

const ProofRow = z.object({
  part: z.string(),
  direction: z.enum(directions),
  subjects: z.array(
    z.object({
      tunnelId: z.string().nullable(),
      wasUp: z.boolean(),
      downSince: z.string().nullable(),
      logReadTo: z.string().nullable(),
      verdict: z.enum(verdicts).nullable(),
    }),
  ),
  phase: z.enum(['ike', 'ipsec']),
  unsettledAt: z.string().nullable(),
  settledAt: z.string().nullable(),
  lifetimeSeconds: z.number(),
});

/** What a change hands over, as its row holds it. */
export const HandoverRow = z.object({
  direction: z.enum(directions),
  previous: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
  deliveries: z.array(DeliveryRow),
  proof: ProofRow.nullable(),
  // Changes that were stored before there were rollback jobs have none.
  takenBack: z.object({ jobId: z.string().nullable() }).nullable().default(null),
}) satisfies z.ZodType<HandoverProgress>;
