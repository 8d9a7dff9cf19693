import { z } from 'zod';
import { type ChangeState, isFinalChange } from '../../change/state.ts';
import type { Candidate } from '../../lane/assign-slots.ts';
import type { Query } from './database.ts';

/*
 * Connections that back each other up are never in flight together (P6). Three things make that hold:
 * - Within a job: whoever starts something holds the job's lock until his commit.
 * - Between jobs: a release marks its job and all released ones that may meet it, under their locks, and whoever starts or ends
 *   something of a marked job takes one lock for all of them, right after those of lanes and jobs and before he cancels anything:
 *   whoever holds it waits for nobody.
 * - A lane that idles because of a change in flight is noted with it, and woken by whoever ends that.
 */

/** The condition that a change `f` is in flight. The first part is that of an index. */
const isInFlight = `f.finished_at IS NULL AND f.state <> 'queued' AND (
  f.state <> 'delivering' OR f.settled_attempts > 0 OR f.handover->>'direction' = 'back')`;

/** The condition that changes `c` and `other` back each other up. What costs little leaves few for the function to compare. */
const backsUp = (other: string): string => `
  (${other}.customer_addresses && c.customer_addresses OR ${other}.network = c.network)
  AND lanekeeper.back_up_each_other(c, ${other})`;

/** The condition that a waiting change `c` of job `j` keeps out of the way of a change `f` that backs it up. */
export const yieldsTo = `
  j.redundancy = 'groups' AND (c.has_companions OR j.meets_companions) AND ${isInFlight} AND ${backsUp('f')}`;

/** The condition that nothing in flight backs a waiting change `c` of job `j` up. */
export const isAlone = `
  (j.redundancy <> 'groups' OR NOT (c.has_companions OR j.meets_companions)
   OR NOT EXISTS (SELECT 1 FROM lanekeeper.change f WHERE ${yieldsTo}))`;

/** What of jobs that are locked matters here. */
export interface CompanionJobs {
  /** Whether one of them has changes that back others up. */
  matter: boolean;
  /** Whether these are of other jobs. */
  meetOthers: boolean;
}

/** The columns of a job `j` for {@link CompanionJobs}. */
export const companionColumns = `
  j.has_companions AS "hasCompanions", j.meets_companions AS "meetsCompanions"`;

/** A job as {@link companionColumns} gives it. */
export const CompanionRow = z.object({ hasCompanions: z.boolean(), meetsCompanions: z.boolean() });

export function companionJobsOf(jobs: Iterable<z.infer<typeof CompanionRow>>): CompanionJobs {
  const all = [...jobs];
  const meetOthers = all.some(({ meetsCompanions }) => meetsCompanions);
  return { matter: meetOthers || all.some(({ hasCompanions }) => hasCompanions), meetOthers };
}

/**
 * Makes all who start or end something of jobs that meet each other come one after the other. Released by the commit. The caller
 * holds the locks of lanes and jobs, and none of other jobs' changes yet.
 */
export async function lockMeeting(run: Query, { meetOthers }: CompanionJobs): Promise<void> {
  if (meetOthers) await run(`SELECT pg_advisory_xact_lock(hashtext('lanekeeper companions'))`);
}

const PairRow = z.object({ first: z.string(), second: z.string() });

/** Of changes about to be started together those that back up an earlier one are left out. */
export async function keepApart<Chosen extends Candidate>(
  run: Query,
  chosen: readonly Chosen[],
  { matter }: CompanionJobs,
): Promise<{ apart: readonly Chosen[]; held: readonly Chosen[] }> {
  if (!matter || chosen.length < 2) return { apart: chosen, held: [] };
  const rows = await run(
    `SELECT a.id AS first, c.id AS second
       FROM unnest($1::text[]) WITH ORDINALITY AS x(id, place) JOIN lanekeeper.change a ON a.id = x.id
       JOIN unnest($1::text[]) WITH ORDINALITY AS y(id, place) ON x.place < y.place
       JOIN lanekeeper.change c ON c.id = y.id
       JOIN lanekeeper.job j ON j.id = c.job_id AND j.redundancy = 'groups'
      WHERE ${backsUp('a')}`,
    [chosen.map(({ changeId }) => changeId)],
  );
  const pairs = rows.map((row) => PairRow.parse(row));
  const left = new Set<string>();
  const apart = chosen.filter(({ changeId }) => {
    const isHeld = pairs.some(({ first, second }) => second === changeId && left.has(first));
    if (!isHeld) left.add(changeId);
    return !isHeld;
  });
  return { apart, held: chosen.filter((candidate) => !apart.includes(candidate)) };
}

/** Notes for lanes that stay idle what in flight holds back something of theirs. */
export async function noteWaits(
  run: Query,
  laneKeys: readonly string[],
  { matter }: CompanionJobs,
): Promise<void> {
  if (!matter || laneKeys.length === 0) return;
  await run(
    `INSERT INTO lanekeeper.companion_wait (change_id, lane_key)
     SELECT DISTINCT f.id, c.lane_key
       FROM lanekeeper.change c
       JOIN lanekeeper.job j ON j.id = c.job_id
       JOIN lanekeeper.change f ON ${yieldsTo}
      WHERE c.lane_key = ANY ($1) AND c.state = 'queued' AND c.ready
     ON CONFLICT DO NOTHING`,
    [laneKeys],
  );
}

/** Of changes that moved, those no longer in flight: they have ended, or go back to wait with nothing of them written. */
export function landedIn(moved: readonly { id: string; to: ChangeState }[]): readonly string[] {
  const isOver = (to: ChangeState): boolean =>
    isFinalChange(to) || to === 'queued' || to === 'delivering';
  return moved.filter(({ to }) => isOver(to)).map(({ id }) => id);
}

const LaneKeyRow = z.object({ laneKey: z.string() });

/** The lanes that idled because of changes that are no longer in flight; they must be woken after the commit. */
export async function freedLanes(
  run: Query,
  changeIds: readonly string[],
): Promise<readonly string[]> {
  if (changeIds.length === 0) return [];
  const rows = await run(
    'DELETE FROM lanekeeper.companion_wait WHERE change_id = ANY ($1) RETURNING lane_key AS "laneKey"',
    [changeIds],
  );
  return rows.map((row) => LaneKeyRow.parse(row).laneKey);
}
