import { z } from 'zod';
import { jobStates } from '../job/state.ts';
import type { Clock } from '../platform/clock.ts';
import { Stamp } from '../progress/stamp.ts';
import { runsAfter } from './cron.ts';
import { runOutcomes } from './outcome.ts';
import type { ScheduleRecord } from './record.ts';

/** How many of its next runs a schedule shows. */
const shownRuns = 5;

/** A schedule as callers see it. */
export const ScheduleBody = z
  .object({
    name: z.string(),
    cron: z.string(),
    timeZone: z.string(),
    enabled: z.boolean(),
    overlap: z.string(),
    minAge: z.string().nullable(),
    plan: z.unknown().describe('The plan as it was written, with all its defaults, keys as `***`.'),
    createdAt: Stamp,
    updatedAt: Stamp,
    updatedBy: z
      .string()
      .describe('Name of the token it was last written with: whose its jobs are.'),
    nextRuns: z
      .array(Stamp)
      .describe(`The next ${shownRuns} planned runs; none when it is not enabled.`),
    lastRun: z
      .object({
        at: Stamp,
        plannedAt: Stamp.nullable().describe('Null when it was run by hand.'),
        outcome: z
          .enum(runOutcomes)
          .describe('`skipped`: left out; `failed`: its plan could not be submitted.'),
        reason: z.string().nullable().describe('Why there is no job of this run.'),
      })
      .nullable(),
    lastJobId: z.string().nullable().describe('The last job that came of it.'),
    lastJobState: z.enum(jobStates).nullable(),
    lastJobReason: z.string().nullable().describe('Why that job ended as it did, or is held.'),
    links: z.object({ self: z.string() }).describe('Paths of this API.'),
  })
  .meta({ id: 'Schedule' });
export type ScheduleBody = z.infer<typeof ScheduleBody>;

/** One page of schedules. */
export const ScheduleList = z
  .object({
    items: z.array(ScheduleBody),
    nextCursor: z
      .string()
      .nullable()
      .describe('Give it as `cursor` for the next page; null at the end.'),
  })
  .meta({ id: 'ScheduleList' });
export type ScheduleList = z.infer<typeof ScheduleList>;

/** The path of a schedule. */
export function schedulePath(name: string): string {
  return `/v1/schedules/${name}`;
}

/** A stored schedule as callers see it. */
export function scheduleBodyOf(schedule: ScheduleRecord, clock: Clock): ScheduleBody {
  const { name, cron, timeZone, enabled, overlap, minAge, plan } = schedule;
  const { createdAt, updatedAt, updatedBy, lastRun, lastJob } = schedule;
  const runs = enabled ? runsAfter({ cron, timeZone }, clock.now(), shownRuns) : [];
  return {
    name,
    cron,
    timeZone,
    enabled,
    overlap,
    minAge,
    plan: plan.shown,
    createdAt,
    updatedAt,
    updatedBy,
    nextRuns: runs.map((run) => new Date(run).toISOString()),
    lastRun,
    lastJobId: lastJob?.id ?? null,
    lastJobState: lastJob?.state ?? null,
    lastJobReason: lastJob?.reason ?? null,
    links: { self: schedulePath(name) },
  };
}
