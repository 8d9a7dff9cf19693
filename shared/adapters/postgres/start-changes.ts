import { z } from 'zod';
import type { Candidate } from '../../lane/assign-slots.ts';
import type { Assignment } from '../../lane/lane-store.ts';
import { assignmentColumns, parseAssignment } from './assignments.ts';
import type { Query } from './database.ts';
import { mayStart } from './may-start.ts';

const CandidateRow = z.object({
  laneKey: z.string(),
  jobId: z.string(),
  changeId: z.string(),
  backlog: z.number(),
});

/** A candidate with how many changes wait on its lane. */
export type RankedCandidate = z.infer<typeof CandidateRow>;

/** One index probe for each job on a lane, however many changes wait behind. */
export const candidatesStatement = `
  SELECT lj.lane_key AS "laneKey", lj.job_id AS "jobId", h.id AS "changeId", lj.backlog
    FROM (SELECT x.lane_key, x.job_id, sum(x.waiting) OVER (PARTITION BY x.lane_key)::int AS backlog
            FROM lanekeeper.lane_job x WHERE x.lane_key = ANY ($1)) AS lj
    JOIN lanekeeper.job j ON j.id = lj.job_id
   CROSS JOIN LATERAL (
     SELECT c.id FROM lanekeeper.change c
      WHERE c.lane_key = lj.lane_key AND c.job_id = lj.job_id AND c.state = 'queued' AND c.ready AND ${mayStart}
      ORDER BY c.seq LIMIT 1) AS h
   ORDER BY lj.backlog DESC, lj.lane_key, j.position`;

/**
 * What each lane could start, longest lanes first, then the oldest job first. The caller holds the lanes' locks and those
 * of all jobs on them, so that every candidate can still be started.
 */
export async function listCandidates(
  run: Query,
  laneKeys: readonly string[],
): Promise<readonly RankedCandidate[]> {
  if (laneKeys.length === 0) return [];
  const rows = await run(candidatesStatement, [laneKeys]);
  return rows.map((row) => CandidateRow.parse(row));
}

/** Starts the assigned changes, by lane. One that is no longer waiting is left out. */
export async function startChanges(
  run: Query,
  started: readonly Candidate[],
): Promise<ReadonlyMap<string, Assignment>> {
  if (started.length === 0) return new Map();
  const rows = await run(
    `WITH c AS (
       UPDATE lanekeeper.change
          SET state = 'applying', step = 'read', events = events + 1,
              started_at = coalesce(started_at, lanekeeper.now())
        WHERE id = ANY ($1) AND state = 'queued' AND ready
       RETURNING *),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'started', ('{"lane":' || to_json(c.lane_key) || '}')::json
         FROM c)
     SELECT ${assignmentColumns} FROM c
       JOIN lanekeeper.intent i ON i.job_id = c.job_id AND i.number = c.intent_number`,
    [started.map((candidate) => candidate.changeId)],
  );
  const byId = new Map(rows.map(parseAssignment).map((a) => [a.change.id, a]));
  return new Map(
    started.flatMap(({ laneKey, changeId }) => {
      const assignment = byId.get(changeId);
      return assignment ? [[laneKey, assignment] as const] : [];
    }),
  );
}

/** Counts what waits on each lane, and notes which lanes idle for want of a slot, so that a freed slot wakes them. */
export async function markLanes(
  run: Query,
  outcome: {
    started: readonly Assignment[];
    requeued: readonly { laneKey: string; jobId: string }[];
    parked: readonly RankedCandidate[];
  },
): Promise<void> {
  const { started, requeued, parked } = outcome;
  const writes: Promise<unknown>[] = [];
  if (requeued.length > 0) {
    const waiting = run(
      `UPDATE lanekeeper.lane_job lj SET waiting = lj.waiting + 1
         FROM unnest($1::text[], $2::text[]) AS r(lane_key, job_id)
        WHERE lj.lane_key = r.lane_key AND lj.job_id = r.job_id`,
      [requeued.map(({ laneKey }) => laneKey), requeued.map(({ jobId }) => jobId)],
    );
    writes.push(waiting);
  }
  if (started.length > 0) {
    const begun = run(
      `UPDATE lanekeeper.lane_job lj SET parked = false, waiting = lj.waiting - (lj.job_id = s.job_id)::int
         FROM unnest($1::text[], $2::text[]) AS s(lane_key, job_id)
        WHERE lj.lane_key = s.lane_key AND (lj.job_id = s.job_id OR lj.parked)`,
      [started.map(({ change }) => change.laneKey), started.map(({ change }) => change.jobId)],
    );
    writes.push(begun);
  }
  if (parked.length > 0) {
    const idle = run(
      `UPDATE lanekeeper.lane_job lj SET parked = true, priority = w.backlog
         FROM unnest($1::text[], $2::text[], $3::int[]) AS w(lane_key, job_id, backlog)
        WHERE lj.lane_key = w.lane_key AND lj.job_id = w.job_id`,
      [
        parked.map(({ laneKey }) => laneKey),
        parked.map(({ jobId }) => jobId),
        parked.map(({ backlog }) => backlog),
      ],
    );
    writes.push(idle);
  }
  await Promise.all(writes);
}
