import { z } from 'zod';
import type { Assignment } from '../../lane/lane-store.ts';
import type { Row } from './database.ts';
import { ChangeRow, changeColumns, IntentRow, intentColumns } from './rows.ts';

/** The columns of a change `c` with its intent `i` and what our own last change left on its connection. */
export const assignmentColumns = `${changeColumns}, ${intentColumns}, (
    SELECT r.result_fingerprint FROM lanekeeper.change r
     WHERE r.region_id = c.region_id AND r.vpn_connection_id = c.vpn_connection_id
       AND r.result_fingerprint IS NOT NULL
     ORDER BY r.finished_at DESC, r.position DESC, r.seq DESC LIMIT 1) AS "ownFingerprint"`;

const OwnRow = z.object({ ownFingerprint: z.string().nullable() });

/** An assignment from a row of {@link assignmentColumns}. */
export function parseAssignment(row: Row): Assignment {
  return {
    change: ChangeRow.parse(row),
    intent: IntentRow.parse(row),
    ownFingerprint: OwnRow.parse(row).ownFingerprint,
  };
}
