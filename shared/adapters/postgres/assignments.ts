import { z } from 'zod';
import type { ChangeTerms } from '../../job/settings.ts';
import type { Assignment } from '../../lane/lane-store.ts';
import { failureReactions } from '../../plan/rollout.ts';
import type { Row } from './database.ts';
import { ChangeRow, changeColumns, IntentRow, intentColumns } from './rows.ts';

/**
 * The columns of a change `c` with its intent `i`, what of its job's settings concerns it, and what our own last change left on
 * its connection.
 */
export const assignmentColumns = `${changeColumns}, ${intentColumns}, (
    SELECT json_build_object(
             'deliverTo', j.deliver_to, 'requireAcknowledgement', j.require_acknowledgement,
             'acknowledgeWithin', j.acknowledge_within, 'keepPreviousFor', j.keep_previous_for,
             'verifyTimeoutSeconds', j.verify_timeout_seconds, 'onFailure', j.on_failure)
      FROM lanekeeper.job j WHERE j.id = c.job_id) AS terms, (
    SELECT json_build_object(
             'fingerprint', r.result_fingerprint,
             'latent', jsonb_path_query_array(r.tunnels, '$[*] ? (@.verdict == "latent").tunnelId'))
      FROM lanekeeper.change r
     WHERE r.region_id = c.region_id AND r.vpn_connection_id = c.vpn_connection_id
       AND r.result_fingerprint IS NOT NULL
     ORDER BY r.finished_at DESC, r.position DESC, r.seq DESC LIMIT 1) AS own`;

const TermsRow = z.object({
  deliverTo: z.array(z.string()),
  requireAcknowledgement: z.boolean(),
  acknowledgeWithin: z.string(),
  keepPreviousFor: z.string(),
  verifyTimeoutSeconds: z.number(),
  onFailure: z.enum(failureReactions),
}) satisfies z.ZodType<ChangeTerms>;

const OwnRow = z
  .object({
    terms: TermsRow,
    own: z.object({ fingerprint: z.string(), latent: z.array(z.string()) }).nullable(),
  })
  .transform(({ terms, own }) => ({
    terms,
    ownFingerprint: own?.fingerprint ?? null,
    ownLatent: own?.latent ?? [],
  }));

/** An assignment from a row of {@link assignmentColumns}. */
export function parseAssignment(row: Row): Assignment {
  return {
    change: ChangeRow.parse(row),
    intent: IntentRow.parse(row),
    ...OwnRow.parse(row),
  };
}
