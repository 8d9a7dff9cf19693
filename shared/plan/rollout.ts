import { z } from 'zod';
import { ShareFromOne, ShareFromZero } from './share.ts';

/** What happens when changes fail. */
export const failureReactions = ['stop', 'continue', 'rollback'] as const;
export type FailureReaction = (typeof failureReactions)[number];
/** After which batches a job pauses until it is resumed. */
export const batchPauses = ['none', 'first', 'every'] as const;
export type BatchPause = (typeof batchPauses)[number];
/** Whether connections that back each other up are kept apart. */
export const redundancies = ['groups', 'none'] as const;
export type Redundancy = (typeof redundancies)[number];

const mostBatches = 100;

/** Cumulative shares of a job. Whether they grow is for {@link batchFaults} to say. */
export const Batches = z
  .array(ShareFromOne)
  .min(1, 'must name at least one batch')
  .max(mostBatches, `must be at most ${mostBatches} batches`);

export const Rollout = z
  .strictObject({
    concurrency: ShareFromOne.default(10).describe(
      'Most changes in flight at once: a number, or a percentage of all changes (rounded up, at least 1).',
    ),
    batches: Batches.default(['100%']).describe(
      'Cumulative shares of the job, strictly growing, the last one `"100%"`: numbers, or percentages of all changes (rounded up). Left out: one batch.',
    ),
    batchPause: z
      .enum(batchPauses)
      .default('none')
      .describe('After which batches the job pauses until it is resumed.'),
    maxErrors: ShareFromZero.default(0).describe(
      'With `onFailure: stop` or `rollback`, how many failed changes are borne: a number, or a percentage of all changes (rounded down).',
    ),
    slowStart: z
      .boolean()
      .default(false)
      .describe('Without `batches`: begins with one change at once, then 2, 4, … `concurrency`.'),
    redundancy: z
      .enum(redundancies)
      .default('groups')
      .describe(
        '`groups`: connections that back each other up are never in flight together; `none` switches that off.',
      ),
  })
  .meta({ id: 'Rollout', description: 'How much at once, and how many failures.' });
