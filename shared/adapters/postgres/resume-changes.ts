import { z } from 'zod';
import type { Assignment } from '../../lane/lane-store.ts';
import { assignmentColumns, parseAssignment } from './assignments.ts';
import type { Query } from './database.ts';
import type { JobSlots } from './move-jobs.ts';

const WaitingRow = z.object({ id: z.string(), jobId: z.string(), laneKey: z.string() });

/**
 * Goes on with changes that wait half done and whose time has come, at most one on each lane and only with a slot of their
 * job; also of a job that stops, since what was begun is finished. Takes those slots from `slots`. The caller holds the
 * lanes' locks and those of the jobs. Answers by lane.
 */
export async function resumeChanges(
  run: Query,
  laneKeys: readonly string[],
  slots: JobSlots,
): Promise<ReadonlyMap<string, Assignment>> {
  if (laneKeys.length === 0) return new Map();
  const rows = await run(
    `SELECT DISTINCT ON (c.lane_key) c.id, c.job_id AS "jobId", c.lane_key AS "laneKey"
       FROM lanekeeper.change c WHERE c.lane_key = ANY ($1) AND c.resume_at <= lanekeeper.now()
      ORDER BY c.lane_key, c.resume_at, c.id`,
    [laneKeys],
  );
  const going = rows
    .map((row) => WaitingRow.parse(row))
    .filter(({ jobId }) => slots.takeToResume(jobId));
  if (going.length === 0) return new Map();
  const resumed = await run(
    `WITH c AS (
       UPDATE lanekeeper.change SET step = 'read', resume_at = NULL,
              state = CASE WHEN handover->>'direction' = 'back' THEN 'rolling_back' ELSE 'applying' END
        WHERE id = ANY ($1) AND resume_at IS NOT NULL RETURNING *)
     SELECT ${assignmentColumns} FROM c
       JOIN lanekeeper.intent i ON i.job_id = c.job_id AND i.number = c.intent_number`,
    [going.map(({ id }) => id)],
  );
  const byId = new Map(resumed.map(parseAssignment).map((a) => [a.change.id, a]));
  return new Map(
    going.flatMap(({ id, laneKey }) => {
      const assignment = byId.get(id);
      return assignment ? [[laneKey, assignment] as const] : [];
    }),
  );
}
