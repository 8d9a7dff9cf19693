import { z } from 'zod';

const Scalar = z.union([z.string(), z.number(), z.boolean()]);

const PreviewItem = z
  .object({
    path: z.string().describe('JSON pointer to the target in the plan that it comes of.'),
    regionId: z.string(),
    vpnConnectionId: z.string().nullable().describe('Null for a selector that comes to nothing.'),
    laneKey: z
      .string()
      .nullable()
      .describe(
        'What is busy during the change: `gateway:…` or `connection:…`; null when refused.',
      ),
    action: z
      .enum(['modify', 'unchanged', 'refused'])
      .describe('`unchanged`: every wanted value stands already. `refused`: see `reason`.'),
    diff: z
      .array(
        z.object({
          path: z.string(),
          from: Scalar.describe('`unknown` when the cloud does not show it.'),
          to: Scalar,
        }),
      )
      .describe('What it changes; keys as `***`.'),
    warnings: z
      .array(
        z.object({
          code: z.string().describe('Stable.'),
          path: z
            .string()
            .nullable()
            .describe("The field in the cloud's spelling; null when it is about the connection."),
          message: z.string(),
        }),
      )
      .describe('What to know before it is approved.'),
    reason: z
      .object({
        path: z.string().describe('JSON pointer to the part of the plan that is refused.'),
        code: z.string(),
        message: z.string(),
      })
      .nullable()
      .describe('Why it is refused; null when it is not.'),
  })
  .meta({ id: 'PreviewItem' });
export type PreviewItem = z.infer<typeof PreviewItem>;

/** What a plan would do. */
export const PreviewBody = z
  .object({
    digest: z
      .string()
      .describe('The `planDigest` of a job of this plan, as long as what it finds is the same.'),
    summary: z.object({
      total: z.int().describe('Number of items.'),
      modify: z.int(),
      unchanged: z.int(),
      refused: z.int(),
      lanes: z.int().describe('Lanes with something to modify; each takes one change at a time.'),
      longestLane: z.int().describe('Most changes on one lane.'),
      groups: z
        .int()
        .describe(
          'Redundancy groups of two and more connections that back each other up: one customer gateway address, or overlapping remote subnets through one VPC or transit router.',
        ),
      largestGroup: z.int().describe('Most connections in one group.'),
      lowerBound: z
        .object({
          seconds: z.number(),
          limitedBy: z.enum(['nothing', 'lane', 'group', 'concurrency', 'writes']),
          assumption: z.string().describe('What it rests on.'),
        })
        .describe('No job of this plan can be quicker.'),
      inventoryAgeSeconds: z
        .number()
        .nullable()
        .describe('Nothing that was looked at is older; null when no region could be read.'),
    }),
    items: z.array(PreviewItem).describe('In plan order; of a selector in the order of ids.'),
  })
  .meta({ id: 'Preview' });
export type PreviewBody = z.infer<typeof PreviewBody>;

/** A preview that is not there yet. */
export const PendingPreview = z
  .object({
    id: z.string().describe('`prv_` and a sortable id.'),
    links: z.object({ self: z.string().describe('Path of this API to ask again.') }),
  })
  .meta({ id: 'PendingPreview' });
export type PendingPreview = z.infer<typeof PendingPreview>;
