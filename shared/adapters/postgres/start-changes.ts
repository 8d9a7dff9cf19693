import { z } from 'zod';
import type { Candidate } from '../../lane/assign-slots.ts';
import type { Assignment } from '../../lane/lane-store.ts';
import { assignmentColumns, parseAssignment } from './assignments.ts';
import type { Query } from './database.ts';

const CandidateRow = z.object({ laneKey: z.string(), jobId: z.string(), changeId: z.string() });

/**
 * What each lane could start, longest lanes first, then the oldest job first. One index probe for each job on a lane,
 * however many changes wait behind.
 */
export async function listCandidates(
  run: Query,
  laneKeys: readonly string[],
): Promise<readonly Candidate[]> {
  if (laneKeys.length === 0) return [];
  const rows = await run(
    `SELECT lj.lane_key AS "laneKey", lj.job_id AS "jobId", h.id AS "changeId"
       FROM lanekeeper.lane_job lj
       JOIN lanekeeper.job j ON j.id = lj.job_id
       JOIN lanekeeper.lane l ON l.lane_key = lj.lane_key
      CROSS JOIN LATERAL (
        SELECT c.id FROM lanekeeper.change c
         WHERE c.lane_key = lj.lane_key AND c.job_id = lj.job_id AND c.state = 'queued' AND c.ready
         ORDER BY c.seq LIMIT 1) AS h
      WHERE lj.lane_key = ANY ($1)
      ORDER BY l.backlog DESC, lj.lane_key, j.position`,
    [laneKeys],
  );
  return rows.map((row) => CandidateRow.parse(row));
}

/** Starts the assigned changes, by lane. One that is no longer waiting (cancelled meanwhile) is left out. */
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
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'started', jsonb_build_object('lane', c.lane_key) FROM c)
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

/** Notes which lanes idle for want of a slot, so that a freed slot wakes them, the longest first. */
export async function markStarted(
  run: Query,
  outcome: {
    started: ReadonlySet<string>;
    parked: readonly string[];
    candidates: readonly Candidate[];
  },
): Promise<void> {
  const parked = new Set(outcome.parked);
  const waiting = outcome.candidates.filter((candidate) => parked.has(candidate.laneKey));
  if (waiting.length > 0) {
    await run(
      `UPDATE lanekeeper.lane_job lj SET parked = true, priority = l.backlog
         FROM unnest($1::text[], $2::text[]) AS w(lane_key, job_id), lanekeeper.lane l
        WHERE lj.lane_key = w.lane_key AND lj.job_id = w.job_id AND l.lane_key = w.lane_key`,
      [waiting.map((candidate) => candidate.laneKey), waiting.map((candidate) => candidate.jobId)],
    );
  }
  if (outcome.started.size > 0) {
    await run(
      `UPDATE lanekeeper.lane_job SET parked = false WHERE parked AND lane_key = ANY ($1)`,
      [[...outcome.started]],
    );
  }
}
