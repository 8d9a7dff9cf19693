import { z } from 'zod';
import type { JobSettings } from '../../job/settings.ts';
import { batchPauses, redundancies } from '../../plan/rollout.ts';
import type { Query } from './database.ts';
import { Timestamp } from './rows.ts';

/** The columns of a job that hold its settings, in the order of {@link settingValues}. */
export const settingColumns = `
  deliver_to, require_acknowledgement, acknowledge_within, keep_previous_for, verify_timeout_seconds, batches, batch_pause,
  slow_start, redundancy, not_before, not_after, approvals_required`;

/** The values of a new job's settings as a row `s`, out of the JSON of {@link settingsJson} in a parameter. */
export const settingValues = `
  ARRAY(SELECT jsonb_array_elements_text(s."deliverTo")), s."requireAcknowledgement", s."acknowledgeWithin",
  s."keepPreviousFor", s."verifyTimeoutSeconds", s.batches, s."batchPause", s."slowStart", s.redundancy, s."notBefore",
  s."notAfter", s."approvalsRequired"`;

export const settingsRecord = `(
  "deliverTo" jsonb, "requireAcknowledgement" boolean, "acknowledgeWithin" text, "keepPreviousFor" text,
  "verifyTimeoutSeconds" int, batches int[], "batchPause" text, "slowStart" boolean, redundancy text,
  "notBefore" timestamptz, "notAfter" timestamptz, "approvalsRequired" int)`;

/** A job's settings as the JSON of one flat object. */
export function settingsJson({ handover, rollout, window, ...rest }: JobSettings): string {
  return JSON.stringify({ ...handover, ...rollout, ...window, ...rest });
}

const SettingsRow = z
  .object({
    deliverTo: z.array(z.string()),
    requireAcknowledgement: z.boolean(),
    acknowledgeWithin: z.string(),
    keepPreviousFor: z.string(),
    verifyTimeoutSeconds: z.number(),
    batches: z.array(z.number()).nullable(),
    batchPause: z.enum(batchPauses),
    slowStart: z.boolean(),
    redundancy: z.enum(redundancies),
    notBefore: Timestamp.nullable(),
    notAfter: Timestamp.nullable(),
    approvalsRequired: z.number(),
  })
  .transform((row): JobSettings => {
    const { deliverTo, requireAcknowledgement, acknowledgeWithin, keepPreviousFor, ...rest } = row;
    const { batches, batchPause, slowStart, redundancy, notBefore, notAfter, ...others } = rest;
    return {
      handover: { deliverTo, requireAcknowledgement, acknowledgeWithin, keepPreviousFor },
      rollout: { batches, batchPause, slowStart, redundancy },
      window: { notBefore, notAfter },
      ...others,
    };
  });

/** How a job is carried out; null when there is none of that id. */
export async function readSettings(query: Query, jobId: string): Promise<JobSettings | null> {
  const [row] = await query(
    `SELECT deliver_to AS "deliverTo", require_acknowledgement AS "requireAcknowledgement",
            acknowledge_within AS "acknowledgeWithin", keep_previous_for AS "keepPreviousFor",
            verify_timeout_seconds AS "verifyTimeoutSeconds", batches, batch_pause AS "batchPause",
            slow_start AS "slowStart", redundancy, not_before AS "notBefore", not_after AS "notAfter",
            approvals_required AS "approvalsRequired"
       FROM lanekeeper.job WHERE id = $1`,
    [jobId],
  );
  return row ? SettingsRow.parse(row) : null;
}
